import json
from typing import Any

import pytest

from domain.personal import Content
from entrypoints.http.placing.chains import read_chain
from entrypoints.http.placing.orders import read_email_order, read_order, read_sms_order
from entrypoints.http.validation.errors import InvalidRequestError
from tests.entrypoints.http.requests.reading import (
    CHAIN,
    EMAIL_ORDER,
    KINDS,
    ORDER,
    RULES,
    SMS_ORDER,
    Json,
    Read,
    but,
    chain,
    faults,
    one,
    places,
    without,
)

PARAMETERS = {
    "email": "emailNotificationOrderRequest",
    "sms": "smsNotificationOrderRequest",
    "order": "notificationOrderRequest",
    "chain": "notificationOrderRequest",
    "instant sms": "request",
    "instant": "request",
    "instant email": "request",
    "composed": "orderRequest",
    "sms handed in": "request",
    "email handed in": "request",
}
CASES = [(read, body, PARAMETERS[kind]) for kind, (read, body) in KINDS.items()]

NO_JSON = [
    b"{",
    b"}",
    b"nonsense",
    b"{'subject': 'a'}",
    b'{"subject": "a",}',
    b'{"subject": "a"} // why',
    b'{/* why */ "subject": "a"}',
    b'{"subject": "a"}{"subject": "a"}',
    b'{"subject": "a\nb"}',
    b'{"subject": "a\x00b"}',
    b'{"subject": "\\x41"}',
    b'{"subject": NaN}',
    b'{"subject": Infinity}',
    b'{"subject": -Infinity}',
    b'{"subject": 01}',
    b'{"subject": 1.}',
    b'{"subject": ' + b"9" * 5000 + b"}",
    b"<order/>",
    b"subject=a&body=b",
]


def keyed(value: Any) -> bytes:  # noqa: ANN401  # any JSON
    return json.dumps(value).encode()


@pytest.mark.parametrize("read, body, parameter", CASES)
@pytest.mark.parametrize("sent", [b"", b" ", b"\r\n\t"])
def test_an_empty_body_is_told_to_be_empty(
    read: Read, body: Json, parameter: str, sent: bytes
) -> None:
    del body
    assert places(read, sent) == ["", parameter]


@pytest.mark.parametrize("read, body, parameter", CASES)
@pytest.mark.parametrize("sent", NO_JSON)
def test_a_body_that_is_no_json_is_refused_as_a_whole(
    read: Read, body: Json, parameter: str, sent: bytes
) -> None:
    del body
    assert places(read, sent) == ["$", parameter]


@pytest.mark.parametrize("read, body, parameter", CASES)
@pytest.mark.parametrize("sent", [b"null", b"true", b"1", b'"text"', b"[]", b"[{}]", b"1e400"])
def test_a_body_that_is_no_object_is_refused_as_a_whole(
    read: Read, body: Json, parameter: str, sent: bytes
) -> None:
    del body
    assert places(read, sent) == ["$", parameter]


@pytest.mark.parametrize("read, body, parameter", CASES)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
def test_another_encoding_than_utf_8_is_refused(
    read: Read, body: Json, parameter: str, encoding: str
) -> None:
    sent = json.dumps({**body, "sendersReference": "ære"}, ensure_ascii=False).encode(encoding)
    assert places(read, sent) == ["$", parameter]


@pytest.mark.parametrize(
    "broken", [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"]
)
def test_bytes_that_are_no_utf_8_are_refused(broken: bytes) -> None:
    sent = keyed({**EMAIL_ORDER, "subject": "CANARY"}).replace(b"CANARY", broken)
    assert places(read_email_order, sent) == ["$", PARAMETERS["email"]]


def test_a_byte_order_mark_is_no_hindrance() -> None:
    assert places(read_email_order, b"\xef\xbb\xbf" + keyed(EMAIL_ORDER)) == []


@pytest.mark.parametrize("depth", [33, 500, 100_000])
@pytest.mark.parametrize("brackets", [(b"[", b"]"), (b'{"subject":', b"}")])
def test_deep_nesting_is_refused(depth: int, brackets: tuple[bytes, bytes]) -> None:
    opening, closing = brackets
    bottom = b"[]"
    sent = opening * depth + bottom + closing * depth
    for read, _, parameter in CASES:
        assert places(read, sent) == ["$", parameter]
        hidden = b'{"unknown": ' + sent + b"}"
        assert places(read, hidden) == ["$", parameter]


def test_nesting_that_is_deep_enough_for_anybody_is_ignored_where_it_is_unknown() -> None:
    deep: Any = []
    for _ in range(30):
        deep = [deep]
    assert places(read_email_order, {**EMAIL_ORDER, "unknown": deep}) == []
    assert places(read_email_order, {**EMAIL_ORDER, "unknown": [deep]}) == [
        "$",
        PARAMETERS["email"],
    ]


@pytest.mark.parametrize(
    "sent",
    [
        b'{"subject": "a", "subject": "b", "body": "c", "recipients": [{"emailAddress": "a@b.no"}]}',
        b'{"subject": "a", "Subject": "b", "body": "c", "recipients": [{"emailAddress": "a@b.no"}]}',
        b'{"subject": "a", "sub\\u006aect": "b", "body": "c", "recipients": []}',
        b'{"recipients": [{"emailAddress": "a@b.no", "emailAddress": "c@d.no"}]}',
        b'{"recipients": [{"emailAddress": "a@b.no", "EmailAddress": "c@d.no"}]}',
        b'{"subject": "a", "subject": "b", "body": "12\\u003a30", "recipients": []}',
        b'{"subject": "a", "subject": "b", "body": "12\\u003A30", "recipients": []}',
        b'{"subject": "a", "body": "c", "sendersReference": null, "sendersReference": "d"}',
        b'{"subject": "a", "body": "c", "sendersReference": "d", "sendersReference": null}',
        b'{"subject": "a", "body": "c", "unknown": 1, "unknown": 2}',
    ],
)
def test_a_member_that_stands_twice_is_refused(sent: bytes) -> None:
    told = places(read_email_order, sent)
    assert told[0].startswith("$")
    assert told[-1] == PARAMETERS["email"]


@pytest.mark.parametrize("odd", ["a\x00b", "\x00", "\ud83d", "\ude00\ud83d"])
@pytest.mark.parametrize(
    "read, body, path",
    [
        (read_email_order, EMAIL_ORDER, "subject"),
        (read_email_order, EMAIL_ORDER, "body"),
        (read_email_order, EMAIL_ORDER, "sendersReference"),
        (read_email_order, EMAIL_ORDER, "resourceId"),
        (read_email_order, EMAIL_ORDER, "recipients.0.emailAddress"),
        (read_sms_order, SMS_ORDER, "senderNumber"),
        (read_order, ORDER, "emailTemplate.fromAddress"),
        (read_chain, CHAIN, "idempotencyId"),
        (read_chain, CHAIN, "dialogportenAssociation.dialogId"),
        (read_chain, CHAIN, "recipient.recipientPerson.smsSettings.body"),
    ],
)
def test_what_cannot_be_kept_is_refused_where_it_stands(
    read: Read, body: Json, path: str, odd: str
) -> None:
    told = places(read, but(body, path, odd))
    assert told[0] == "$." + path.replace(".0", "[0]")
    assert len(told) == 2


def test_what_cannot_be_kept_does_no_harm_where_it_is_ignored() -> None:
    assert places(read_email_order, {**EMAIL_ORDER, "unknown\x00": "\x00\ud800"}) == []


@pytest.mark.parametrize(
    "path, value, told",
    [
        ("subject", 1, "$.subject"),
        ("subject", ["a"], "$.subject"),
        ("subject", {"a": 1}, "$.subject"),
        ("body", True, "$.body"),
        ("recipients", {}, "$.recipients"),
        ("recipients", "a@b.no", "$.recipients"),
        ("recipients.0", None, "$.recipients[0]"),
        ("recipients.0", [], "$.recipients[0]"),
        ("recipients.0", "a@b.no", "$.recipients[0]"),
        ("recipients.0.emailAddress", ["a@b.no"], "$.recipients[0].emailAddress"),
        ("recipients.0.isReserved", "yes", "$.recipients[0].isReserved"),
        ("ignoreReservation", "true", "$.ignoreReservation"),
        ("ignoreReservation", 1, "$.ignoreReservation"),
        ("contentType", 1.5, "$.contentType"),
        ("contentType", True, "$.contentType"),
        ("conditionEndpoint", [], "$.conditionEndpoint"),
    ],
)
def test_a_wrong_type_is_told_by_its_json_path(path: str, value: object, told: str) -> None:
    assert places(read_email_order, but(EMAIL_ORDER, path, value)) == [told, PARAMETERS["email"]]


@pytest.mark.parametrize(
    "path, value, told",
    [
        ("recipient", None, "$.recipient"),
        ("recipient", [], "$.recipient"),
        ("recipient.recipientPerson", "me", "$.recipient.recipientPerson"),
        (
            "recipient.recipientPerson.channelSchema",
            None,
            "$.recipient.recipientPerson.channelSchema",
        ),
        (
            "recipient.recipientPerson.ignoreReservation",
            None,
            "$.recipient.recipientPerson.ignoreReservation",
        ),
        ("reminders", {}, "$.reminders"),
        ("reminders", [None], "$.reminders[0]"),
        ("reminders", [[]], "$.reminders[0]"),
        ("reminders", [{}], "$.reminders[0]"),
        ("dialogportenAssociation", "d-1", "$.dialogportenAssociation"),
    ],
)
def test_a_wrong_type_in_a_chain_is_told_by_its_json_path(
    path: str, value: object, told: str
) -> None:
    assert places(read_chain, but(CHAIN, path, value)) == [told, PARAMETERS["chain"]]


def test_every_place_that_cannot_be_read_is_told_and_no_rule() -> None:
    body = {"subject": 1, "body": 2, "recipients": [None, {"emailAddress": 3}, {}]}
    assert places(read_email_order, body) == [
        "$.subject",
        "$.body",
        "$.recipients[0]",
        "$.recipients[1].emailAddress",
        PARAMETERS["email"],
    ]


@pytest.mark.parametrize("name", ["recipients", "Recipients"])
def test_too_many_recipients_are_one_fault(name: str) -> None:
    body = {**without(SMS_ORDER, "recipients"), name: [{}] * 1001}
    assert places(read_sms_order, body) == ["Recipients"]


@pytest.mark.parametrize("unit", [b"1", b"{}", b"[]", b'""', b'{"mobileNumber":"+4799999999"}'])
def test_a_body_of_too_many_values_is_refused_before_it_is_taken_apart(unit: bytes) -> None:
    sent = b'{"recipients":[' + b",".join([unit] * 17_002) + b"]}"
    told = faults(read_sms_order, sent)
    assert list(told) == ["$", PARAMETERS["sms"]]
    assert told["$"] == ["the body holds more than 17000 values; ask for less at once"]


@pytest.mark.parametrize("text", ['"', "\\", ",", '",', '"a":[1,2],', '"\\'])
def test_a_text_is_one_value_whatever_stands_in_it(text: str) -> None:
    long = text * 40_000
    email = one({**EMAIL_ORDER, "body": long}, read_email_order).email
    assert email is not None
    assert email.body == Content(long)


@pytest.mark.parametrize("recipient", [1, {}, {"mobileNumber": "12"}, {"MobileNumber": "12"}])
def test_a_hundred_faults_are_told_and_that_there_are_more(recipient: object) -> None:
    sent = json.dumps({**SMS_ORDER, "recipients": [recipient] * 1000}).encode()
    with pytest.raises(InvalidRequestError) as refusal:
        read_sms_order(sent, RULES)
    assert 99 <= sum(map(len, refusal.value.errors.values())) <= 100
    assert refusal.value.has_more


def test_a_hundred_faults_are_told_without_a_word_of_others() -> None:
    sent = json.dumps({**SMS_ORDER, "recipients": [{"mobileNumber": "12"}] * 100}).encode()
    with pytest.raises(InvalidRequestError) as refusal:
        read_sms_order(sent, RULES)
    assert len(refusal.value.errors) == 100
    assert not refusal.value.has_more


def upper(value: Any) -> Any:  # noqa: ANN401  # any JSON
    if isinstance(value, dict):
        return {name.upper(): upper(inner) for name, inner in value.items()}
    return [upper(each) for each in value] if isinstance(value, list) else value


def swapped(value: Any) -> Any:  # noqa: ANN401  # any JSON
    if isinstance(value, dict):
        return {name.swapcase(): swapped(inner) for name, inner in value.items()}
    return [swapped(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("read, body", KINDS.values())
def test_names_are_read_in_any_case(read: Read, body: Json) -> None:
    for other in (upper(body), swapped(body), {**body, "unknown": 1}):
        assert faults(read, other) == {}


@pytest.mark.parametrize(
    "name, value, attribute",
    [
        ("IgnoreReservation", True, "ignore_reservation"),
        ("SENDERSREFERENCE", "case-77", "senders_reference"),
        ("conditionendpoint", "https://example.org/ok", "condition"),
        ("ResourceId", "tax", "resource"),
    ],
)
def test_one_name_in_another_case_is_not_overlooked(
    name: str, value: object, attribute: str
) -> None:
    order = one({**EMAIL_ORDER, name: value}, read_email_order)
    assert getattr(order, attribute) == value


def test_a_time_in_another_case_is_not_overlooked() -> None:
    body = {**CHAIN, "RequestedSendTime": "2026-09-01T08:00:00Z"}
    assert chain(body).order.requested_send_time is not None
    late = {**CHAIN, "RequestedSendTime": "2020-09-01T08:00:00Z"}
    assert places(read_chain, late) == ["RequestedSendTime"]
