from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.channel import ChannelChoice
from domain.message import ContentType, SendingTime
from domain.order.events import Dialogue
from domain.personal import Contact, Identifier
from domain.recipient import Direct, Organisation, OrganisationNumber, Person
from entrypoints.http.placing.chains import read_chain
from tests.entrypoints.http.requests.reading import (
    CHAIN,
    EMAIL_SETTINGS,
    NOW,
    ORGANISATION,
    PERSON,
    RULES,
    SMS_SETTINGS,
    Json,
    but,
    chain,
    faults,
    places,
    reminded,
    to,
    without,
)

DIRECT_EMAIL = {
    "recipientEmail": {"emailAddress": "post@example.org", "emailSettings": EMAIL_SETTINGS}
}
DIRECT_SMS = {"recipientSms": {"phoneNumber": "+4799999999", "smsSettings": SMS_SETTINGS}}
IDENTITIES = [
    ("recipientPerson", "RecipientPerson", {"nationalIdentityNumber": PERSON}),
    ("recipientOrganization", "RecipientOrganization", {"orgNumber": ORGANISATION}),
    (
        "recipientExternalIdentity",
        "RecipientExternalIdentity",
        {"externalIdentity": "urn:altinn:username:sigrid"},
    ),
]


def test_a_chain_with_reminders_is_read() -> None:
    body = {
        "idempotencyId": "9d1f-2026-0001",
        "sendersReference": "tax-1",
        "requestedSendTime": "2026-09-01T08:00:00+02:00",
        "conditionEndpoint": "https://sender.example/conditions/1",
        "dialogportenAssociation": {"dialogId": "d-1", "transmissionId": "t-1"},
        "recipient": {
            "recipientOrganization": {
                "orgNumber": "123456785",
                "resourceId": "urn:altinn:resource:tax-2026",
                "resourceAction": "read",
                "channelSchema": "EmailPreferred",
                "emailSettings": {
                    "subject": "Tax form",
                    "body": "<p>New form</p>",
                    "contentType": "Html",
                },
                "smsSettings": {
                    "body": "New tax form",
                    "sender": "Etat",
                    "sendingTimePolicy": "Daytime",
                },
            }
        },
        "reminders": [
            {
                "sendersReference": "tax-1-r1",
                "delayDays": 7,
                "recipient": {
                    "recipientPerson": {
                        "nationalIdentityNumber": "11223312345",
                        "channelSchema": "Sms",
                        "ignoreReservation": True,
                        "smsSettings": {
                            "body": "Tax form still open",
                            "sendingTimePolicy": "Anytime",
                        },
                    }
                },
            },
            {
                "requestedSendTime": "2026-09-20T08:00:00Z",
                "conditionEndpoint": "https://sender.example/conditions/2",
                "recipient": DIRECT_EMAIL,
            },
        ],
    }
    read = chain(body)
    assert read.idempotency_key == "9d1f-2026-0001"
    assert read.dialogue == Dialogue("d-1", "t-1")
    order, (first, second) = read.order, read.reminders
    assert order.requested_send_time == NOW.replace(month=9, hour=6)
    assert order.channel is ChannelChoice.EMAIL_PREFERRED
    assert order.recipients == (Organisation(OrganisationNumber("123456785")),)
    assert order.resource == "urn:altinn:resource:tax-2026"
    assert order.condition == "https://sender.example/conditions/1"
    assert order.email is not None
    assert order.email.content_type is ContentType.HTML
    assert order.email.sender == RULES.email_sender
    assert order.sms is not None
    assert order.sms.sender == "Etat"
    assert first.delay_days == 7
    assert first.senders_reference == "tax-1-r1"
    assert first.recipients == (Person(Identifier("11223312345")),)
    assert first.ignore_reservation is True
    assert first.sms is not None
    assert first.sms.sending_time is SendingTime.ANYTIME
    assert second.requested_send_time == NOW.replace(month=9, day=20, hour=8)
    assert second.delay_days is None
    assert second.recipients == (Direct(email=Contact("post@example.org")),)


def test_all_faults_of_a_chain_are_told_together() -> None:
    body = {
        "idempotencyId": "x-1",
        "recipient": {
            "recipientSms": {"phoneNumber": "99999999", "smsSettings": {"body": "Hi"}},
        },
        "reminders": [
            {
                "recipient": {
                    "recipientEmail": {
                        "emailAddress": "not-an-address",
                        "emailSettings": {"subject": "S", "body": "B"},
                    }
                }
            }
        ],
    }
    assert places(read_chain, body) == [
        "Recipient.RecipientSms.PhoneNumber",
        "Reminders[0]",
        "Reminders[0].Recipient.RecipientEmail.EmailAddress",
    ]


@pytest.mark.parametrize("key", ["", " ", "\t", None])
def test_a_key_is_not_blank(key: str | None) -> None:
    told = faults(read_chain, {**CHAIN, "idempotencyId": key})
    assert told == {"IdempotencyId": ["The IdempotencyId field is required."]}


def test_a_key_that_is_left_out_cannot_be_read() -> None:
    told = places(read_chain, without(CHAIN, "idempotencyId"))
    assert told == ["$", "notificationOrderRequest"]


@pytest.mark.parametrize("key", ["a", "é ✓", "x" * 255])
def test_a_key_is_kept_as_it_is(key: str) -> None:
    assert chain({**CHAIN, "idempotencyId": key}).idempotency_key == key


@pytest.mark.parametrize(
    "path, place",
    [
        ("recipient", "$"),
        ("recipient.recipientPerson.nationalIdentityNumber", "$.recipient.recipientPerson"),
        ("recipient.recipientPerson.channelSchema", "$.recipient.recipientPerson"),
    ],
)
def test_what_is_required_and_left_out_cannot_be_read(path: str, place: str) -> None:
    assert places(read_chain, without(CHAIN, path)) == [place, "notificationOrderRequest"]


@pytest.mark.parametrize("member", ["emailAddress", "emailSettings"])
def test_a_direct_email_needs_both_members(member: str) -> None:
    body = {**CHAIN, "recipient": without(DIRECT_EMAIL, f"recipientEmail.{member}")}
    assert places(read_chain, body) == ["$.recipient.recipientEmail", "notificationOrderRequest"]


@pytest.mark.parametrize("member", ["phoneNumber", "smsSettings"])
def test_a_direct_text_message_needs_both_members(member: str) -> None:
    body = {**CHAIN, "recipient": without(DIRECT_SMS, f"recipientSms.{member}")}
    assert places(read_chain, body) == ["$.recipient.recipientSms", "notificationOrderRequest"]


@pytest.mark.parametrize(
    "recipient, told",
    [
        ({}, ["Recipient"]),
        ({"recipientEmail": None}, ["Recipient"]),
        ({**DIRECT_EMAIL, **DIRECT_SMS}, ["Recipient"]),
        ({**DIRECT_EMAIL, "recipientSms": None}, []),
        (
            {
                **DIRECT_EMAIL,
                "recipientSms": {"phoneNumber": "1", "smsSettings": SMS_SETTINGS},
            },
            ["Recipient.RecipientSms.PhoneNumber", "Recipient"],
        ),
    ],
)
def test_a_recipient_is_of_exactly_one_kind(recipient: Json, told: Sequence[str]) -> None:
    assert places(read_chain, {**CHAIN, "recipient": recipient}) == told
    reminder = [f"Reminders[0].{each}" for each in told]
    assert places(read_chain, reminded(recipient=recipient)) == reminder


@pytest.mark.parametrize("kind, place, identity", IDENTITIES)
@pytest.mark.parametrize(
    "channel, needs",
    [
        ("Email", ["EmailSettings"]),
        ("Sms", ["SmsSettings"]),
        ("EmailPreferred", ["EmailSettings", "SmsSettings"]),
        ("SmsPreferred", ["EmailSettings", "SmsSettings"]),
        ("EmailAndSms", ["EmailSettings", "SmsSettings"]),
    ],
)
def test_a_channel_needs_its_settings(
    kind: str, place: str, identity: Json, channel: str, needs: Sequence[str]
) -> None:
    body = to(kind, **identity, channelSchema=channel)
    assert places(read_chain, body) == [f"Recipient.{place}.{each}" for each in needs]


@pytest.mark.parametrize("kind, place, identity", IDENTITIES)
@pytest.mark.parametrize("value, is_readable", [("Fax", False), (5, True), ("5", True), (-1, True)])
def test_a_channel_is_one_that_exists(
    kind: str, place: str, identity: Json, value: object, *, is_readable: bool
) -> None:
    members = {"emailSettings": EMAIL_SETTINGS, "smsSettings": SMS_SETTINGS}
    told = (
        f"Recipient.{place}.ChannelSchema" if is_readable else f"$.recipient.{kind}.channelSchema"
    )
    assert places(read_chain, to(kind, **identity, **members, channelSchema=value)) == [told]


@pytest.mark.parametrize("kind, place, identity", IDENTITIES)
def test_settings_that_are_not_needed_are_judged_all_the_same(
    kind: str, place: str, identity: Json
) -> None:
    body = to(
        kind,
        **identity,
        channelSchema="Sms",
        emailSettings={"subject": "", "body": None},
        smsSettings=SMS_SETTINGS,
    )
    assert places(read_chain, body) == [
        f"Recipient.{place}.EmailSettings.Subject",
        f"Recipient.{place}.EmailSettings.Body",
    ]


@pytest.mark.parametrize(
    "member, value, told",
    [
        ("subject", "", "Subject"),
        ("subject", " \r\n", "Subject"),
        ("subject", None, "Subject"),
        ("subject", "a\x07b", "Subject"),
        ("body", "", "Body"),
        ("body", None, "Body"),
        ("senderEmailAddress", "post", "SenderEmailAddress"),
        ("contentType", 2, "ContentType"),
        ("sendingTimePolicy", "Daytime", "SendingTimePolicy"),
        ("sendingTimePolicy", 2, "SendingTimePolicy"),
        ("sendingTimePolicy", "2", "SendingTimePolicy"),
        ("sendingTimePolicy", 0, "SendingTimePolicy"),
        ("sendingTimePolicy", 3, "SendingTimePolicy"),
    ],
)
def test_email_settings_are_judged(member: str, value: object, told: str) -> None:
    settings = {**EMAIL_SETTINGS, member: value}
    direct = to("recipientEmail", emailAddress="a@b.no", emailSettings=settings)
    assert places(read_chain, direct) == [f"Recipient.RecipientEmail.Settings.{told}"]
    person = but(CHAIN, f"recipient.recipientPerson.emailSettings.{member}", value)
    assert places(read_chain, person) == [f"Recipient.RecipientPerson.EmailSettings.{told}"]


@pytest.mark.parametrize(
    "member, value, told",
    [
        ("body", "", "Body"),
        ("body", None, "Body"),
        ("sender", "a\r\nb", "Sender"),
        ("sender", "a\x1bb", "Sender"),
        ("sendingTimePolicy", 0, "SendingTimePolicy"),
        ("sendingTimePolicy", 3, "SendingTimePolicy"),
    ],
)
def test_text_message_settings_are_judged(member: str, value: object, told: str) -> None:
    settings = {**SMS_SETTINGS, member: value}
    direct = to("recipientSms", phoneNumber="+4799999999", smsSettings=settings)
    assert places(read_chain, direct) == [f"Recipient.RecipientSms.Settings.{told}"]
    person = but(CHAIN, f"recipient.recipientPerson.smsSettings.{member}", value)
    assert places(read_chain, person) == [f"Recipient.RecipientPerson.SmsSettings.{told}"]


@pytest.mark.parametrize(
    "path, told",
    [
        ("emailSettings.contentType", "$.recipient.recipientPerson.emailSettings.contentType"),
        (
            "emailSettings.sendingTimePolicy",
            "$.recipient.recipientPerson.emailSettings.sendingTimePolicy",
        ),
        (
            "smsSettings.sendingTimePolicy",
            "$.recipient.recipientPerson.smsSettings.sendingTimePolicy",
        ),
    ],
)
def test_an_unknown_word_for_an_enumeration_cannot_be_read(path: str, told: str) -> None:
    assert places(read_chain, but(CHAIN, f"recipient.recipientPerson.{path}", "Nightly")) == [told]


@pytest.mark.parametrize(
    "value, sending_time",
    [
        ("Anytime", SendingTime.ANYTIME),
        ("ANYTIME", SendingTime.ANYTIME),
        (1, SendingTime.ANYTIME),
        ("1", SendingTime.ANYTIME),
        ("daytime", SendingTime.DAYTIME),
        (2, SendingTime.DAYTIME),
    ],
)
def test_text_messages_leave_when_they_are_asked_to(value: object, sending_time: str) -> None:
    body = but(CHAIN, "recipient.recipientPerson.smsSettings.sendingTimePolicy", value)
    sms = chain(body).order.sms
    assert sms is not None
    assert sms.sending_time is sending_time


def test_text_messages_leave_in_the_daytime_unless_asked_otherwise() -> None:
    sms = chain(CHAIN).order.sms
    assert sms is not None
    assert sms.sending_time is SendingTime.DAYTIME


def test_a_line_break_in_a_subject_becomes_a_space() -> None:
    body = but(CHAIN, "recipient.recipientPerson.emailSettings.subject", "a\r\nb\n\rc")
    email = chain(body).order.email
    assert email is not None
    assert email.subject.text == "a b  c"


@pytest.mark.parametrize(
    "resource, action, told",
    [
        (None, None, []),
        (None, "", []),
        (None, "read", ["ResourceAction"]),
        (None, " ", ["ResourceAction"]),
        ("urn:altinn:resource:x", None, []),
        ("urn:altinn:resource:x", "write", []),
        ("urn:altinn:resource:x", " ", ["ResourceAction"]),
        ("urn:altinn:resource:", None, ["ResourceId"]),
        ("URN:altinn:resource:x", None, ["ResourceId"]),
        ("tax", None, ["ResourceId"]),
        ("", None, ["ResourceId"]),
        ("", "read", ["ResourceId", "ResourceAction"]),
    ],
)
@pytest.mark.parametrize("kind, place, identity", IDENTITIES)
def test_a_resource_is_a_urn(
    kind: str,
    place: str,
    identity: Json,
    *,
    resource: str | None,
    action: str | None,
    told: Sequence[str],
) -> None:
    body = to(
        kind,
        **identity,
        channelSchema="Sms",
        smsSettings=SMS_SETTINGS,
        resourceId=resource,
        resourceAction=action,
    )
    assert places(read_chain, body) == [f"Recipient.{place}.{each}" for each in told]


@pytest.mark.parametrize("owner, is_stale", [("skd", True), ("SKD", True), ("ttd", False)])
def test_some_owners_reach_persons_at_outdated_addresses_too(owner: str, *, is_stale: bool) -> None:
    rules = replace(RULES, owner=owner, stale_owners=frozenset({"skd"}))
    body = {**CHAIN, "reminders": [{"delayDays": 1, "recipient": CHAIN["recipient"]}]}
    read = chain(body, rules)
    assert read.order.use_stale_contact_information is is_stale
    assert read.reminders[0].use_stale_contact_information is is_stale


def test_a_sender_may_ask_for_outdated_addresses() -> None:
    body = but(CHAIN, "recipient.recipientPerson.useStaleContactInformation", value=True)
    assert chain(body).order.use_stale_contact_information


def test_the_owner_of_a_direct_address_has_no_outdated_ones() -> None:
    rules = replace(RULES, owner="skd", stale_owners=frozenset({"skd"}))
    body = {**CHAIN, "recipient": DIRECT_SMS}
    assert not chain(body, rules).order.use_stale_contact_information


@pytest.mark.parametrize(
    "reminder, told",
    [
        ({}, []),
        ({"delayDays": 1}, []),
        ({"delayDays": "7"}, []),
        ({"delayDays": " 7 "}, []),
        ({"delayDays": 0}, [".DelayDays"]),
        ({"delayDays": -1}, [".DelayDays"]),
        ({"delayDays": 10**9}, [".DelayDays"]),
        ({"delayDays": 10**17}, [".DelayDays"]),
        ({"delayDays": 10**30}, [".DelayDays"]),
        ({"delayDays": None}, [""]),
        ({"requestedSendTime": "2026-08-02T12:00:00Z", "delayDays": None}, []),
        (
            {"requestedSendTime": "2026-08-02T12:00:00Z"},
            ["", ".DelayDays", ".RequestedSendTime"],
        ),
        ({"requestedSendTime": "2026-07-02T12:00:00Z", "delayDays": None}, [".RequestedSendTime"]),
        ({"conditionEndpoint": "no"}, [".ConditionEndpoint"]),
        ({"conditionEndpoint": "http://localhost/"}, []),
    ],
)
def test_a_reminder_has_a_time_of_its_own_or_a_delay(reminder: Json, told: Sequence[str]) -> None:
    assert places(read_chain, reminded(**reminder)) == [f"Reminders[0]{each}" for each in told]


@pytest.mark.parametrize("days", ["seven", "", "1.5", "\u0667", "1" * 30])
def test_days_are_a_whole_number(days: str) -> None:
    assert places(read_chain, reminded(delayDays=days)) == ["$.reminders[0].delayDays"]


def test_a_reminder_may_be_dated_before_its_main_order() -> None:
    soon = (NOW + timedelta(hours=1)).isoformat()
    body = {
        **reminded(requestedSendTime=soon, delayDays=None),
        "requestedSendTime": "2026-12-01T00:00:00Z",
    }
    assert places(read_chain, body) == []


@pytest.mark.parametrize("reminders", [None, []])
def test_a_chain_may_have_no_reminders(reminders: object) -> None:
    assert chain({**CHAIN, "reminders": reminders}).reminders == ()


def test_a_chain_takes_as_many_reminders_as_the_installation_decides() -> None:
    rules = replace(RULES, max_reminders=2)
    two = {**CHAIN, "reminders": reminded()["reminders"] * 2}
    three = {**CHAIN, "reminders": reminded()["reminders"] * 3}
    assert places(read_chain, two, rules) == []
    assert places(read_chain, three, rules) == ["Reminders"]


def test_a_member_that_is_not_known_is_ignored() -> None:
    assert chain({**CHAIN, "associationDialogporten": {"dialogId": 1}}).dialogue is None
