"""What becomes of a message of which nobody can tell whether it left, as orders and operators choose."""

from datetime import timedelta
from itertools import product
from typing import Any, Final

import pytest

from application.ports.provider import HandoverUnknown
from entrypoints.settings import read_settings
from entrypoints.wiring.rules import rules_by
from tests.entrypoints.http.installation import SKD, TTD, V1, Installation

REPORT_WAIT: Final = timedelta(minutes=15)
EMAIL: Final[dict[str, Any]] = {
    "recipientEmail": {
        "emailAddress": "kari@example.org",
        "emailSettings": {"subject": "Case 77", "body": "Please log in."},
    }
}
SMS: Final[dict[str, Any]] = {
    "recipientSms": {"phoneNumber": "+4799999999", "smsSettings": {"body": "Please log in."}}
}
USUAL: Final = ""
ONCE, AGAIN = "AtMostOnce", "AtLeastOnce"
OF_TTD: Final = {USUAL: "", ONCE: "ttd=at_most_once", AGAIN: "TTD=at_least_once"}


async def hand_overs(
    recipient: dict[str, Any], *, asked: str, of_ttd: str, token: dict[str, str] = TTD
) -> tuple[int, str]:
    """How often a message is handed over that was lost once, and its result in the end."""
    installation = Installation()
    settings = read_settings({"VARSEL_DELIVERY_POLICIES": OF_TTD[of_ttd]})
    for provider in (installation.mail, installation.sms):
        provider.answer(HandoverUnknown("no_answer"))
    order = {"idempotencyId": "1", "recipient": recipient}
    if asked:
        order["deliveryPolicy"] = asked
    async with installation.client(rules=rules_by(settings)) as api:
        answer = await api.post(f"{V1}/future/orders", json=order, headers=token)
        shipment = f"{V1}/future/shipment/{answer.json()['notification']['shipmentId']}"
        await installation.dispatching.run_until_idle()
        offered = [*installation.mail.offered, *installation.sms.offered]
        assert len(offered) == 1
        installation.now += REPORT_WAIT
        await installation.dispatching.run_until_idle()
        (told,) = (await api.get(shipment, headers=token)).json()["recipients"]
    return len(installation.mail.offered) + len(installation.sms.offered), told["status"]


async def test_an_email_is_handed_over_again_and_a_text_message_is_not() -> None:
    assert await hand_overs(EMAIL, asked=USUAL, of_ttd=USUAL) == (2, "Email_Succeeded")
    assert await hand_overs(SMS, asked=USUAL, of_ttd=USUAL) == (1, "SMS_Failed")


@pytest.mark.parametrize("of_ttd", [USUAL, ONCE, AGAIN], ids=["usual", "once", "again"])
async def test_an_order_has_the_policy_that_its_sender_asks_for(of_ttd: str) -> None:
    assert await hand_overs(EMAIL, asked=ONCE, of_ttd=of_ttd) == (1, "Email_Failed")
    assert await hand_overs(SMS, asked=ONCE, of_ttd=of_ttd) == (1, "SMS_Failed")
    assert await hand_overs(EMAIL, asked=AGAIN, of_ttd=of_ttd) == (2, "Email_Succeeded")
    assert await hand_overs(SMS, asked=AGAIN, of_ttd=of_ttd) == (2, "SMS_Accepted")


async def test_an_order_of_an_owner_with_a_policy_has_that_one() -> None:
    assert await hand_overs(EMAIL, asked=USUAL, of_ttd=ONCE) == (1, "Email_Failed")
    assert await hand_overs(SMS, asked=USUAL, of_ttd=AGAIN) == (2, "SMS_Accepted")


async def test_the_policy_of_one_owner_is_not_that_of_another() -> None:
    for of_ttd, (recipient, count) in product((ONCE, AGAIN), ((EMAIL, 2), (SMS, 1))):
        told = await hand_overs(recipient, asked=USUAL, of_ttd=of_ttd, token=SKD)
        assert told[0] == count
