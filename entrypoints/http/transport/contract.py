"""How a route is described: to the reader of the OpenAPI document, and to the tests that try every door."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from domain import limits
from entrypoints.http.transport.responses import JSON, PROBLEM


class Access(StrEnum):
    """Who may come in."""

    OPEN = "open"
    OWNER = "owner"
    SMS_GATEWAY = "sms_gateway"
    MAIL_SERVER = "mail_server"
    COMPOSED = "composed"
    SUPPORT = "support"
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
    """A method on a path, who may use it, what it takes and what it answers."""

    name: str
    """The operation's name in the document; never changed once published."""
    method: str
    path: str
    access: Access = Access.OWNER
    tag: str
    summary: str
    words: str = ""
    parameters: Sequence[Parameter] = ()
    takes: Body | None = None
    replies: Mapping[int, Reply]


IN_JSON: Final = JSON.decode().partition(";")[0]
IN_PROBLEM: Final = PROBLEM.decode()

ORDER_ID: Final = Parameter(
    name="id",
    words="The order's id; a shipment's id is one.",
    format="uuid",
    most=limits.WORD,
    example="5a1e1c44-1111-4f00-8aaa-9b9b9b9b9b9b",
)
