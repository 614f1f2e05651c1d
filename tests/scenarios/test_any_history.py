"""Any history of requests, failing hand-overs, reports and time keeps every promise."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    multiple,
    rule,
    run_state_machine_as_test,
)
from typing_extensions import override

from application.ports.provider import HandoverDeferred, HandoverRejected, HandoverUnknown, Outcome
from domain.order.events import Failure, NotificationOutcomeUnknown, OrderId, ReportedState
from domain.order.state import OrderStatus
from tests.adapters.event_store.postgres_store import PostgresStore, open_store
from tests.entrypoints.http.installation import SKD, TTD, V1, Installation
from tests.service.installations import email_to, sms_to

OWNERS = {"ttd": TTD, "skd": SKD}
OUTCOMES: list[Outcome] = [
    HandoverDeferred("421"),
    HandoverRejected(Failure.INVALID_ADDRESS, "550"),
    HandoverUnknown("timeout"),
]
KEYS = st.sampled_from(["a", "b", "c"])
OWNER = st.sampled_from(sorted(OWNERS))


class AnyHistory(RuleBasedStateMachine):
    """The API, and what must be true of it whatever happens."""

    database: ClassVar[str | None] = None
    """Where everything is kept; None for in memory."""

    shipments = Bundle("shipments")

    @initialize()
    def installed(self) -> None:
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.name = uuid4().hex
        """Part of every key and address, since examples share a database."""
        self.placed: dict[tuple[str, str], tuple[str, bool]] = {}
        self.recipients: dict[str, str] = {}
        self.cancelled: set[str] = set()
        self.store: PostgresStore | None = None
        self.runner.run(self._install())

    async def _install(self) -> None:
        if self.database is not None:
            self.store = await self.stack.enter_async_context(open_store(self.database))
        self.installation = Installation(store=self.store)
        self.api = await self.stack.enter_async_context(self.installation.client())

    @override
    def teardown(self) -> None:
        if hasattr(self, "runner"):
            with self.runner:
                self.runner.run(self._at_the_end())
                self.runner.run(self.stack.aclose())

    # What clients do

    @rule(
        target=shipments,
        owner=OWNER,
        key=KEYS,
        is_email=st.booleans(),
        minutes=st.sampled_from([0, 4, 6, 600]),
    )
    def place(self, owner: str, key: str, *, is_email: bool, minutes: int) -> Any:  # noqa: ANN401  # a bundle's value
        to = f"{self.name}{owner}{key}@example.org" if is_email else _phone(self.name, owner, key)
        time = self.installation.now + timedelta(minutes=minutes)
        body = {
            "idempotencyId": f"{self.name}-{key}",
            "requestedSendTime": time.isoformat(),
            "recipient": email_to(to) if is_email else sms_to(to),
        }
        answer = self._ask("POST", "/future/orders", owner, json=body)
        shipment: str = answer.json()["notification"]["shipmentId"]
        if (owner, key) in self.placed:
            before, was_email = self.placed[owner, key]
            assert (answer.status_code, shipment) == (200, before)
            if was_email != is_email:
                assert answer.headers["varsel-repeat"] == "different-content"
            return multiple()
        assert answer.status_code == 201
        assert shipment not in self.recipients
        self.placed[owner, key] = shipment, is_email
        self.recipients[shipment] = to
        return owner, shipment

    @rule(order=shipments, by=OWNER)
    def read(self, order: tuple[str, str], by: str) -> None:
        owner, shipment = order
        answer = self._ask("GET", f"/future/shipment/{shipment}", by)
        assert answer.status_code == (200 if by == owner else 404)

    @rule(order=shipments, by=OWNER)
    def cancel(self, order: tuple[str, str], by: str) -> None:
        owner, shipment = order
        before = self._order(shipment) if by == owner else None
        answer = self._ask("PUT", f"/orders/{shipment}/cancel", by)
        if before is None:
            assert answer.status_code == 404
            return
        is_early = before.placed.requested_send_time > self.installation.now + timedelta(minutes=5)
        may = before.is_cancelled or (is_early and before.status is OrderStatus.REGISTERED)
        assert answer.status_code == (200 if may else 409)
        if may:
            self.cancelled.add(shipment)

    # What happens

    @rule(seconds=st.sampled_from([1, 61, 600, 901, 7200, 90_000]))
    def tick(self, seconds: int) -> None:
        self.installation.now += timedelta(seconds=seconds)

    @rule(outcomes=st.lists(st.sampled_from(OUTCOMES), max_size=2))
    def work(self, outcomes: list[Outcome]) -> None:
        self.installation.mail.answer(*outcomes)
        self.installation.sms.answer(*outcomes)
        self.runner.run(self.installation.dispatching.run_until_idle())

    @rule(state=st.sampled_from(ReportedState))
    def report(self, state: ReportedState) -> None:
        self.runner.run(self._report(state))

    # What must be true

    async def _at_the_end(self) -> None:
        for _ in range(100):
            await self.installation.dispatching.run_until_idle()
            due = await self.installation.agenda.next_due()
            if due is None:
                break
            self.installation.now = max(self.installation.now, due)
        if self.store is not None:
            # The feed tells as far as it has come, which on a busy machine may be not all the way.
            await self.store.runner.catch_up("status_feed")
        ends = {owner: await self._ends(owner) for owner in OWNERS}
        for (owner, _), (shipment, is_email) in self.placed.items():
            order = (await self.installation.orders.load([OrderId(UUID(shipment))]))[UUID(shipment)]
            history = await self.installation.orders.history(OrderId(UUID(shipment)))
            assert order.is_finished
            assert order.is_cancelled == (shipment in self.cancelled)
            assert ends[owner].count(shipment) == 1
            unknown = sum(isinstance(each.event, NotificationOutcomeUnknown) for each in history)
            held = self._may_be_held(self.recipients[shipment])
            assert held <= (1 + unknown if is_email else 1)
            assert not (order.is_cancelled and held)

    async def _ends(self, owner: str) -> list[str]:
        answer = await self.api.get(f"{V1}/future/shipment/feed", headers=OWNERS[owner])
        return [each["shipmentId"] for each in answer.json()]

    def _may_be_held(self, to: str) -> int:
        """How many messages a reader has got if every doubtful one was taken."""
        providers = (self.installation.mail, self.installation.sms)
        letters = [letter for each in providers for letter in (*each.carried, *each.doubted)]
        return sum(letter.to.text == to for letter in letters)

    async def _report(self, state: ReportedState) -> None:
        if self.store is not None:
            await self.store.runner.catch_up("delivery_reference")
        await self.installation.report(state)

    def _ask(self, method: str, path: str, owner: str, **body: Any) -> httpx.Response:  # noqa: ANN401
        return self.runner.run(
            self.api.request(method, f"{V1}{path}", headers=OWNERS[owner], **body)
        )

    def _order(self, shipment: str) -> Any:  # noqa: ANN401  # an order
        order_id = OrderId(UUID(shipment))
        return self.runner.run(self.installation.orders.load([order_id]))[order_id]


def _phone(name: str, owner: str, key: str) -> str:
    return (
        f"+479{int(name[:4], 16) % 10_000:04}{len(owner) % 10}{ord(owner[0]) % 10}{ord(key) % 10}"
    )


QUIET = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("histories", [25, pytest.param(1000, marks=pytest.mark.soak)])
def test_any_history_of_requests_keeps_every_promise(histories: int) -> None:
    run_state_machine_as_test(AnyHistory, settings=_asking(histories, requests=15))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("histories", [10, pytest.param(100, marks=pytest.mark.soak)])
def test_any_history_of_requests_keeps_every_promise_in_a_database(
    database_url: str, histories: int
) -> None:
    class InDatabase(AnyHistory):
        database = database_url

    run_state_machine_as_test(InDatabase, settings=_asking(histories, requests=12))


def _asking(histories: int, *, requests: int) -> settings:
    return settings(
        max_examples=histories,
        stateful_step_count=requests,
        deadline=None,
        suppress_health_check=QUIET,
    )
