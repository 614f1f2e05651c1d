"""Delivery reports of a Kannel gateway, as it brings them to us: in the query of a GET.

The query is the one that `kannel` asked for: `token` names the attempt, `dlr` is Kannel's number for
what has happened, `at` when it heard of it (seconds since 1970), and `error` the error code of an
SMPP carrier: three bytes, a kind of network and a number of that network's.

| `dlr` |                                  | state                                            |
| ----- | -------------------------------- | ------------------------------------------------ |
| 1     | the phone has it                 | `DELIVERED`                                      |
| 2     | the phone will not get it        | `FAILED`, `undelivered`                          |
| 34    | its time was up                  | `FAILED`, `expired_at_provider`                  |
| 66    | the carrier lost track of it     | `FAILED`, `undelivered`                          |
| 4     | the carrier waits for the phone  | `DELAYED`                                        |
| 8     | the carrier has taken it         | `DELAYED`: not yet delivered, and no failure     |
| 16    | the carrier has not taken it     | `FAILED`, `rejected`                             |

What has other bits besides decides as it does without them. What has none of these, or says that
the message has both arrived and failed, decides nothing: it is `DELAYED`, and kept by its code.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

from adapters.channels.reports import UnreadableReportError
from application.ports.report_inbox import Report
from domain.order.events import Failure, ReportedState

_DELIVERED: Final = 1
_FAILED: Final = 2
_REFUSED: Final = 16
_EXPIRED: Final = 32
_TOKEN: Final = re.compile(r"[0-9a-f]{32}")
_DLR: Final = re.compile(r"[0-9]{1,3}")
_SECONDS: Final = re.compile(r"[0-9]{1,10}")
_LONGEST: Final = 2048
_ERROR_BYTES: Final = 3


def read_kannel_report(query: Mapping[str, str] | bytes, *, provider: str) -> Sequence[Report]:
    """Read the delivery report in a query, be it taken apart or as it came.

    Raises:
        UnreadableReportError: it is none; nothing of it may be kept.
    """
    fields = _fields(query) if isinstance(query, bytes) else query
    token, dlr = fields.get("token", ""), fields.get("dlr", "")
    if _TOKEN.fullmatch(token) is None:
        raise UnreadableReportError("the report names no attempt")
    if _DLR.fullmatch(dlr) is None:
        raise UnreadableReportError("the report does not say what has happened")
    state, failure = _meaning(int(dlr))
    return [
        Report(
            provider=provider,
            reference=token,
            state=state,
            code=" ".join(["dlr", f"{int(dlr)}", *_error(fields.get("error", ""))]),
            failure=failure,
            occurred_at=_moment(fields.get("at", "")),
        )
    ]


def _fields(query: bytes) -> Mapping[str, str]:
    if len(query) > _LONGEST:
        raise UnreadableReportError("the report is too long")
    try:
        # The error code is bytes; in Latin-1 each is a character of its own.
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            encoding="latin-1",
            max_num_fields=16,
        )
    except ValueError:
        raise UnreadableReportError("the query cannot be read") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise UnreadableReportError("the report says something twice")
    return fields


def _meaning(dlr: int) -> tuple[ReportedState, Failure | None]:
    match bool(dlr & _DELIVERED), bool(dlr & _FAILED), bool(dlr & _REFUSED):
        case True, False, False:
            return ReportedState.DELIVERED, None
        case False, True, _:
            has_expired = bool(dlr & _EXPIRED)
            return (
                ReportedState.FAILED,
                Failure.EXPIRED_AT_PROVIDER if has_expired else Failure.UNDELIVERED,
            )
        case False, False, True:
            return ReportedState.FAILED, Failure.REJECTED
        case _:
            return ReportedState.DELAYED, None


def _error(text: str) -> Sequence[str]:
    """The carrier's error code in digits; nothing if there is none, or it is something else."""
    try:
        code = text.encode("latin-1")
    except UnicodeEncodeError:
        return ()
    if len(code) != _ERROR_BYTES:
        return ()
    return ("error", f"{code[0]}.{int.from_bytes(code[1:])}")


def _moment(text: str) -> datetime | None:
    if _SECONDS.fullmatch(text) is None:
        return None
    return datetime.fromtimestamp(int(text), UTC)
