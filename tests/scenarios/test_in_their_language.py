"""An order says the same in several languages, and each recipient reads theirs."""

from application.ordering.commands import NewOrder, PlaceChain
from domain.channel import ChannelChoice
from domain.message import EmailMessage, EmailText, Language, SendingTime, SmsMessage, SmsText
from domain.order.events import Wording, WordingReason
from domain.order.order import Order
from domain.personal import Content
from domain.recipient import Identity
from tests.samples import AUDITOR, BAKERY, KARI, TTD
from tests.scenarios.worlds import World

ORDER = NewOrder(
    channel=ChannelChoice.EMAIL_AND_SMS,
    recipients=(KARI,),
    email=EmailMessage(
        sender="noreply@altinn.cloud",
        subject=Content("Påminnelse"),
        body=Content("Hei $recipientName$, vennligst logg inn."),
        languages=(
            EmailText(
                language=Language.NN,
                subject=Content("Påminning"),
                body=Content("Hei $recipientName$, ver venleg og logg inn."),
            ),
        ),
    ),
    sms=SmsMessage(
        sender="Altinn",
        body=Content("Vennligst logg inn."),
        sending_time=SendingTime.ANYTIME,
        languages=(SmsText(language=Language.SE, body=Content("Čálit sisa.")),),
    ),
)
EMAIL, MOBILE = "kari@post.example.no", "+4740000001"


async def ordered(world: World, key: str, to: Identity = KARI) -> Order:
    order = NewOrder(channel=ORDER.channel, recipients=(to,), email=ORDER.email, sms=ORDER.sms)
    receipt = await world.ordering.place_chain(PlaceChain(idempotency_key=key, order=order, by=TTD))
    return await world.finished(receipt.order.order_id)


async def test_each_reads_their_own_language_where_the_sender_gave_it_and_the_history_says_why(
    world: World,
) -> None:
    # Kari has told the register that she reads Nynorsk.
    await world.krr_says(KARI.number.text, email=EMAIL, mobile=MOBILE, language="nn")
    order = await ordered(world, "nynorsk")

    # Her e-mail is in Nynorsk, with her name in it; of the text message there is none in it.
    said = {each.to: (each.subject, each.body) for each in world.arrived()}
    assert said[EMAIL] == ("Påminning", "Hei Kari Nordmann, ver venleg og logg inn.")
    assert said[MOBILE] == (None, "Vennligst logg inn.")
    assert [each.wording for each in order.notifications] == [
        Wording(language=Language.NN, because=WordingReason.RECIPIENTS_LANGUAGE),
        Wording(because=WordingReason.NOT_IN_THEIR_LANGUAGE),
    ]
    history = await world.auditing.history(order.order_id, by=AUDITOR)
    (words,) = [each.words for each in history if each.event == "order.contact_resolved"]
    assert "in their own language, nn" in words
    assert "in the sender's first words, since none are named in their language" in words

    # A firm has no language of its own.
    firm = await ordered(world, "firm", to=BAKERY)
    assert {each.wording for each in firm.notifications} == {
        Wording(because=WordingReason.LANGUAGE_UNKNOWN)
    }
    assert world.arrived()[-1].body in {
        "Vennligst logg inn.",
        "Hei FJELL OG FJORD AS, vennligst logg inn.",
        "Hei , vennligst logg inn.",
    }
