"""What is known of a request besides its answer: the trace that it belongs to, and why it was refused."""

import re
import secrets
from typing import Final

from litestar.types import Scope

_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_TRAIL: Final = "varsel_trail"


class Trail:
    """Follows one request, so that what its client was told is found in the log."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._trace_id: str | None = None
        self.code: str | None = None
        """The stable code of its refusal, as the client was told it; None if it was not refused."""
        self.reason: str | None = None
        """What is more precise than the code, for those who run the service alone."""

    @property
    def trace_id(self) -> str:
        """The caller's trace with a span of our own; a new trace if the caller has named none.

        As W3C Trace Context writes it; for one request always the same.
        """
        if self._trace_id is None:
            self._trace_id = _continued(self._scope)
        return self._trace_id


def trail(scope: Scope) -> Trail:
    """The trail of a request."""
    state = scope.setdefault("state", {})
    found = state.get(_TRAIL)
    if not isinstance(found, Trail):
        found = state[_TRAIL] = Trail(scope)
    return found


def _continued(scope: Scope) -> str:
    given = [value for name, value in scope["headers"] if name == b"traceparent"]
    trace, flags = secrets.token_hex(16), "00"
    if len(given) == 1 and (match := _TRACEPARENT.fullmatch(given[0].decode("latin-1"))):
        its_trace, its_span, its_flags = match.groups()
        if its_trace.strip("0") and its_span.strip("0"):
            trace, flags = its_trace, its_flags
    return f"00-{trace}-{secrets.token_hex(8)}-{flags}"
