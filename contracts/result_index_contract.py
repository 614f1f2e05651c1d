"""What every index of results promises; a suite for each names its stand."""

from datetime import UTC, datetime, timedelta

import msgspec

from application.envelope import SERVICE
from application.ports.order_repository import OrderRepository
from application.ports.result_index import OwnerFigures, ResultIndex
from contracts.order_repository_contract import (
    SetClock,
    attempted,
    going_on,
    placing,
    resolved,
    sent,
)
from contracts.samples import NOON, REMINDER_SMS, TTD, placed
from domain.channel import Channel, ChannelChoice
from domain.order.events import (
    ContactNotFound,
    ContactResolved,
    DeliveryReported,
    Failure,
    NotificationExpired,
    NotificationNo,
    NotificationRejected,
    NotificationSimulated,
    OrderEvent,
    OrderId,
    ReportedState,
    Source,
    Target,
)
from domain.personal import Contact
from domain.recipient import RecipientNo

BEGINS, ENDS = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
MONTH = 2026, 9
NOTHING = {"emails": 0, "emails_succeeded": 0, "text_messages": 0, "text_messages_succeeded": 0}


def found(channel: Channel) -> ContactResolved:
    return msgspec.structs.replace(
        resolved(),
        targets=(
            Target(
                notification_no=NotificationNo(0),
                channel=channel,
                address=Contact("+4799999999"),
                source=Source.KRR,
            ),
        ),
    )


def told(state: ReportedState) -> DeliveryReported:
    failure = Failure.BOUNCED if state is ReportedState.FAILED else None
    return DeliveryReported(
        notification_no=NotificationNo(0), provider="smtp", state=state, code="x", failure=failure
    )


HANDED_OVER = (resolved(), attempted(), sent())
REJECTED = NotificationRejected(
    notification_no=NotificationNo(0), attempt=1, failure=Failure.INVALID_ADDRESS, code="550"
)
NOWHERE = ContactNotFound(
    recipient_no=RecipientNo(0), notifications=((NotificationNo(0), Channel.EMAIL),)
)
SIMULATED = NotificationSimulated(notification_no=NotificationNo(0))
EXPIRED = NotificationExpired(notification_no=NotificationNo(0), has_left=True)


async def lived(
    orders: OrderRepository, *events: OrderEvent, owner: str = "ttd", at: datetime = NOON
) -> OrderId:
    first = msgspec.structs.replace(
        placed,
        owner=owner,
        requested_send_time=at,
        channel=ChannelChoice.EMAIL_AND_SMS,
        sms=REMINDER_SMS,
    )
    (order,) = await orders.append([placing(first)], by=TTD)
    if events:
        await orders.append([going_on(order, *events)], by=SERVICE)
    return order.order_id


async def only(results: ResultIndex) -> OwnerFigures:
    (figures,) = await results.figures(*MONTH)
    return figures


class ResultIndexContract:
    async def test_what_a_provider_took_over_has_succeeded_until_it_says_otherwise(
        self, orders: OrderRepository, results: ResultIndex
    ) -> None:
        await lived(orders, resolved())
        await lived(orders, *HANDED_OVER)
        await lived(orders, *HANDED_OVER, told(ReportedState.DELIVERED))
        await lived(orders, *HANDED_OVER, told(ReportedState.DELAYED))
        await lived(orders, *HANDED_OVER, told(ReportedState.FAILED))
        await lived(orders, *HANDED_OVER, EXPIRED)
        await lived(orders, resolved(), attempted(), REJECTED)
        await lived(orders, NOWHERE)

        assert await only(results) == OwnerFigures(
            owner="ttd", orders=8, **(NOTHING | {"emails": 8, "emails_succeeded": 3})
        )

    async def test_what_was_only_tried_out_is_counted_nowhere(
        self, orders: OrderRepository, results: ResultIndex
    ) -> None:
        await lived(orders, resolved(), SIMULATED)
        await lived(orders, found(Channel.SMS), SIMULATED)

        assert await only(results) == OwnerFigures(owner="ttd", orders=2, **NOTHING)

    async def test_a_report_never_lowers_how_far_a_notification_has_come(
        self, orders: OrderRepository, results: ResultIndex
    ) -> None:
        delivered, failed = told(ReportedState.DELIVERED), told(ReportedState.FAILED)
        await lived(orders, *HANDED_OVER, delivered, failed)
        await lived(orders, *HANDED_OVER, EXPIRED, delivered)

        assert (await only(results)).emails_succeeded == 2

    async def test_what_was_handed_on_has_succeeded_until_it_comes_back(
        self, orders: OrderRepository, results: ResultIndex
    ) -> None:
        relayed, failed = told(ReportedState.RELAYED), told(ReportedState.FAILED)
        handed_on = await lived(orders, *HANDED_OVER, relayed)
        came_back = await lived(orders, *HANDED_OVER, relayed, failed)
        await lived(orders, *HANDED_OVER, EXPIRED, relayed)

        assert (await only(results)).emails_succeeded == 2
        ended = await results.ended(Channel.EMAIL, since=BEGINS, until=ENDS)
        assert {handed_on, came_back} < set(ended)

    async def test_each_channel_is_counted_for_itself(
        self, orders: OrderRepository, results: ResultIndex
    ) -> None:
        await lived(orders, found(Channel.SMS), attempted(), sent())
        await lived(orders, found(Channel.EMAIL))

        figures = await only(results)

        assert (figures.emails, figures.text_messages) == (1, 1)
        assert (figures.emails_succeeded, figures.text_messages_succeeded) == (0, 1)

    async def test_owners_are_told_apart_by_name_and_orders_by_when_they_were_to_be_sent(
        self, orders: OrderRepository, results: ResultIndex
    ) -> None:
        await lived(orders, at=BEGINS)
        await lived(orders, at=ENDS - timedelta(microseconds=1))
        await lived(orders, at=ENDS)
        await lived(orders, owner="skd")
        await lived(orders, owner="nav", at=ENDS)

        assert list(await results.figures(*MONTH)) == [
            OwnerFigures(owner="skd", orders=1, **NOTHING),
            OwnerFigures(owner="ttd", orders=2, **NOTHING),
        ]

    async def test_an_order_is_found_on_the_day_of_a_final_result(
        self, orders: OrderRepository, results: ResultIndex, clock: SetClock
    ) -> None:
        await lived(orders, *HANDED_OVER)
        ends = [
            await lived(orders, *HANDED_OVER, told(ReportedState.DELIVERED)),
            await lived(orders, resolved(), attempted(), REJECTED),
            await lived(orders, NOWHERE),
        ]
        clock.now = ENDS
        await lived(orders, NOWHERE)

        assert list(await results.ended(Channel.EMAIL, since=NOON, until=ENDS)) == ends
        assert list(await results.ended(Channel.SMS, since=NOON, until=ENDS)) == []

    async def test_an_order_stays_on_the_day_of_a_result_though_another_has_come_since(
        self, orders: OrderRepository, results: ResultIndex, clock: SetClock
    ) -> None:
        order_id = await lived(orders, *HANDED_OVER, told(ReportedState.FAILED))
        clock.now = ENDS
        order = (await orders.load([order_id]))[order_id]
        await orders.append([going_on(order, told(ReportedState.DELIVERED))], by=SERVICE)

        assert list(await results.ended(Channel.EMAIL, since=NOON, until=ENDS)) == [order_id]
