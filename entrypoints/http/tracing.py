"""The trace that a request belongs to (W3C Trace Context)."""

import re
import secrets
from typing import Final

from litestar.types import Scope

_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


def trace_id(scope: Scope) -> str:
    """The caller's trace with a span of our own; a new trace if the caller has named none."""
    given = [value for name, value in scope["headers"] if name == b"traceparent"]
    trace, flags = secrets.token_hex(16), "00"
    if len(given) == 1 and (match := _TRACEPARENT.fullmatch(given[0].decode("latin-1"))):
        its_trace, its_span, its_flags = match.groups()
        if its_trace.strip("0") and its_span.strip("0"):
            trace, flags = its_trace, its_flags
    return f"00-{trace}-{secrets.token_hex(8)}-{flags}"
