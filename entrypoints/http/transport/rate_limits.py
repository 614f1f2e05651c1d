"""How an owner stands against its ceilings, in headers (draft-ietf-httpapi-ratelimit-headers)."""

from application.ordering.commands import Standing
from entrypoints.http.transport.responses import Headers


def rate_limit(standing: Standing | None) -> Headers:
    """The two headers; none where there is no ceiling."""
    if standing is None:
        return ()
    both = (
        ("recipients", standing.ceiling.recipients, standing.used.recipients),
        ("sms-segments", standing.ceiling.segments, standing.used.segments),
    )
    resets = int(standing.resets_in.total_seconds())
    held = [(name, most, max(most - used, 0)) for name, most, used in both if most is not None]
    policy = ", ".join(f'"{name}";q={most};w=86400' for name, most, _ in held)
    left = ", ".join(f'"{name}";r={rest};t={resets}' for name, _, rest in held)
    return ((b"ratelimit-policy", policy.encode()), (b"ratelimit", left.encode()))


def too_much(standing: Standing) -> Headers:
    """The same for a refusal, and when to ask again."""
    seconds = int(standing.resets_in.total_seconds()) + 1
    return ((b"retry-after", str(seconds).encode()), *rate_limit(standing))
