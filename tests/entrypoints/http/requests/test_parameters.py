from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoints.http.validation.errors import InvalidRequestError
from entrypoints.http.validation.parameters import (
    read_moment,
    read_order_id,
    read_senders_reference,
)

ID = UUID("6f1d4c9e-5c0e-4a7b-9a53-1f6f0a8f2b11")


@pytest.mark.parametrize(
    "text", [str(ID), str(ID).upper(), ID.hex, f"{{{ID}}}", f"({ID})", f"{{{ID.hex}}}"]
)
def test_an_order_id_is_a_guid_in_any_form(text: str) -> None:
    assert read_order_id(text) == ID


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        str(ID)[:-1],
        f"{ID}0",
        f"{{{ID}",
        f"{ID}}}",
        f"({ID}}}",
        f"{{{ID})",
        f" {ID}",
        f"{ID}\n",
        str(ID).replace("-", "_"),
        f"urn:uuid:{ID}",
        f"(({ID}))",
        "6f1d4c9e-5c0e-4a7b-9a53-1f6f0a8f2b1\u0661",
    ],
)
def test_another_text_is_no_order_id(text: str) -> None:
    with pytest.raises(InvalidRequestError) as refusal:
        read_order_id(text)
    assert list(refusal.value.errors) == ["id"]


@given(text=st.text())
def test_whatever_stands_for_an_order_id_is_read_or_refused(text: str) -> None:
    with suppress(InvalidRequestError):
        assert isinstance(read_order_id(text), UUID)


@pytest.mark.parametrize(
    "query, reference",
    [
        (b"sendersReference=case-77", "case-77"),
        (b"SENDERSREFERENCE=case-77", "case-77"),
        (b"a=b&sendersReference=case+77&c", "case 77"),
        (b"sendersReference=%C3%A6", "æ"),
        (b"sendersReference=a&sendersReference=b", "a"),
        (b"sendersReference=a%26b%3D", "a&b="),
    ],
)
def test_a_reference_is_read_whatever_the_case_of_its_name(query: bytes, reference: str) -> None:
    assert read_senders_reference(query) == reference


@pytest.mark.parametrize(
    "query",
    [
        b"",
        b"reference=1",
        b"sendersReference",
        b"sendersReference=",
        b"sendersReference=%00",
        b"sendersReference=" + b"%C3%A6" * 1001,
    ],
)
def test_a_query_without_a_reference_that_can_be_looked_for_is_refused(query: bytes) -> None:
    with pytest.raises(InvalidRequestError) as refusal:
        read_senders_reference(query)
    assert [each.lower() for each in refusal.value.errors] == ["sendersreference"]


@pytest.mark.parametrize(
    "query",
    [
        b"sendersReference=%E6",
        b"%FF=1",
        b"sendersReference=a&" + b"b&" * 64,
        b"sendersReference=" + b"a" * 16 * 1024,
    ],
)
def test_a_query_that_nobody_would_ask_is_refused_as_a_whole(query: bytes) -> None:
    with pytest.raises(InvalidRequestError) as refusal:
        read_senders_reference(query)
    assert list(refusal.value.errors) == ["query"]


def test_the_longest_reference_can_be_asked_for_however_it_is_written() -> None:
    longest = "\U0001f514" * 1000
    query = b"sendersReference=" + quote(longest).encode()
    assert read_senders_reference(query) == longest


@pytest.mark.parametrize(
    "query, moment",
    [
        (b"moment=2026-09-01T12:00:00Z", datetime(2026, 9, 1, 12, tzinfo=UTC)),
        (b"moment=2026-09-01T12:00:00+02:00", datetime(2026, 9, 1, 10, tzinfo=UTC)),
        (b"moment=2026-09-01T12:00:00%2B02:00", datetime(2026, 9, 1, 10, tzinfo=UTC)),
        (b"Moment=2026-09-01T12:00:00-02:00", datetime(2026, 9, 1, 14, tzinfo=UTC)),
        (b"moment=2001-01-01T00:00Z", datetime(2001, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_moment_has_a_zone_and_may_be_past(query: bytes, moment: datetime) -> None:
    assert read_moment(query) == moment


@pytest.mark.parametrize(
    "query",
    [
        b"",
        b"moment",
        b"moment=",
        b"moment=now",
        b"moment=2026-09-01T12:00:00",
        b"moment=2026-09-01",
        b"moment=0001-01-01T00:00:00Z",
        b"moment=9999-12-31T23:59:59-14:00",
        b"moment=2026-99-01T12:00:00Z",
        b"moment=%FF",
        b"moment=%00",
        b"moment=" + b"0" * 5000,
        b"moment=%D9%A2%D9%A0%D9%A2%D9%A6-09-01T12:00:00Z",
    ],
)
def test_another_moment_is_refused(query: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        read_moment(query)


@given(query=st.binary(max_size=200))
def test_whatever_stands_in_a_query_is_read_or_refused(query: bytes) -> None:
    for read in (read_senders_reference, read_moment):
        with suppress(InvalidRequestError):
            assert read(query)
