"""What stands in paths and queries."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl
from uuid import UUID

from application.queries.explanation import RecipientPage
from domain import limits
from domain.order.events import OrderId
from domain.recipient import RecipientNo
from entrypoints.http.validation.errors import Faults, InvalidRequestError
from entrypoints.http.validation.rules import moment

_GUID: Final = re.compile(
    r"(?P<open>[{(]?)(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})[)}]?",
    re.IGNORECASE,
)
_CLOSING: Final = {"": "", "{": "}", "(": ")"}


def read_order_id(text: str) -> OrderId:
    """Read the id of an order, with or without dashes and brackets.

    Raises:
        InvalidRequestError: it is no GUID.
    """
    read = _uuid(text)
    if read is None:
        raise InvalidRequestError({"id": ["the id is no GUID"]})
    return OrderId(read)


def uuid_in(given: Mapping[str, str], name: str, key: str, faults: Faults) -> UUID | None:
    """A UUID in a query; None if there is none but blanks, or it is at fault."""
    text = given.get(name, "").strip()
    if not text:
        return None
    if (read := _uuid(text)) is None:
        faults.broken(key, "the id is no UUID")
    return read


def _uuid(text: str) -> UUID | None:
    match = _GUID.fullmatch(text)
    if match is None or not _is_closed(text, match["open"]):
        return None
    return UUID(text.strip("{}()"))


def _is_closed(text: str, opening: str) -> bool:
    last = text[-1] if text[-1] in ")}" else ""
    return last == _CLOSING[opening]


def read_senders_reference(query: bytes) -> str:
    """Read which reference is asked for.

    Raises:
        InvalidRequestError: it is missing or empty.
    """
    reference = parameters(query).get("sendersreference")
    if not reference:
        words = "say which reference to look for: ?sendersReference=..."
        raise InvalidRequestError({"sendersReference": [words]})
    if "\x00" in reference:
        raise InvalidRequestError({"sendersReference": ["the reference holds a NUL character"]})
    if len(reference) > limits.SENDERS_REFERENCE:
        words = f"no reference has more than {limits.SENDERS_REFERENCE} characters"
        raise InvalidRequestError({"sendersReference": [words]})
    return reference


def read_moment(query: bytes) -> datetime:
    """Read the moment as at which something is asked for.

    Raises:
        InvalidRequestError: it is missing, unreadable or without a zone.
    """
    faults = Faults()
    read = moment_of(parameters(query), "moment", "moment", faults)
    faults.raise_any()
    if read is None:
        words = "say as at which moment: ?moment=2026-09-01T12:00:00Z"
        raise InvalidRequestError({"moment": [words]})
    return read


def moment_of(given: Mapping[str, str], name: str, key: str, faults: Faults) -> datetime | None:
    """A moment in a query, which must have a zone; None if there is none, or it is at fault."""
    text = given.get(name)
    if not text:
        return None
    if len(text) > limits.WORD:
        faults.too_long(key, limits.WORD)
        return None
    # A plus in a query is a space; an offset of hours is meant.
    return moment(text.replace(" ", "+"), faults, json_path=key, property_path=key)


LARGEST_PAGE: Final = 500
MOST_RECIPIENTS: Final = 1_000
"""So many are explained at once: all of an order, unless the installation lets orders be larger."""
LONGEST_QUERY: Final = 16 * 1024
"""Bytes: the longest reference, with every character of it percent-encoded, and some more."""
MOST_PARAMETERS: Final = 64
_DIGITS: Final = re.compile(r"[+-]?[0-9]{1,18}")
_DIRECTIONS: Final = {"asc": False, "desc": True, "0": False, "1": True}
_TRUTHS: Final = {"true": True, "false": False}
TRANSITIONS: Final = {"last": False, "all": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRequest:
    """Which page of the status feed is asked for."""

    after: int
    size: int
    is_descending: bool
    every_transition: bool


def read_feed(query: bytes) -> FeedRequest:
    """Read which page of the status feed is asked for; a page's size is brought within its limits.

    Raises:
        InvalidRequestError: a parameter cannot be read, or the sequence number is below 0.
    """
    faults, given = Faults(), parameters(query)
    after = _whole(given, "seq", 0, "Seq", faults)
    if after < 0:
        faults.broken("Seq", "the sequence number must not be below 0")
    size = _whole(given, "pagesize", LARGEST_PAGE, "PageSize", faults)
    is_descending = _choice(given, "orderby", _DIRECTIONS, "OrderBy", faults)
    every = _choice(given, "transitions", TRANSITIONS, "Transitions", faults)
    faults.raise_any()
    return FeedRequest(
        after=after,
        size=min(max(size, 1), LARGEST_PAGE),
        is_descending=is_descending,
        every_transition=every,
    )


def read_recipients(query: bytes) -> RecipientPage:
    """Read which of an order's recipients are asked for; how many is brought within its limits.

    Raises:
        InvalidRequestError: a parameter cannot be read, or the recipient is below 0.
    """
    faults, given = Faults(), parameters(query)
    start = _whole(given, "recipient", 0, "Recipient", faults)
    if start < 0:
        faults.broken("Recipient", "the recipient must not be below 0")
    size = _whole(given, "pagesize", MOST_RECIPIENTS, "PageSize", faults)
    faults.raise_any()
    return RecipientPage(start=RecipientNo(start), size=min(max(size, 1), MOST_RECIPIENTS))


def read_condition(query: bytes) -> bool:
    """Read what a condition is to answer; no, if nothing is said.

    Raises:
        InvalidRequestError: it is neither true nor false.
    """
    faults = Faults()
    answer = _choice(parameters(query), "conditionmet", _TRUTHS, "conditionMet", faults)
    faults.raise_any()
    return answer


def _whole(given: Mapping[str, str], name: str, default: int, key: str, faults: Faults) -> int:
    text = given.get(name)
    if text is None:
        return default
    if _DIGITS.fullmatch(text.strip()) is None:
        faults.broken(key, "write a whole number")
        return default
    return int(text)


def _choice(
    given: Mapping[str, str],
    name: str,
    choices: Mapping[str, bool],
    key: str,
    faults: Faults,
) -> bool:
    text = given.get(name)
    if text is None:
        return False
    if (chosen := choices.get(text.strip().lower())) is None:
        faults.broken(key, f"choose one of {', '.join(choices)}")
        return False
    return chosen


def parameters(query: bytes) -> Mapping[str, str]:
    """The first value of each parameter, by its name in small letters.

    Raises:
        InvalidRequestError: the query is not UTF-8, or larger than anybody's question here.
    """
    if len(query) > LONGEST_QUERY:
        raise InvalidRequestError({"query": [f"write {LONGEST_QUERY} bytes at most"]})
    if query.count(b"&") >= MOST_PARAMETERS:
        raise InvalidRequestError({"query": [f"give {MOST_PARAMETERS} parameters at most"]})
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise InvalidRequestError({"query": ["the query is not UTF-8"]}) from None
    return {name.lower(): value for name, value in reversed(pairs)}
