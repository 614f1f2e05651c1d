"""National identity numbers in what messages say, where they do not belong."""

from collections.abc import Iterator, Sequence
from typing import Final

from application.ordering.commands import NewOrder
from domain.national_number import stands_in
from entrypoints.http.placing.chains import ChainRequest
from entrypoints.http.placing.instant import InstantRequest
from entrypoints.http.validation.errors import InvalidRequestError
from entrypoints.http.validation.rules import Rules

IN_A_TEXT: Final = "national_number_in_text"
_WORDS: Final = "the text holds a national identity number; leave it out, or show it after a login"


def check_texts(asked: NewOrder | ChainRequest | InstantRequest, rules: Rules) -> bool:
    """Whether a message holds a national identity number, where its owner has not chosen to refuse that.

    What fills the keywords is not looked at: it is the recipient's own.

    Raises:
        InvalidRequestError: a message holds one, and its owner wants that refused.
    """
    found = [place for place, text in _texts(asked) if stands_in(text)]
    if found and rules.refuses_national_numbers:
        raise InvalidRequestError({place: [_WORDS] for place in found}, code=IN_A_TEXT)
    return bool(found)


def _texts(asked: NewOrder | ChainRequest | InstantRequest) -> Iterator[tuple[str, str]]:
    """Each text that is sent, by its place."""
    yield from _texts_of(asked if isinstance(asked, NewOrder) else asked.order, "")
    reminders: Sequence[NewOrder] = asked.reminders if isinstance(asked, ChainRequest) else ()
    for number, reminder in enumerate(reminders):
        yield from _texts_of(reminder, f"Reminders[{number}].")


def _texts_of(order: NewOrder, where: str) -> Iterator[tuple[str, str]]:
    if order.email is not None:
        yield f"{where}Email.Subject", order.email.subject.text
        yield f"{where}Email.Body", order.email.body.text
        for email in order.email.translations:
            its = f"{where}Email.Languages.{email.language.capitalize()}"
            yield f"{its}.Subject", email.subject.text
            yield f"{its}.Body", email.body.text
    if order.sms is not None:
        yield f"{where}Sms.Body", order.sms.body.text
        for sms in order.sms.translations:
            its = f"{where}Sms.Languages.{sms.language.capitalize()}"
            yield f"{its}.Body", sms.body.text
