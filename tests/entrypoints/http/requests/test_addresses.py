import json

import pytest

from domain.personal import Contact, Identifier
from domain.recipient import Direct, ExternalIdentity
from entrypoints.http.internal.requests import read_sms_handed_in
from entrypoints.http.placing.chains import read_chain
from entrypoints.http.placing.instant import read_instant_sms
from entrypoints.http.placing.orders import read_email_order, read_sms_order
from tests.entrypoints.http.requests.reading import (
    CHAIN,
    EMAIL_ORDER,
    EMAIL_SETTINGS,
    INSTANT_SMS,
    RULES,
    SMS_HANDED_IN,
    SMS_ORDER,
    SMS_SETTINGS,
    but,
    chain,
    one,
    places,
    to,
)

LABELS = ".".join(["a"] * 9)

EMAILS = [
    "æge_sjøåsen@domain.com",
    "gratis-netflix+1@gmail.com",
    "u@1.2.3.4",
    "u@999.999.999.999",
    "a;b@x.no",
    " u@x.no ",
    "!#$%&'*+-=?^_`{|}~@x.no",
    "u@blåbær.no",
    f"u@{LABELS}.no",
    f"u@{'a' * 63}.no",
    f"{'a' * 64}@x.no",
    f"{'ø' * 32}@x.no",
    f"{'a' * 64}@{'b' * 63}.{'b' * 63}.{'b' * 58}.no",
    f"u@x.{'a' * 14}",
    "u@x.ab",
    "u@a-b.no",
]
NO_EMAILS = [
    ".user@x.no",
    "user.@x.no",
    "a..b@x.no",
    "user@",
    "@x.no",
    "user@x..no",
    "user@exa!mple.com",
    "u@localhost",
    "u@a_b.no",
    "u@-x.no",
    "u@x-.no",
    "u@x.n",
    f"u@x.{'a' * 15}",
    f"u@{LABELS}.a.no",
    f"u@{'a' * 64}.no",
    "u@x.xn--p1ai",
    f"{'a' * 65}@x.no",
    f"{'ø' * 33}@x.no",
    f"{'a' * 64}@{'b' * 63}.{'b' * 63}.{'b' * 59}.no",
    f"u@{'ø' * 62}.no",
    "u@åa--b.no",
    "é@x.no",
    "u@müller.no",
    "a/b@x.no",
    "one@example.com;two@example.com",
    "u@[1.2.3.4]",
    "u@1.2.3",
    "u@1.2.3.4.5",
    "u@1.2.3.4444",
    '"u v"@x.no',
    "u v@x.no",
    "u@x.no,v@x.no",
    "u@x.no\r\nBcc: v@x.no",
    "u@x.no\n",
    "u\x7f@x.no",
    "u@x.no\u2028",
]
NUMBERS = [
    ("+4799999999", "+4799999999"),
    ("004799999999", "+4799999999"),
    ("+4740000000", "+4740000000"),
    ("+4790000000", "+4790000000"),
    ("+233242426224", "+233242426224"),
    ("+47 9999 9999 ", "+4799999999"),
    ("+47 99 99 99 99", "+4799999999"),
    ("+47 99/99 99 99", "+4799999999"),
    ("+47\u00a099\u00a099\u00a099\u00a099", "+4799999999"),
    ("+46 (0)70 123 45 67", "+46701234567"),
    ("+460701234567", "+46701234567"),
    ("+44 (0)7400 123456", "+447400123456"),
    ("+39 06 1234 5678", "+390612345678"),
]
NO_NUMBERS = [
    "99999999",
    "40000001",
    " +4799999999",
    "+4750000004",
    "+47900000001",
    "+14790000000",
    "+4712345678",
    "+479999999",
    "111100000",
    "abc",
    "+47",
    "0",
    "++4799999999",
    "00+4799999999",
    "+47\n99999999",
    "+4799999999;ext=1",
    "+4799999999 ext. 1",
    "+47٩٩٩٩٩٩٩٩",
    "tel:+4799999999",
    "+",
    "00",
]


@pytest.mark.parametrize("text", EMAILS)
def test_an_email_address_is_taken_without_the_space_around_it(text: str) -> None:
    order = one(but(EMAIL_ORDER, "recipients.0.emailAddress", text), read_email_order)
    assert order.recipients == (Direct(email=Contact(text.strip())),)
    settings = {**EMAIL_SETTINGS, "senderEmailAddress": text}
    read = chain(to("recipientEmail", emailAddress=text, emailSettings=settings)).order
    assert read.recipients == (Direct(email=Contact(text.strip())),)
    assert read.email is not None
    assert read.email.sender == text.strip()


@pytest.mark.parametrize("text", NO_EMAILS)
def test_a_text_that_is_no_email_address_is_refused(text: str) -> None:
    body = but(EMAIL_ORDER, "recipients.0.emailAddress", text)
    assert places(read_email_order, body) == ["Recipients[0].EmailAddress"]
    settings = {**EMAIL_SETTINGS, "senderEmailAddress": text}
    assert places(read_chain, to("recipientEmail", emailAddress=text, emailSettings=settings)) == [
        "Recipient.RecipientEmail.EmailAddress",
        "Recipient.RecipientEmail.Settings.SenderEmailAddress",
    ]


def test_an_empty_email_address_is_none_on_v1_and_a_fault_on_v2() -> None:
    body = but(EMAIL_ORDER, "recipients.0.emailAddress", "")
    assert places(read_email_order, body) == ["Recipients[0]"]
    settings = {**EMAIL_SETTINGS, "senderEmailAddress": ""}
    assert places(read_chain, to("recipientEmail", emailAddress="", emailSettings=settings)) == [
        "Recipient.RecipientEmail.EmailAddress",
        "Recipient.RecipientEmail.Settings.SenderEmailAddress",
    ]


@pytest.mark.parametrize("text, number", NUMBERS)
def test_a_mobile_number_is_kept_as_e164_writes_it(text: str, number: str) -> None:
    order = one(but(SMS_ORDER, "recipients.0.mobileNumber", text), read_sms_order)
    assert order.recipients == (Direct(mobile=Contact(number)),)
    read = chain(to("recipientSms", phoneNumber=text, smsSettings=SMS_SETTINGS)).order
    assert read.recipients == (Direct(mobile=Contact(number)),)
    instant = read_instant_sms(
        json.dumps(but(INSTANT_SMS, "recipientSms.phoneNumber", text)).encode(), RULES
    )
    assert instant.order.recipients == (Direct(mobile=Contact(number)),)
    handed_in = read_sms_handed_in(json.dumps({**SMS_HANDED_IN, "recipient": text}).encode(), RULES)
    assert handed_in.order.recipients == (Direct(mobile=Contact(number)),)


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_a_text_that_is_no_mobile_number_is_refused(text: str) -> None:
    body = but(SMS_ORDER, "recipients.0.mobileNumber", text)
    assert places(read_sms_order, body) == ["Recipients[0].MobileNumber"]
    assert places(read_chain, to("recipientSms", phoneNumber=text, smsSettings=SMS_SETTINGS)) == [
        "Recipient.RecipientSms.PhoneNumber"
    ]


def test_an_empty_mobile_number_is_none_on_v1_and_a_fault_on_v2() -> None:
    assert places(read_sms_order, but(SMS_ORDER, "recipients.0.mobileNumber", "")) == [
        "Recipients[0]"
    ]
    assert places(read_chain, to("recipientSms", phoneNumber="", smsSettings=SMS_SETTINGS)) == [
        "Recipient.RecipientSms.PhoneNumber"
    ]


@pytest.mark.parametrize(
    "urn",
    [
        "urn:altinn:person:idporten-email:user@post.example.org",
        "urn:altinn:person:idporten-email:user%2B1@post.example.org",
        "urn:altinn:person:legacy-selfidentified:sigrid",
        "urn:altinn:username:sigrid",
        "urn:altinn:party:username:sigrid%20s",
    ],
)
def test_an_external_identity_is_a_urn_of_the_login_service(urn: str) -> None:
    members = {"externalIdentity": urn, "channelSchema": "Sms", "smsSettings": SMS_SETTINGS}
    read = chain(to("recipientExternalIdentity", **members)).order
    assert read.recipients == (ExternalIdentity(Identifier(urn)),)


@pytest.mark.parametrize(
    "urn",
    [
        "",
        " ",
        "sigrid",
        "urn:altinn:person:idporten-email:",
        "urn:altinn:person:idporten-email:no-address",
        f"urn:altinn:person:idporten-email:{'a' * 65}@x.no",
        "urn:altinn:person:idporten-email:user+1@post.example.org",
        "URN:altinn:username:sigrid",
        "urn:altinn:Username:sigrid",
        "urn:altinn:username:",
        "urn:altinn:username:%20",
        "urn:altinn:username:+",
        "urn:altinn:party:username:a%00b",
        "urn:altinn:party:username:a\nb",
        "urn:altinn:organization:identifier-no:314022009",
    ],
)
def test_another_urn_is_refused(urn: str) -> None:
    members = {"externalIdentity": urn, "channelSchema": "Sms", "smsSettings": SMS_SETTINGS}
    assert places(read_chain, to("recipientExternalIdentity", **members)) == [
        "Recipient.RecipientExternalIdentity.ExternalIdentity"
    ]


@pytest.mark.parametrize(
    "text, is_good",
    [
        ("01818010083", True),
        ("11111111111", True),
        ("0181801008", False),
        ("018180100830", False),
        ("0181801008x", False),
        (" 01818010083", False),
        ("01818010083\n", False),
        ("٠١٨١٨٠١٠٠٨٣", False),
        ("", False),
    ],
)
def test_a_national_number_is_eleven_digits_whose_control_digits_are_not_judged(
    text: str, *, is_good: bool
) -> None:
    body = but(CHAIN, "recipient.recipientPerson.nationalIdentityNumber", text)
    told = [] if is_good else ["Recipient.RecipientPerson.NationalIdentityNumber"]
    assert places(read_chain, body) == told


@pytest.mark.parametrize(
    "text, is_good",
    [
        ("314022009", True),
        ("111111111", True),
        ("31402200", False),
        ("3140220090", False),
        ("31402200a", False),
        ("", False),
    ],
)
def test_an_organisation_number_is_nine_digits(text: str, *, is_good: bool) -> None:
    members = {"orgNumber": text, "channelSchema": "Sms", "smsSettings": SMS_SETTINGS}
    told = [] if is_good else ["Recipient.RecipientOrganization.OrgNumber"]
    assert places(read_chain, to("recipientOrganization", **members)) == told
