"""The owners that are known and active now, and what is agreed with them, from a file that an operator keeps.

The file is JSON: organisation numbers and short names, `{"991825827": "ttd"}`, or in place of the name

    {"name": "ttd", "senders": ["ttd.example", "TTD"], "replyTo": "post@ttd.example",
     "testRecipients": ["+4799999999", "test@ttd.example"]}

of which all but the name may be left out; whatever else stands there is refused, since a word that
is misspelt must not grant more than was meant.
It is read again when it has changed, so that an owner who was taken out is out within a second.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec
import structlog
from msgspec import Struct

from adapters.foreign_json import in_utf8
from application.agreeing import UnreadableAgreementError, read_agreement
from domain.agreement import Agreement

log = structlog.get_logger()

_LOOK: Final = 1.0


class _Entry(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What is said of one owner."""

    name: str
    senders: tuple[str, ...] | None = None
    reply_to: str | None = None
    test_recipients: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether nothing is said of the owner but its name."""
        return self == _Entry(self.name)


_read = msgspec.json.Decoder(dict[str, str | _Entry]).decode


class OwnersFileError(Exception):
    """The file of owners cannot be read; the text is one line that says why."""


class OwnersFile:
    """Knows owners by organisation number and by short name, and what is agreed with each."""

    def __init__(
        self,
        file: Path,
        *,
        usual: Agreement = Agreement(),  # noqa: B008  # frozen
        senders_of_all: frozenset[str] = frozenset(),
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read the file.

        `usual` is agreed with owners that have no list of senders; `senders_of_all` are added to
        every list.

        Raises:
            OwnersFileError: it cannot be read.
        """
        self._file = file
        self._seconds = seconds
        self._changed_at = 0
        self._looked_at = seconds()
        self._owners: Mapping[str, str] = {}
        self._names: frozenset[str] = frozenset()
        self._usual = usual
        self._senders_of_all = senders_of_all
        self._agreements: Mapping[str, Agreement] = {}
        self._read()

    async def of(self, owner: str) -> Agreement:
        self._look()
        return self._agreements.get(owner.lower(), self._usual)

    def short_name(self, organisation: str) -> str | None:
        """The short name of an organisation that is an owner now."""
        self._look()
        return self._owners.get(organisation)

    def number_of(self, short_name: str) -> str | None:
        """The organisation number of whoever is an owner of that short name now."""
        self._look()
        return next((number for number, name in self._owners.items() if name == short_name), None)

    @property
    def short_names(self) -> frozenset[str]:
        """What the owners of now are called."""
        self._look()
        return self._names

    def is_active(self, short_name: str) -> bool:
        """Whether somebody of that short name is an owner now."""
        self._look()
        return short_name in self._names

    def _look(self) -> None:
        now = self._seconds()
        if now - self._looked_at < _LOOK:
            return
        self._looked_at = now
        try:
            self._read()
        except OwnersFileError:
            # Whoever edits the file may be half-way; those who were owners stay so until it is whole.
            log.error("owners_file_unreadable", does="keeps the owners that were read before")  # noqa: TRY400

    def _read(self) -> None:
        try:
            changed_at = self._file.stat().st_mtime_ns
            if changed_at == self._changed_at:
                return
            said = _read(in_utf8(self._file.read_bytes()))
        except msgspec.ValidationError as problem:
            raise OwnersFileError(f"VARSEL_OWNERS_FILE: {self._file}: {problem}") from None
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise OwnersFileError(
                f"VARSEL_OWNERS_FILE: {self._file} cannot be read as JSON of organisation numbers "
                f"and short names ({type(problem).__name__})"
            ) from None
        owners = {
            number: each if isinstance(each, _Entry) else _Entry(each)
            for number, each in said.items()
        }
        self._agreements = self._agreed(list(owners.values()))
        self._owners = {number: each.name for number, each in owners.items()}
        self._names = frozenset(self._owners.values())
        self._changed_at = changed_at

    def _agreed(self, owners: Sequence[_Entry]) -> Mapping[str, Agreement]:
        agreed: dict[str, Agreement] = {}
        for each in owners:
            if each.is_plain:
                continue
            name = each.name.lower()
            if name in agreed:
                raise OwnersFileError(
                    f"VARSEL_OWNERS_FILE: {self._file} says of {each.name} twice what is agreed: "
                    "give its other numbers the name alone"
                )
            try:
                agreement = read_agreement(
                    senders=each.senders or (),
                    reply_to=each.reply_to,
                    test_recipients=each.test_recipients,
                )
            except UnreadableAgreementError as problem:
                raise OwnersFileError(
                    f"VARSEL_OWNERS_FILE: {self._file}: of {each.name}, {problem}"
                ) from None
            senders = (
                self._usual.senders
                if each.senders is None
                else agreement.senders | self._senders_of_all
            )
            agreed[name] = replace(agreement, senders=senders)
        return agreed
