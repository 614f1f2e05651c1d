"""Whatever is sent, it is read, or refused with words that are ours."""

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from application.ordering.commands import NewOrder
from entrypoints.http.placing.chains import ChainRequest
from entrypoints.http.placing.instant import InstantRequest
from entrypoints.http.validation.errors import InvalidRequestError
from tests.entrypoints.http.requests.reading import KINDS, RULES, Json, Read, but, faults

CANARY = "CANARY"

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**40), 10**40)
    | st.floats()
    | st.text()
    | st.sampled_from(
        ["", " ", "a@b.no", "+4799999999", "Email", "2026-09-01T08:00:00Z", "01818010083"]
    )
)
NAMES = sorted(
    {
        "subject",
        "Body",
        "recipients",
        "emailAddress",
        "mobileNumber",
        "nationalIdentityNumber",
        "organizationNumber",
        "notificationChannel",
        "emailTemplate",
        "smsTemplate",
        "idempotencyId",
        "recipient",
        "reminders",
        "delayDays",
        "requestedSendTime",
        "recipientPerson",
        "recipientEmail",
        "channelSchema",
        "emailSettings",
        "contentType",
    }
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner, max_size=5)
    ),
    max_leaves=12,
)


def judge(read: Read, sent: bytes) -> None:
    told = None
    try:
        assert isinstance(read(sent, RULES), NewOrder | ChainRequest | InstantRequest)
    except InvalidRequestError as refusal:
        told = refusal.errors
    assert told is None or (told and all(told.values()))


def places_in(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:  # noqa: ANN401  # any JSON
    inner: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path, *(place for name, each in inner for place in places_in(each, (*path, name)))]


def replaced(body: Json, path: tuple[str | int, ...], value: object) -> Any:  # noqa: ANN401  # any JSON
    if not path:
        return value
    changed = deepcopy(body)
    place: Any = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return changed


@pytest.mark.parametrize("read", [read for read, _ in KINDS.values()])
@settings(max_examples=60)
@given(value=values)
def test_any_json_is_read_or_refused(read: Read, value: object) -> None:
    judge(read, json.dumps(value).encode())


@pytest.mark.parametrize("read", [read for read, _ in KINDS.values()])
@settings(max_examples=60)
@given(sent=st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(read: Read, sent: bytes) -> None:
    judge(read, sent)
    judge(read, b'{"subject": "' + sent + b'"}')


@pytest.mark.parametrize("read, body", KINDS.values())
@settings(max_examples=120)
@given(data=st.data())
def test_a_good_body_with_anything_in_one_place_is_read_or_refused(
    read: Read, body: Json, data: DataObject
) -> None:
    path = data.draw(st.sampled_from(places_in(body)))
    changed = replaced(body, path, data.draw(values))
    judge(read, json.dumps(changed).encode())


@pytest.mark.parametrize("read, body", KINDS.values())
@settings(max_examples=60)
@given(data=st.data())
def test_a_good_body_with_a_byte_amiss_is_read_or_refused(
    read: Read, body: Json, data: DataObject
) -> None:
    sent = bytearray(json.dumps(body).encode())
    sent[data.draw(st.integers(0, len(sent) - 1))] = data.draw(st.integers(0, 255))
    judge(read, bytes(sent))


@pytest.mark.parametrize("read, body", KINDS.values())
@settings(max_examples=60)
@given(data=st.data())
def test_what_is_told_does_not_depend_on_which_reader_saw_it(
    read: Read, body: Json, data: DataObject
) -> None:
    path = data.draw(st.sampled_from(places_in(body)[1:]))
    changed = replaced(body, path, data.draw(scalars))
    swapped = _with_names(changed)
    assert faults(read, swapped) == faults(read, changed)


def _with_names(value: Any) -> Any:  # noqa: ANN401  # any JSON
    if isinstance(value, dict):
        return {name.swapcase(): _with_names(inner) for name, inner in value.items()}
    return [_with_names(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("read, body", KINDS.values())
@pytest.mark.parametrize("odd", ["", "\x00", "\n", "\x1b", "\ud800", "@", "123"])
def test_no_fault_repeats_what_was_sent(read: Read, body: Json, odd: str) -> None:
    # An attachment is named by its file, as the interface says, so that its sender finds it.
    for path in (each for each in places_in(body) if each[-1:] != ("filename",)):
        for value in (f"{CANARY}{odd}", [f"{CANARY}{odd}"], {f"{CANARY}{odd}": f"{CANARY}{odd}"}):
            told = faults(read, json.dumps(replaced(body, path, value)).encode())
            assert CANARY not in json.dumps(dict(told))


@pytest.mark.parametrize("read, body", KINDS.values())
def test_the_refusal_itself_tells_nothing(read: Read, body: Json) -> None:
    sent = json.dumps(but(body, next(iter(body)), [CANARY])).encode()
    with pytest.raises(InvalidRequestError) as refusal:
        read(sent, RULES)
    assert CANARY not in str(refusal.value)
    assert CANARY not in repr(refusal.value)
