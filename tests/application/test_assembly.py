"""The application is whole when it has been given every port, and its parts know of the same."""

from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.memory.installation import InMemoryInstallation
from adapters.memory.webhooks import InMemoryWebhookClient
from application.assembly import Application, Policy, assemble
from application.ordering.admission import QuotaExceededError
from application.ordering.commands import NewOrder, PlaceInstant, PlaceOrder
from application.ports.owner_ledger import QuotaLimit
from application.ports.provider import HandoverDeferred
from application.ports.report_inbox import Report
from application.ports.webhooks import DeliveryFailure
from contracts.order_repository_contract import SetClock
from domain.channel import ChannelChoice
from domain.message import EmailMessage, SendingTime, SmsMessage
from domain.order.events import OrderId, ReportedState
from domain.order.notification import Delivered
from domain.personal import Contact, Content
from domain.recipient import Direct
from tests.samples import STRANGER, TTD

LETTER = NewOrder(
    channel=ChannelChoice.EMAIL,
    recipients=(STRANGER,),
    email=EmailMessage(sender="noreply@altinn.cloud", subject=Content("Hi"), body=Content("You.")),
)
CODE = NewOrder(
    channel=ChannelChoice.SMS,
    recipients=(Direct(mobile=Contact("+4799999999")),),
    sms=SmsMessage(sender="Altinn", body=Content("4711"), sending_time=SendingTime.ANYTIME),
    time_to_live=360,
)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def memory(clock: SetClock) -> InMemoryInstallation:
    return InMemoryInstallation(clock=clock)


async def placed(application: Application) -> OrderId:
    return (await application.ordering.place(PlaceOrder(order=LETTER, by=TTD))).order_id


async def delivered(application: Application, memory: InMemoryInstallation) -> None:
    await application.dispatcher.run_until_idle()
    (letter,) = memory.mail.carried
    report = Report(
        provider="smtp", reference=letter.token, state=ReportedState.DELIVERED, code="delivered"
    )
    await application.delivery_reports.keep([report])
    await application.delivery_reports.take_down()


async def test_an_order_is_delivered_by_an_application_that_stands_on_nothing_but_memory(
    memory: InMemoryInstallation,
) -> None:
    application = assemble(memory.ports, Policy())
    order_id = await placed(application)

    await delivered(application, memory)

    order = await application.orders.order(order_id, "ttd")
    assert order.is_finished
    assert order.notifications[0].delivery == Delivered()


async def test_what_one_process_was_asked_for_another_carries_out(
    memory: InMemoryInstallation,
) -> None:
    asked, working = (
        assemble(replace(memory.ports, process=name), Policy()) for name in ("api", "worker")
    )
    order_id = await placed(asked)

    await delivered(working, memory)

    assert (await asked.orders.order(order_id, "ttd")).is_finished


async def test_orders_and_instant_orders_count_against_the_same_ceiling(
    memory: InMemoryInstallation,
) -> None:
    application = assemble(memory.ports, Policy(quota_limits={"ttd": QuotaLimit(recipients=1)}))
    await placed(application)

    with pytest.raises(QuotaExceededError):
        await application.instant.place(PlaceInstant(idempotency_key="k", order=CODE, by=TTD))

    assert memory.sms.offered == []


async def test_what_is_learnt_of_a_provider_by_carrying_orders_out_is_noted(
    memory: InMemoryInstallation,
) -> None:
    application = assemble(memory.ports, Policy())
    memory.mail.answer(*[HandoverDeferred("unreachable")] * 20)
    for _ in range(20):
        await placed(application)

    await application.dispatcher.run_until_idle()
    await application.provider_health.note()

    noted = await memory.ports.provider_ledger.latest(10)
    assert {each.shift.reason for each in noted if each.shift.provider == "smtp"} > {"started"}


async def test_receivers_are_told_what_the_feed_tells(
    memory: InMemoryInstallation, clock: SetClock
) -> None:
    told: list[bytes] = []

    async def listen(_: str, __: str, body: bytes) -> DeliveryFailure | None:
        told.append(body)
        return None

    ports = replace(memory.ports, receivers=InMemoryWebhookClient(listen))
    application = assemble(ports, Policy())
    await application.webhook_subscriptions.subscribe(
        "ttd", "all", url="https://example.org/", every_transition=False
    )
    await application.webhook_publisher.run_until_idle()
    await placed(application)
    await delivered(application, memory)
    clock.now += timedelta(minutes=1)

    await application.webhook_publisher.run_until_idle()

    page = application.status_feed.feed("ttd", after=0, size=10, is_descending=False)
    entries = [each async for some in page for each in some]
    assert told == [str(each.position).encode() for each in entries]
    assert len(told) == 1
