from datetime import UTC, datetime

import pytest

from adapters.channels.sms.text_message import TextMessage, text_message
from contracts.provider_contract import sms_letter


@pytest.mark.parametrize(
    "written, number",
    [
        ("+46 (0)70 123 45 67", "+46701234567"),
        ("+47 99/99 99 99", "+4799999999"),
        ("004799999999", "+4799999999"),
        ("+4712345678", "+4712345678"),
    ],
)
def test_a_number_that_was_kept_in_another_form_leaves_as_e164_writes_it(
    written: str, number: str
) -> None:
    message = text_message(sms_letter(to=written), datetime.now(UTC))
    assert isinstance(message, TextMessage)
    assert message.number == number
