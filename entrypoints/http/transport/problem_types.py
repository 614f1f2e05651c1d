"""The three families of problems on the wire, and how a refusal is told in each."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct


class ValidationProblem(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What is wrong with a request, by the place where it is wrong."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    """Where more is wrong than is told."""
    errors: Mapping[str, Sequence[str]]
    trace_id: str


class AltinnProblem(Struct, frozen=True, kw_only=True, rename="camel"):
    """A refusal of the second version, by Altinn's own codes."""

    type: str
    title: str
    status: int
    code: str
    status_description: str
    trace_id: str


class NotUsedProblem(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A source that was not used for a recipient, and why."""

    source: str
    channel: str | None = None
    reason: str
    words: str


class MissingRecipientProblem(Struct, frozen=True, kw_only=True, rename="camel"):
    """A recipient who cannot be reached, by their place in the request, and why."""

    pointer: str
    """Where in the request the recipient stands (RFC 6901)."""
    reasons: Sequence[NotUsedProblem]


class MissingContactProblem(AltinnProblem, frozen=True, kw_only=True, rename="camel"):
    """A refusal since somebody cannot be reached, with who that is by their place, and why."""

    recipients: Sequence[MissingRecipientProblem]


class PlainProblem(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Any other refusal (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    instance: str | None = None
    """Where what it is about is to be seen, if anywhere."""
    trace_id: str


class LaterProblem(PlainProblem, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A refusal for now; where the copy of a register is what it is for, which, and why."""

    registry: str | None = None
    """Of which register the copy cannot be relied on: `krr`, `businesses`."""
    reason: str | None = None
    """`copy_not_loaded`, or `copy_too_old`."""


class Empty(Struct, frozen=True):
    """A refusal without a body; its code stands in the log alone."""

    status: int
    code: str


class Plain(Struct, frozen=True):
    """A refusal in the plain family."""

    status: int
    code: str
    detail: str | None = None
    instance: str | None = None


class Altinn(Struct, frozen=True):
    """A refusal in Altinn's family."""

    status: int
    code: str
    title: str
    description: str


Refusal: TypeAlias = Empty | Plain | Altinn
