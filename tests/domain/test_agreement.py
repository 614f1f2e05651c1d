import pytest

from domain.agreement import ANY_SENDER_GOES, Agreement
from domain.channel import Channel
from domain.personal import Contact

AGREED = Agreement(
    senders=frozenset({"noreply@skd.example", "ttd.example", "ttd", "4722222222"}),
    test_recipients=frozenset({"4799999999", "test@ttd.example"}),
)


@pytest.mark.parametrize(
    "sender, is_let",
    [
        ("noreply@skd.example", True),
        ("NoReply@SKD.example", True),
        ("Skatt <noreply@skd.example>", True),
        ("any@ttd.example", True),
        ("other@skd.example", False),
        ("any@post.ttd.example", False),
        ("any@ttd.example <any@elsewhere.example>", False),
        ("ttd", False),
        ("", False),
    ],
)
def test_emails_come_from_addresses_and_domains_that_are_agreed(
    sender: str, *, is_let: bool
) -> None:
    assert AGREED.lets_emails_come_from(sender) is is_let
    assert ANY_SENDER_GOES.lets_emails_come_from(sender)
    assert not Agreement().lets_emails_come_from(sender)


@pytest.mark.parametrize(
    "sender, is_let",
    [("TTD", True), ("ttd", True), ("+4722222222", True), ("Politiet", False), ("", False)],
)
def test_text_messages_come_from_names_and_numbers_that_are_agreed(
    sender: str, *, is_let: bool
) -> None:
    assert AGREED.lets_text_messages_come_from(sender) is is_let
    assert ANY_SENDER_GOES.lets_text_messages_come_from(sender)
    assert not Agreement().lets_text_messages_come_from(sender)


@pytest.mark.parametrize(
    "channel, address, is_tried",
    [
        (Channel.SMS, "+4799999999", True),
        (Channel.SMS, "+4799999998", False),
        (Channel.EMAIL, "Test@TTD.example", True),
        (Channel.EMAIL, "test@elsewhere.example", False),
    ],
)
def test_only_those_who_are_named_are_tried(
    channel: Channel, address: str, *, is_tried: bool
) -> None:
    assert AGREED.only_tries(Contact(address), channel) is is_tried
