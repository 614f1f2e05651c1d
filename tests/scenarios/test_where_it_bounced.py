"""An address bounces: the next order goes the other way, and goes there again when there is a new one."""

import re

from application.ordering.commands import NewOrder, PlaceChain
from domain.channel import ChannelChoice
from domain.message import EmailMessage, SendingTime, SmsMessage
from domain.order.events import Failure
from domain.order.notification import Delivered, Failed
from domain.order.order import Order
from domain.personal import Contact, Content
from domain.recipient import Direct, Identity
from tests.samples import AUDITOR, KARI, TTD
from tests.scenarios.worlds import World

MAIL = EmailMessage(
    sender="noreply@altinn.cloud", subject=Content("Case 77"), body=Content("Please log in.")
)
SMS = SmsMessage(sender="Altinn", body=Content("Please log in."), sending_time=SendingTime.ANYTIME)
GONE, NEW, MOBILE = "bounce@post.example.no", "kari.new@post.example.no", "+4740000001"


async def ordered(world: World, key: str, to: Identity = KARI) -> Order:
    """An order by e-mail where that can be, once it is carried out."""
    order = NewOrder(channel=ChannelChoice.EMAIL_PREFERRED, recipients=(to,), email=MAIL, sms=SMS)
    receipt = await world.ordering.place_chain(PlaceChain(idempotency_key=key, order=order, by=TTD))
    return await world.finished(receipt.order.order_id)


async def why_not_elsewhere(world: World, order: Order) -> str:
    history = await world.auditing.history(order.order_id, by=AUDITOR)
    (line,) = [each.words for each in history if each.event == "order.contact_resolved"]
    return line


async def test_whose_mail_comes_back_is_sent_a_text_message_until_the_register_has_a_new_address(
    world: World,
) -> None:
    # Kari has left her mailbox, and the register does not know it.
    await world.krr_says(KARI.number.text, email=GONE, mobile=MOBILE)
    first = await ordered(world, "first")
    assert [each.delivery for each in first.notifications] == [Failed(Failure.BOUNCED)]
    await world.settled()

    # The next order does not try it again: she gets a text message, and the history says why.
    second = await ordered(world, "second")
    assert [each.delivery for each in second.notifications] == [Delivered()]
    assert world.arrived()[-1].to == MOBILE
    words = await why_not_elsewhere(world, second)
    assert re.search(r"krr email: bounced here on [0-9-]{10}, not used until [0-9-]{10}", words)
    assert "bounce@" not in words

    # A sender who gives the address itself knows better, or pays for not knowing.
    given = await ordered(world, "given", to=Direct(email=Contact(GONE), mobile=Contact(MOBILE)))
    assert [each.delivery for each in given.notifications] == [Failed(Failure.BOUNCED)]

    # She tells the register her new address, and the next order goes there.
    await world.krr_says(KARI.number.text, email=NEW, mobile=MOBILE)
    third = await ordered(world, "third")
    assert [each.delivery for each in third.notifications] == [Delivered()]
    assert world.arrived()[-1].to == NEW
