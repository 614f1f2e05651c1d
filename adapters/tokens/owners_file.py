"""What an operator has written down of the owners, to be imported into their records.

The file is JSON: organisation numbers and short names, `{"991825827": "ttd"}`, or in place of the name

    {"name": "ttd", "senders": ["ttd.example", "TTD"], "replyTo": "post@ttd.example",
     "testRecipients": ["+4799999999", "test@ttd.example"],
     "limits": {"recipients": 100000, "smsSegments": 20000}}

of which all but the name may be left out; whatever else stands there is refused, since a word that
is misspelt must not grant more than was meant.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from adapters.foreign_json import in_utf8
from application.agreeing import UnreadableAgreementError, read_agreement
from application.operations.owners import OwnerEntry
from domain.owner.events import DailyLimits
from domain.owner.record import owner_key


class _Limits(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """How much an owner may order in a day."""

    recipients: int | None = None
    sms_segments: int | None = None


class _Entry(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What is said of one owner."""

    name: str
    senders: tuple[str, ...] | None = None
    reply_to: str | None = None
    test_recipients: tuple[str, ...] = ()
    limits: _Limits = _Limits()

    @property
    def is_plain(self) -> bool:
        """Whether nothing is said of the owner but its name."""
        return self == _Entry(self.name)


_read = msgspec.json.Decoder(dict[str, str | _Entry]).decode


class OwnersFileError(Exception):
    """The file of owners cannot be read; the text is one line that says why."""


def read_owners(file: Path) -> Sequence[OwnerEntry]:
    """The owners that a file names, and what it says of each.

    Raises:
        OwnersFileError: it cannot be read, or says what cannot be meant.
    """
    try:
        said = _read(in_utf8(file.read_bytes()))
    except msgspec.ValidationError as problem:
        raise OwnersFileError(f"the owners file {file}: {problem}") from None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise OwnersFileError(
            f"the owners file {file} cannot be read as JSON of organisation numbers "
            f"and short names ({type(problem).__name__})"
        ) from None
    owners: dict[str, dict[str, _Entry]] = {}
    for number, each in said.items():
        entry = each if isinstance(each, _Entry) else _Entry(each)
        owners.setdefault(owner_key(entry.name), {})[number] = entry
    return [_owner(file, entries) for entries in owners.values()]


def _owner(file: Path, entries: Mapping[str, _Entry]) -> OwnerEntry:
    """What all the entries of one owner say together."""
    first = next(iter(entries.values()))
    if any(each.name != first.name for each in entries.values()):
        raise OwnersFileError(f"the owners file {file} spells {first.name} in two ways")
    said = [each for each in entries.values() if not each.is_plain] or [first]
    if len(said) > 1:
        raise OwnersFileError(
            f"the owners file {file} says of {first.name} twice what is agreed: "
            "give its other numbers the name alone"
        )
    (entry,) = said
    limits = DailyLimits(recipients=entry.limits.recipients, sms_segments=entry.limits.sms_segments)
    if any(each is not None and each < 0 for each in (limits.recipients, limits.sms_segments)):
        raise OwnersFileError(f"the owners file {file}: of {first.name}, a limit is below nothing")
    try:
        agreement = read_agreement(
            senders=entry.senders or (),
            reply_to=entry.reply_to,
            test_recipients=entry.test_recipients,
        )
    except UnreadableAgreementError as problem:
        raise OwnersFileError(f"the owners file {file}: of {first.name}, {problem}") from None
    return OwnerEntry(
        name=first.name,
        organisations=tuple(entries),
        senders=None if entry.senders is None else agreement.senders,
        reply_to=agreement.reply_to,
        test_recipients=agreement.test_recipients,
        limits=limits,
    )
