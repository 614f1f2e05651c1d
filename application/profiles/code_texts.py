"""What is written to somebody who is to show that an address is theirs, in the language that they chose."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from domain.message import Language


class CodeText(NamedTuple):
    """A subject for an e-mail, and what an e-mail or a text message says."""

    subject: str
    body: str


_TEXTS: Final[Mapping[Language, CodeText]] = MappingProxyType(
    {
        Language.NB: CodeText(
            "Bekreft adressen din",
            "Koden din er {code}. Den gjelder i 15 minutter. "
            "Har du ikke bedt om den, kan du se bort fra denne meldingen.",
        ),
        Language.NN: CodeText(
            "Stadfest adressa di",
            "Koden din er {code}. Han gjeld i 15 minutt. "
            "Har du ikkje bede om han, kan du sjå bort frå denne meldinga.",
        ),
        Language.EN: CodeText(
            "Confirm your address",
            "Your code is {code}. It is good for 15 minutes. "
            "If you did not ask for it, you may ignore this message.",
        ),
    }
)


def code_text(code: str, language: Language) -> CodeText:
    """What is written with a code."""
    subject, body = _TEXTS[language]
    return CodeText(subject, body.format(code=code))
