"""What an operator decides of an owner; each decision is an event of the owner's record, with who and why."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import assert_never

import structlog

from application.envelope import Actor, RecordedOfOwner
from application.operations.recorder import ActRecorder, reason_in_a_line
from application.ports.order_repository import ConcurrentUpdateError, SpoiltHistoryError
from application.ports.owner_records import OwnerRecords, evolved
from domain.operations.acts import OwnerResumed, OwnerSuspended
from domain.owner import events
from domain.owner.events import DailyLimits, OwnerEvent
from domain.owner.record import OwnerRecord, Terms, evolve, owner_key

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerEntry:
    """What is written down of one owner, to be imported."""

    name: str
    organisations: tuple[str, ...]
    senders: frozenset[str] | None = None
    reply_to: str | None = None
    test_recipients: frozenset[str] = frozenset()
    """By what they are compared."""
    limits: DailyLimits = DailyLimits()  # noqa: RUF009  # frozen


class OwnerService:
    """Suspends owners and resumes them, and tells what is recorded of them."""

    def __init__(self, *, records: OwnerRecords, recorder: ActRecorder) -> None:
        self._records = records
        self._recorder = recorder

    async def suspend(self, owner: str, *, by: Actor, reason: str) -> None:
        """Take nothing more of an owner in, and hand nothing of it over, until it is resumed.

        Large letters and small ones of its name are the same.

        Raises:
            ReasonMissingError: nobody would know why; nothing was done.
            SpoiltHistoryError: what was recorded of the owner cannot be read.
            StoreUnavailableError: try again later.
        """
        why = reason_in_a_line(reason)
        await self._recorder.record(OwnerSuspended(owner=owner_key(owner)), by=by, reason=why)
        await self._decide(owner, lambda record: record.suspend(reason=why), by=by)

    async def resume(self, owner: str, *, by: Actor, reason: str) -> bool:
        """Let an owner go on; whether it had been suspended.

        Raises:
            ReasonMissingError: nobody would know why; nothing was done.
            SpoiltHistoryError: what was recorded of the owner cannot be read.
            StoreUnavailableError: try again later.
        """
        why = reason_in_a_line(reason)
        if (await self._records.load(owner)).suspended_because is None:
            return False
        await self._recorder.record(OwnerResumed(owner=owner_key(owner)), by=by, reason=why)
        return await self._decide(owner, lambda record: record.resume(reason=why), by=by)

    async def suspended(self) -> Mapping[str, str]:
        """The owners that are suspended, in small letters, each with the reason."""
        records = evolved({}, await self._records.after(0))
        return {
            owner: record.suspended_because
            for owner, record in sorted(records.items())
            if record.suspended_because is not None
        }

    async def history(self, owner: str) -> Sequence[RecordedOfOwner]:
        """Everything recorded of an owner, oldest first; empty if there is nothing.

        Raises:
            SpoiltHistoryError: it cannot be read.
            StoreUnavailableError: try again later.
        """
        return await self._records.history(owner)

    async def import_all(
        self,
        entries: Sequence[OwnerEntry],
        *,
        mark: Callable[[str], str],
        by: Actor,
        reason: str,
    ) -> Sequence[str]:
        """Let these owners order here, on these terms, and no others; the names of those that differed.

        `mark` makes of a test recipient what it is known again by.

        Raises:
            ReasonMissingError: nobody would know why; nothing was done.
            StoreUnavailableError: some may have been imported; do it again.
        """
        why = reason_in_a_line(reason)
        named = {owner_key(each.name) for each in entries}
        known = evolved({}, await self._records.after(0))
        differed: dict[str, None] = {}
        # What goes to another leaves first, so that no number is two owners' in between.
        whose = {number: owner_key(each.name) for each in entries for number in each.organisations}
        for owner, record in known.items():
            if (registered := record.registration) is None:
                continue
            kept = [each for each in registered.organisations if whose.get(each, owner) == owner]
            decide = partial(_left_with, kept if owner in named else (), why)
            if decide(record) and await self._decide_if_readable(owner, decide, by=by):
                differed[registered.name] = None
        for entry in entries:
            terms = Terms(
                senders=None if entry.senders is None else tuple(sorted(entry.senders)),
                reply_to=entry.reply_to,
                test_recipients=tuple(sorted(map(mark, entry.test_recipients))),
                limits=entry.limits,
            )
            decide = partial(_imported, entry, terms, why)
            owner = owner_key(entry.name)
            differs = decide(known.get(owner) or OwnerRecord(owner=owner))
            if differs and await self._decide_if_readable(owner, decide, by=by):
                differed[entry.name] = None
        return list(differed)

    async def knows_all(self, entries: Sequence[OwnerEntry]) -> bool:
        """Whether each of these owners is registered, on whatever terms.

        Raises:
            StoreUnavailableError: try again later.
        """
        known = evolved({}, await self._records.after(0))
        records = [known.get(owner_key(each.name)) for each in entries]
        return all(each is not None and each.registration is not None for each in records)

    async def carry_over(self, owner: str, reason: str, *, by: Actor) -> None:
        """Suspend an owner that was suspended before there were records.

        Raises:
            StoreUnavailableError: try again later.
        """
        why = f"{reason} (carried over)"
        await self._decide(owner, lambda record: record.suspend(reason=why), by=by)

    async def _decide_if_readable(
        self, owner: str, decide: Callable[[OwnerRecord], Sequence[OwnerEvent]], *, by: Actor
    ) -> bool:
        """Record what is decided, but leave a record as it is that somebody has changed: others go on."""
        try:
            return await self._decide(owner, decide, by=by)
        except SpoiltHistoryError:
            log.critical("owner_record_spoilt", owner=owner, does="leaves it as it is")
            return False

    async def _decide(
        self, owner: str, decide: Callable[[OwnerRecord], Sequence[OwnerEvent]], *, by: Actor
    ) -> bool:
        """Record what is decided on a record as it is now; whether there was anything to decide."""
        while True:
            record = await self._records.load(owner)
            decided = decide(record)
            try:
                await self._records.append(record, decided, by=by)
            except ConcurrentUpdateError:
                continue
            return bool(decided)


def _left_with(kept: Sequence[str], reason: str, record: OwnerRecord) -> Sequence[OwnerEvent]:
    if record.registration is None:
        return ()
    if not kept:
        return record.deregister(reason=reason)
    return record.register(record.registration.name, tuple(kept), reason=reason)


def _imported(
    entry: OwnerEntry, terms: Terms, reason: str, record: OwnerRecord
) -> Sequence[OwnerEvent]:
    registered = record.register(entry.name, entry.organisations, reason=reason)
    then = reduce(evolve, registered, record)
    return (*registered, *then.agree(terms, reason=reason))


def in_words(event: OwnerEvent) -> str:
    """What was decided of an owner, as an operator would say it."""
    match event:
        case events.OwnerRegistered():
            return f"registered {event.name} by {', '.join(event.organisations)}"
        case events.OwnerDeregistered():
            return "registered no more"
        case events.TermsAgreed():
            return "; ".join(("agreed on terms", *_terms_in_words(event)))
        case events.OwnerSuspended():
            return "suspended"
        case events.OwnerResumed():
            return "resumed"
        case _:
            assert_never(event)


def _terms_in_words(agreed: events.TermsAgreed) -> Sequence[str]:
    limits = agreed.limits
    said = (
        (None if agreed.senders is None else f"senders {', '.join(agreed.senders) or 'none'}"),
        (None if agreed.reply_to is None else f"answers go to {agreed.reply_to}"),
        (f"{len(agreed.test_recipients)} test recipients" if agreed.test_recipients else None),
        (None if limits.recipients is None else f"{limits.recipients} recipients a day"),
        (
            None
            if limits.sms_segments is None
            else f"{limits.sms_segments} segments of text messages a day"
        ),
    )
    return [each for each in said if each is not None]
