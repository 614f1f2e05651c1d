"""Explain where an order's recipients are notified, and why not elsewhere."""

from application.delivery.usable_copies import UsableCopies
from application.envelope import Actor
from application.operations.recorder import ActRecorder
from application.pace import Pace
from application.ports.agenda import Agenda
from application.ports.order_repository import Histories
from application.ports.registries import RegistryUnavailableError
from application.queries.explanation import (
    Awaited,
    OrderExplanation,
    RecipientPage,
    explaining,
)
from application.queries.resolution_words import why_waited
from application.seeking import seek_history_for
from domain.operations.acts import HistoryRead
from domain.order.events import OrderId


class ResolutionQueries:
    """Tells of each recipient of an order what was asked, what was found, and what was left out and why."""

    def __init__(
        self, *, orders: Histories, agenda: Agenda, copies: UsableCopies, recorder: ActRecorder
    ) -> None:
        self._orders = orders
        self._agenda = agenda
        self._copies = copies
        self._recorder = recorder

    async def explain(
        self,
        order_id: OrderId,
        *,
        by: Actor,
        reason: str | None = None,
        page: RecipientPage | None = None,
    ) -> OrderExplanation:
        """Explain an order, as far as its history goes: what was not recorded yet is said to be missing.

        Where the order is due and waits for a register, that is told as well, which no history does.
        A `page` bounds how much is told; without one everything is.

        An owner may have its own orders explained, an operator everybody's; that the history was read is
        on record.

        Raises:
            OrderNotFoundError: there is no such order (of this owner).
            StoreUnavailableError: try again later.
        """
        history = await seek_history_for(self._orders, order_id, by)
        await self._recorder.record(HistoryRead(order_id=order_id), by=by, reason=reason)
        waits_for = await self._awaited(order_id)
        with Pace() as pace:
            known = [(each.event, each.recorded_at) for each in history]
            return await pace.through(explaining(order_id, known, waits_for, page))

    async def _awaited(self, order_id: OrderId) -> Awaited | None:
        """The register that an order waits for, and what keeps it from answering now."""
        registry = await self._agenda.waits_for(order_id)
        if registry is None:
            return None
        try:
            because = await self._copies.not_ready(registry)
        except RegistryUnavailableError:
            because = None
        return Awaited(registry=registry, reason=why_waited(because))
