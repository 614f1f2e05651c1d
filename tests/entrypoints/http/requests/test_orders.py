from collections.abc import Sequence

import pytest

from domain.channel import ChannelChoice
from domain.message import ContentType, EmailMessage, SendingTime, SmsMessage
from domain.personal import Contact, Content, Identifier
from domain.recipient import Direct, Organisation, OrganisationNumber, Person
from entrypoints.http.placing.orders import read_email_order, read_order, read_sms_order
from entrypoints.http.validation.rules import Rules
from tests.entrypoints.http.requests.reading import (
    EMAIL_ORDER,
    NOW,
    ORDER,
    ORGANISATION,
    PERSON,
    RULES,
    SMS_ORDER,
    Json,
    Read,
    but,
    faults,
    one,
    places,
    without,
)

CHANNELS = ["Email", "Sms", "EmailPreferred", "SmsPreferred", "EmailAndSms"]
PREFERRED = ["EmailPreferred", "SmsPreferred"]
EMAIL = {"emailAddress": "kari@example.org"}
MOBILE = {"mobileNumber": "+4799999999"}
WHOLE = ["Recipients[0]"]


def asked(channel: str, recipient: Json) -> Json:
    return {**ORDER, "notificationChannel": channel, "recipients": [recipient]}


def test_an_email_order_is_read() -> None:
    body = {
        "sendersReference": "case-77",
        "subject": "Reminder about case 77",
        "body": "Hi $recipientName$, please log in.",
        "requestedSendTime": "2026-08-03T07:30:00Z",
        "recipients": [
            {"emailAddress": "kari@example.org"},
            {"nationalIdentityNumber": "11223312345"},
            {"nationalIdentityNumber": "22334412345"},
            {"organizationNumber": ORGANISATION},
        ],
    }
    order = one(body, read_email_order)
    assert order.senders_reference == "case-77"
    assert order.requested_send_time == NOW.replace(day=3, hour=7, minute=30)
    assert order.channel is ChannelChoice.EMAIL
    assert order.email == EmailMessage(
        sender=RULES.email_sender,
        subject=Content("Reminder about case 77"),
        body=Content("Hi $recipientName$, please log in."),
        content_type=ContentType.PLAIN,
    )
    assert order.sms is None
    assert order.recipients == (
        Direct(email=Contact("kari@example.org")),
        Person(Identifier("11223312345")),
        Person(Identifier("22334412345")),
        Organisation(OrganisationNumber(ORGANISATION)),
    )


def test_a_text_message_order_leaves_in_the_daytime() -> None:
    assert one(SMS_ORDER, read_sms_order).sms == SmsMessage(
        sender=RULES.sms_sender, body=Content("Please log in."), sending_time=SendingTime.DAYTIME
    )


@pytest.mark.parametrize("sender", [None, "", " "])
def test_a_sender_that_is_blank_is_the_installations_own(sender: str | None) -> None:
    sms = one({**SMS_ORDER, "senderNumber": sender}, read_sms_order).sms
    assert sms is not None
    assert sms.sender == RULES.sms_sender


@pytest.mark.parametrize(
    "read, body, path, told",
    [
        (read_email_order, EMAIL_ORDER, "subject", "Subject"),
        (read_email_order, EMAIL_ORDER, "body", "Body"),
        (read_sms_order, SMS_ORDER, "body", "Body"),
        (read_order, ORDER, "emailTemplate.subject", "EmailTemplate.Subject"),
        (read_order, ORDER, "emailTemplate.body", "EmailTemplate.Body"),
        (read_order, ORDER, "smsTemplate.body", "SmsTemplate.Body"),
    ],
)
@pytest.mark.parametrize("text", ["", " ", "\r\n\t"])
def test_a_subject_and_a_body_say_something(
    read: Read, body: Json, path: str, told: str, text: str
) -> None:
    assert places(read, but(body, path, text)) == [told]
    assert places(read, without(body, path)) == [told]


@pytest.mark.parametrize(
    "path",
    [
        "emailTemplate.subject",
        "emailTemplate.body",
        "emailTemplate.fromAddress",
        "emailTemplate.contentType",
        "smsTemplate.body",
        "smsTemplate.senderNumber",
    ],
)
def test_null_in_a_template_is_refused(path: str) -> None:
    assert len(faults(read_order, but(ORDER, path, None))) in (1, 2)


@pytest.mark.parametrize(
    "written, said",
    [
        ("a\r\nb", "a b"),
        ("a\rb", "a b"),
        ("a\nb", "a b"),
        ("a\n\rb", "a  b"),
        ("a\vb", "a b"),
        ("a\fb", "a b"),
        ("a\r\n\r\nb", "a  b"),
        ("a\r\nBcc: x@y.no", "a Bcc: x@y.no"),
    ],
)
def test_a_line_break_in_a_subject_becomes_a_space(written: str, said: str) -> None:
    email = one({**EMAIL_ORDER, "subject": written}, read_email_order).email
    assert email is not None
    assert email.subject.text == said
    templated = one(but(ORDER, "emailTemplate.subject", written), read_order).email
    assert templated is not None
    assert templated.subject.text == said


CONTROLS = ["\x01", "\x08", "\x1b", "\x7f", "\x85", "\u2028", "\u2029"]


@pytest.mark.parametrize("character", CONTROLS)
def test_control_characters_are_refused_in_what_becomes_a_header(character: str) -> None:
    odd = f"a{character}b"
    assert places(read_email_order, {**EMAIL_ORDER, "subject": odd}) == ["Subject"]
    assert places(read_sms_order, {**SMS_ORDER, "senderNumber": odd}) == ["SenderNumber"]
    for path, told in (
        ("emailTemplate.fromAddress", "EmailTemplate.FromAddress"),
        ("smsTemplate.senderNumber", "SmsTemplate.SenderNumber"),
        ("emailTemplate.subject", "EmailTemplate.Subject"),
    ):
        assert places(read_order, but(ORDER, path, odd)) == [told]


@pytest.mark.parametrize("character", ["\r", "\n", "\r\n"])
def test_a_line_break_in_a_sender_is_refused(character: str) -> None:
    body = {**SMS_ORDER, "senderNumber": f"Etat{character}"}
    assert places(read_sms_order, body) == ["SenderNumber"]


@pytest.mark.parametrize(
    "character", ["\t", "\u00a0", "\u200d", "👍🏽", "مرحبا"]
)  # joiners and bidi are text
def test_other_characters_are_text(character: str) -> None:
    subject = f"a{character}b"
    told = ["Subject"] if character == "\t" else []
    assert places(read_email_order, {**EMAIL_ORDER, "subject": subject}) == told
    assert not faults(read_email_order, {**EMAIL_ORDER, "body": subject})


def test_bodies_keep_their_line_breaks_and_have_no_limit() -> None:
    body = "a\r\n<script>https://x.example</script>\n" * 5000
    email = one({**EMAIL_ORDER, "body": body}, read_email_order).email
    assert email is not None
    assert email.body.text == body


@pytest.mark.parametrize("value", [None, "Plain", "plain", "PLAIN", 0, "0"])
def test_an_email_is_plain_unless_it_is_said_to_be_html(value: object) -> None:
    email = one({**EMAIL_ORDER, "contentType": value}, read_email_order).email
    assert email is not None
    assert email.content_type is ContentType.PLAIN


@pytest.mark.parametrize("value", ["Html", "html", "hTML", 1, "1"])
def test_an_email_may_be_html(value: object) -> None:
    order = one(but(ORDER, "emailTemplate.contentType", value), read_order)
    assert order.email is not None
    assert order.email.content_type is ContentType.HTML


@pytest.mark.parametrize(
    "value, told",
    [
        (2, ["ContentType"]),
        (-1, ["ContentType"]),
        ("2", ["ContentType"]),
        ("Markdown", ["$.contentType"]),
        ("", ["$.contentType"]),
    ],
)
def test_another_content_type_is_refused(value: object, told: Sequence[str]) -> None:
    assert places(read_email_order, {**EMAIL_ORDER, "contentType": value}) == told


@pytest.mark.parametrize("number, name", list(enumerate(CHANNELS)))
def test_a_channel_is_named_in_any_case_or_by_its_number(number: int, name: str) -> None:
    choice = list(ChannelChoice)[number]
    recipient = {"nationalIdentityNumber": PERSON}
    for written in (name, name.lower(), name.upper(), number, str(number)):
        body = {**ORDER, "notificationChannel": written, "recipients": [recipient]}
        assert one(body, read_order).channel is choice


@pytest.mark.parametrize(
    "value, told",
    [
        (None, "NotificationChannel"),
        (5, "NotificationChannel"),
        (-1, "NotificationChannel"),
        ("5", "NotificationChannel"),
        (10**18, "NotificationChannel"),
        ("Fax", "$.notificationChannel"),
        ("", "$.notificationChannel"),
    ],
)
def test_a_channel_has_to_be_chosen(value: object, told: str) -> None:
    assert places(read_order, {**ORDER, "notificationChannel": value}) == [told]


def test_an_order_without_a_channel_is_refused() -> None:
    assert places(read_order, without(ORDER, "notificationChannel")) == ["NotificationChannel"]


@pytest.mark.parametrize(
    "channel, needs",
    [
        ("Email", ["EmailTemplate"]),
        ("Sms", ["SmsTemplate"]),
        ("EmailPreferred", ["EmailTemplate", "SmsTemplate"]),
        ("SmsPreferred", ["EmailTemplate", "SmsTemplate"]),
        ("EmailAndSms", ["EmailTemplate", "SmsTemplate"]),
    ],
)
def test_a_channel_needs_its_templates(channel: str, needs: Sequence[str]) -> None:
    body = {"notificationChannel": channel, "recipients": ORDER["recipients"]}
    assert sorted(places(read_order, body)) == needs
    for template in ("emailTemplate", "smsTemplate"):
        body[template] = None
    assert sorted(places(read_order, body)) == needs


def test_a_template_that_is_not_needed_is_judged_all_the_same() -> None:
    body = but({**ORDER, "notificationChannel": "Sms"}, "emailTemplate.subject", "")
    assert places(read_order, body) == ["EmailTemplate.Subject"]


@pytest.mark.parametrize(
    "channel, recipient, told",
    [
        ("Email", EMAIL, []),
        ("Email", MOBILE, WHOLE),
        ("Email", {**EMAIL, "mobileNumber": "not judged"}, []),
        ("Email", {}, WHOLE),
        ("Sms", MOBILE, []),
        ("Sms", EMAIL, WHOLE),
        ("Sms", {**MOBILE, "emailAddress": "not judged"}, []),
        ("EmailAndSms", {**EMAIL, **MOBILE}, []),
        ("EmailAndSms", EMAIL, WHOLE),
        ("EmailAndSms", MOBILE, WHOLE),
        ("EmailAndSms", {}, WHOLE),
        ("EmailAndSms", {**EMAIL, "mobileNumber": "1"}, ["Recipients[0].MobileNumber"]),
        *((channel, recipient, []) for channel in PREFERRED for recipient in (EMAIL, MOBILE)),
        *((channel, {**EMAIL, **MOBILE}, []) for channel in PREFERRED),
        *((channel, {}, WHOLE) for channel in PREFERRED),
        *(
            (channel, {**EMAIL, "mobileNumber": "1"}, ["Recipients[0].MobileNumber"])
            for channel in PREFERRED
        ),
        *(
            (channel, {**MOBILE, "emailAddress": "1"}, ["Recipients[0].EmailAddress"])
            for channel in PREFERRED
        ),
        *((channel, {"nationalIdentityNumber": PERSON}, []) for channel in CHANNELS),
        *((channel, {"organizationNumber": ORGANISATION}, []) for channel in CHANNELS),
        *((channel, {"isReserved": True}, WHOLE) for channel in CHANNELS),
        *(
            (
                channel,
                {"nationalIdentityNumber": "1"},
                ["Recipients[0].NationalIdentityNumber"],
            )
            for channel in CHANNELS
        ),
        *(
            (channel, {"organizationNumber": "1"}, ["Recipients[0].OrganizationNumber"])
            for channel in CHANNELS
        ),
        *(
            (channel, {"nationalIdentityNumber": PERSON, **other}, WHOLE)
            for channel in CHANNELS
            for other in (EMAIL, MOBILE, {"organizationNumber": ORGANISATION})
        ),
        *(
            (channel, {"organizationNumber": ORGANISATION, **other}, WHOLE)
            for channel in CHANNELS
            for other in (EMAIL, MOBILE)
        ),
    ],
)
def test_a_recipient_is_named_in_one_way_that_fits_the_channel(
    channel: str, recipient: Json, told: Sequence[str]
) -> None:
    assert places(read_order, asked(channel, recipient)) == told
    if channel == "Email":
        assert places(read_email_order, {**EMAIL_ORDER, "recipients": [recipient]}) == told
    if channel == "Sms":
        assert places(read_sms_order, {**SMS_ORDER, "recipients": [recipient]}) == told


@pytest.mark.parametrize("recipients", [None, []])
def test_an_order_is_for_somebody(recipients: object) -> None:
    assert places(read_email_order, {**EMAIL_ORDER, "recipients": recipients}) == ["Recipients"]
    assert places(read_email_order, without(EMAIL_ORDER, "recipients")) == ["Recipients"]


def test_every_recipient_is_judged_in_its_place() -> None:
    body = {**SMS_ORDER, "recipients": [MOBILE, {}, {"mobileNumber": "1"}]}
    assert places(read_sms_order, body) == ["Recipients[1]", "Recipients[2].MobileNumber"]


def test_the_same_recipient_may_stand_twice() -> None:
    assert len(one({**SMS_ORDER, "recipients": [MOBILE] * 2}, read_sms_order).recipients) == 2


def test_an_order_takes_as_many_recipients_as_the_installation_decides() -> None:
    few = Rules(owner="ttd", email_sender="a@b.no", sms_sender="V", max_recipients=2)
    body = {**SMS_ORDER, "recipients": [MOBILE] * 2}
    assert places(read_sms_order, body, few) == []
    assert places(read_sms_order, {**body, "recipients": [MOBILE] * 3}, few) == ["Recipients"]


@pytest.mark.parametrize(
    "resource, action, told",
    [
        (None, None, []),
        (None, "", []),
        (None, " ", ["ResourceAction"]),
        (None, "read", ["ResourceAction"]),
        ("", "read", ["ResourceAction"]),
        (" ", "read", ["ResourceAction"]),
        ("app_ttd_tax", None, []),
        ("urn:altinn:resource:tax", "", []),
        ("anything at all", "write", []),
        ("tax", " ", ["ResourceAction"]),
    ],
)
def test_an_action_needs_a_resource_of_any_form(
    resource: str | None, action: str | None, told: Sequence[str]
) -> None:
    body = {**EMAIL_ORDER, "resourceId": resource, "resourceAction": action}
    assert places(read_email_order, body) == told
    if not told:
        order = one(body, read_email_order)
        assert (order.resource, order.resource_action) == (resource, action or None)


@pytest.mark.parametrize("value", [True, False, None])
def test_a_reservation_may_be_overridden(*, value: bool | None) -> None:
    order = one({**EMAIL_ORDER, "ignoreReservation": value}, read_email_order)
    assert order.ignore_reservation is value
