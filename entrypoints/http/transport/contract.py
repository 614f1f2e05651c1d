"""A route and its description are one thing: what is served is what the OpenAPI document tells of.

    @operation("GET", "/orders/{id}", name="readOrder", tag="Orders", replies={200: …})
    async def read_order(…) -> OrderAnswer:
        \"\"\"An order as it was placed.

        With the defaults filled in.
        \"\"\"

The docstring's first line is the summary in the document and what follows its description; what the
handler gives is the kind of its first reply.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, TypeAlias, get_type_hints

from litestar import Request, Response

from domain import limits
from entrypoints.http.transport.responses import JSON, PROBLEM, Answer

Endpoint: TypeAlias = Callable[..., Awaitable[object]]
Refusals: TypeAlias = Mapping[
    int | type[Exception], Callable[[Request[Any, Any, Any], Any], Response[Any]]
]


class Access(StrEnum):
    """Who may come in."""

    OPEN = "open"
    OWNER = "owner"
    SMS_GATEWAY = "sms_gateway"
    MAIL_SERVER = "mail_server"
    COMPOSED = "composed"
    SUPPORT = "support"
    LOOKUP = "lookup"
    CONTACT_POINTS = "contact_points"
    END_USER = "end_user"
    """A person who logged in, and nobody else."""
    METRICS = "metrics"
    FIGURES = "figures"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """Something that is named in the path, the query or a header."""

    name: str
    place: str = "path"
    words: str
    kind: str = "string"
    """What it is in JSON Schema: `string`, `integer` or `boolean`."""
    format: str | None = None
    values: Sequence[str] = ()
    """What it may be; none named means anything."""
    most: int | None = None
    """So many characters; None for a number or a choice."""
    is_required: bool = True
    example: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a request carries."""

    media_types: Sequence[str]
    also_read: Sequence[str] = ()
    """Other names under which the same is taken."""
    may_be_unnamed: bool = False
    """Whether what does not say of what kind it is, is taken for it."""
    most_bytes: int | None = None
    """So many bytes; None for as many as any request may have."""
    kind: Any = None
    """The wire struct; None for what is not JSON."""
    example: object = None
    is_checked: bool = True
    """Whether another kind of body is refused, or none at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One way in which a request is answered."""

    words: str
    kind: Any = None
    """The struct of the body; None for a body that is not JSON, or none."""
    media_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """What each header says, by its name."""
    example: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A method on a path: who may use it, what it takes, what it answers, and what does that."""

    name: str
    """The operation's name in the document; never changed once published."""
    method: str
    path: str
    access: Access
    tag: str
    summary: str
    words: str
    parameters: Sequence[Parameter]
    takes: Body | None
    replies: Mapping[int, Reply]
    refusals: Refusals
    """How it answers what is answered otherwise elsewhere."""
    endpoint: Endpoint
    """As Litestar calls it."""
    is_direct: bool = False
    """Whether it is called ahead of Litestar, too, with the request and what is there from the start."""

    @property
    def status(self) -> int:
        """That of the first reply: what is answered if nothing is amiss."""
        return min(self.replies)


def operation(
    method: str,
    path: str,
    *,
    name: str,
    tag: str,
    access: Access = Access.OWNER,
    words: str | None = None,
    parameters: Sequence[Parameter] = (),
    takes: Body | None = None,
    replies: Mapping[int, Reply],
    refusals: Refusals | None = None,
    is_direct: bool = False,
) -> Callable[[Endpoint], Route]:
    """Make a route of what answers it; `words` are for what several routes have in common."""

    def route(endpoint: Endpoint) -> Route:
        summary, _, further = inspect.cleandoc(endpoint.__doc__ or "").partition("\n")
        first, told = min(replies), get_type_hints(endpoint)["return"]
        kind = replies[first].kind if told in (Answer, type(None)) else told
        return Route(
            name=name,
            method=method,
            path=path,
            access=access,
            tag=tag,
            summary=summary.removesuffix("."),
            words=" ".join(further.split()) if words is None else words,
            parameters=parameters,
            takes=takes,
            replies={**replies, first: replace(replies[first], kind=kind)},
            refusals=refusals or {},
            endpoint=endpoint,
            is_direct=is_direct,
        )

    return route


IN_JSON: Final = JSON.decode().partition(";")[0]
IN_PROBLEM: Final = PROBLEM.decode()

ORDER_ID: Final = Parameter(
    name="id",
    words="The order's id; a shipment's id is one.",
    format="uuid",
    most=limits.WORD,
    example="5a1e1c44-1111-4f00-8aaa-9b9b9b9b9b9b",
)
