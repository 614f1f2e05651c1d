"""Let an owner ask where recipients would be reached now, without ordering anything."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from application.delivery.contact_lookup import ContactLookup, LookupRequest
from application.envelope import Actor
from application.lookup_subjects import subjects
from application.operations.recorder import ActRecorder
from application.ordering.admission import Admission
from application.ordering.commands import Standing
from application.pace import Pace
from application.ports.recipient_index import RecipientIndex
from application.queries.explanation import RecipientExplanation, explaining_resolution
from domain.channel import ChannelChoice
from domain.operations.acts import RecipientsLookedUp
from domain.order.events import OrderId, OrderKind, OrderPlaced
from domain.order.order import duplicate, open_order
from domain.order.placing import NewOrder
from domain.recipient import Identity, Recipient, RecipientNo
from domain.resolution import Resolution, resolve


class LookUpRecipients(Struct, frozen=True, kw_only=True):
    """Ask where an order's recipients would be reached if it were sent now."""

    channel: ChannelChoice
    recipients: tuple[Identity, ...]
    ignore_reservation: bool | None = None
    resource: str | None = None
    resource_action: str | None = None
    purpose: str
    """What it is asked for; it goes on record."""
    by: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientsFound:
    """Where they would be reached, each with the reasons."""

    at: datetime
    recipients: Sequence[RecipientExplanation]
    standing: Standing | None
    """None where the owner has no ceiling."""


class LookupQueries:
    """Tries an order's look-up out, by the rules of the order itself; nothing is sent, and no order kept."""

    def __init__(
        self,
        *,
        look_up: ContactLookup,
        admission: Admission,
        index: RecipientIndex,
        recorder: ActRecorder,
        clock: Callable[[], datetime],
        next_id: Callable[[], UUID],
        authority_wait: timedelta,
    ) -> None:
        self._look_up = look_up
        self._admission = admission
        self._index = index
        self._recorder = recorder
        self._clock = clock
        self._next_id = next_id
        self._authority_wait = authority_wait

    async def find(self, asked: LookUpRecipients) -> RecipientsFound:
        """Find where recipients would be reached.

        They count as those of an order would, and who asked about whom and what for is on record before
        anybody is looked up.

        Raises:
            OwnerStoppedError, QuotaExceededError: the owner may not order now, and so not ask either.
            ReasonMissingError: the purpose says nothing.
            RegistryUnavailableError: they could not be looked up; try again later.
            StoreUnavailableError: it could not be put on record; try again later.
        """
        now, trial = self._clock(), OrderId(self._next_id())
        wanted = NewOrder(channel=asked.channel, recipients=asked.recipients)
        async with await self._admission.of(asked.by.name, [wanted], trial) as admitted:
            act = RecipientsLookedUp(
                about=subjects(asked.recipients, self._index), resource=asked.resource
            )
            await self._recorder.record(act, by=asked.by, reason=asked.purpose)
            explained = await self._explained(asked, trial, now)
        return RecipientsFound(at=now, recipients=explained, standing=admitted.standing)

    async def _explained(
        self, asked: LookUpRecipients, trial: OrderId, now: datetime
    ) -> Sequence[RecipientExplanation]:
        placed = OrderPlaced(
            owner=asked.by.name,
            kind=OrderKind.NOTIFICATION,
            requested_send_time=now,
            channel=asked.channel,
            recipients=tuple(
                Recipient(RecipientNo(number), each) for number, each in enumerate(asked.recipients)
            ),
            ignore_reservation=asked.ignore_reservation,
            resource=asked.resource,
            resource_action=asked.resource_action,
        )
        order = open_order(trial, placed, now)
        twice = order.duplicates([each.recipient_no for each in placed.recipients])
        distinct = [each for each, of in twice.items() if of is None]
        answers = await self._look_up.find(
            [
                LookupRequest(
                    identity=order.recipient(each).identity,
                    resource=asked.resource,
                    action=asked.resource_action,
                )
                for each in distinct
            ]
        )
        findings, policy = dict(zip(distinct, answers, strict=True)), order.policy(now)
        resolutions: dict[RecipientNo, Resolution] = {}
        with Pace() as pace:
            for each, of in twice.items():
                resolutions[each] = resolve(findings[each], policy) if of is None else duplicate(of)
                await pace.keep()
        events = order.resolve_or_put_off(resolutions, {}, now, wait=self._authority_wait)
        with Pace() as pace:
            return await pace.through(explaining_resolution(placed, events, now))
