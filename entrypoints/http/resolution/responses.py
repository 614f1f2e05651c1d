"""An explanation on the wire: for programs by codes, and for people in sentences."""

from collections.abc import Sequence
from typing import Annotated, TypeAlias
from uuid import UUID

from msgspec import Struct

from application.queries.explanation import (
    Asked,
    LeftOut,
    LookupExplanation,
    OrderExplanation,
    Place,
    RecipientExplanation,
    Stage,
)
from application.queries.resolution_words import Basis, Outcome, WaitReason
from domain.channel import Channel
from domain.order.events import Reason, Source
from entrypoints.http.shipments.responses import WordingAnswer, wording_told
from entrypoints.http.transport.altinn_vocabulary import CHANNELS, ChannelWord
from entrypoints.http.transport.responses import Moment, utc
from entrypoints.http.validation.wire_struct import one_of

ChannelCode: TypeAlias = Annotated[str, one_of(Channel)]
SourceCode: TypeAlias = Annotated[str, one_of(Source)]
ReasonCode: TypeAlias = Annotated[str, one_of(Reason)]
OutcomeCode: TypeAlias = Annotated[str, one_of(Outcome)]
StageCode: TypeAlias = Annotated[str, one_of(Stage)]
BasisCode: TypeAlias = Annotated[str, one_of(Basis)]
WaitReasonCode: TypeAlias = Annotated[str, one_of(WaitReason)]
KindCode: TypeAlias = Annotated[
    str, one_of(("person", "organisation", "external_identity", "address"))
]


class AskedAnswer(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A register that was asked."""

    source: SourceCode
    change: str | None = None
    """At which change our copy of it was."""
    as_of: Moment | None = None
    """When our copy was last known to be up to date."""
    age_in_seconds: int | None = None
    """How long before it was asked that was."""
    words: str


class PlaceAnswer(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Where a recipient is reached, masked."""

    channel: ChannelCode
    address: str
    source: SourceCode
    main_unit: str | None = None
    """The organisation number of the main unit whose address it is."""
    user: str | None = None
    """Which end user registered it, as this explanation counts them."""
    wording: WordingAnswer | None = None
    """Which of the sender's texts goes there, where there are several."""
    words: str


class RuleAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """By which rule something was not used."""

    basis: BasisCode
    source: str


class NotUsedAnswer(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What was known and not used, and why."""

    source: SourceCode
    channel: ChannelCode | None = None
    reason: ReasonCode
    rule: RuleAnswer
    user: str | None = None
    duplicate_of: int | None = None
    """Which recipient gets the message there."""
    bounced_at: Moment | None = None
    """When what was sent there came back for good."""
    suppressed_until: Moment | None = None
    """Until when it is left alone for that."""
    words: str


class WaitsForAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """The register for whose answer the order waits."""

    registry: str
    reason: WaitReasonCode


class LookupAnswer(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One look-up of a recipient: what was asked, what was found, and what was not used."""

    stage: StageCode
    at: Moment | None = None
    outcome: OutcomeCode
    words: str
    asked: Sequence[AskedAnswer]
    found: Sequence[PlaceAnswer]
    not_used: Sequence[NotUsedAnswer]
    missing: Sequence[ChannelCode]
    """The channels on which the recipient cannot be reached."""
    found_total: int
    """How many contact points were found; no more of them are shown than the recipient's share."""
    not_used_total: int
    """How many were not used; of them as well."""
    not_shown: int = 0
    """How many of both are not shown."""
    waits_for: WaitsForAnswer | None = None
    """What keeps the look-up from being made, where that is a register."""


class RecipientExplainedAnswer(
    Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True
):
    """One recipient, by their place in the order from 0, and every look-up of them."""

    recipient: int
    kind: KindCode
    organization_number: str | None = None
    words: str
    lookups: Sequence[LookupAnswer]


class ResolutionAnswer(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Why each recipient of an order is notified where they are, or not at all."""

    order_id: UUID
    placed_at: Moment
    notification_channel: ChannelWord
    resource_id: str | None = None
    ignore_reservation: bool
    words: str
    recipients_total: int
    """How many recipients the order has."""
    recipients: Sequence[RecipientExplainedAnswer]
    """Those of the page."""


def resolution(explanation: OrderExplanation) -> ResolutionAnswer:
    """The explanation of an order."""
    return ResolutionAnswer(
        order_id=explanation.order_id,
        placed_at=utc(explanation.placed_at),
        notification_channel=CHANNELS[explanation.channel],
        resource_id=explanation.resource,
        ignore_reservation=explanation.ignores_reservation,
        words=explanation.words,
        recipients_total=explanation.recipients_in_all,
        recipients=[recipient_explained(each) for each in explanation.recipients],
    )


def recipient_explained(explanation: RecipientExplanation) -> RecipientExplainedAnswer:
    """The explanation of one recipient."""
    return RecipientExplainedAnswer(
        recipient=explanation.recipient_no,
        kind=explanation.kind,
        organization_number=explanation.organisation,
        words=explanation.words,
        lookups=[_lookup(each) for each in explanation.lookups],
    )


def _lookup(lookup: LookupExplanation) -> LookupAnswer:
    return LookupAnswer(
        stage=lookup.stage,
        at=None if lookup.at is None else utc(lookup.at),
        outcome=lookup.outcome,
        words=lookup.words,
        asked=[_asked(each) for each in lookup.asked],
        found=[_place(each) for each in lookup.found],
        not_used=[_not_used(each) for each in lookup.left_out],
        missing=list(lookup.missing),
        found_total=lookup.found_in_all,
        not_used_total=lookup.left_out_in_all,
        not_shown=lookup.not_shown,
        waits_for=None
        if (awaited := lookup.waits_for) is None
        else WaitsForAnswer(registry=awaited.registry, reason=awaited.reason),
    )


def _asked(asked: Asked) -> AskedAnswer:
    known = asked.consulted
    return AskedAnswer(
        source=asked.source,
        change=None if known is None else known.position,
        as_of=None if known is None or known.as_of is None else utc(known.as_of),
        age_in_seconds=None if asked.age is None else int(asked.age.total_seconds()),
        words=asked.words,
    )


def _place(place: Place) -> PlaceAnswer:
    return PlaceAnswer(
        channel=place.channel,
        address=place.address,
        source=place.source,
        main_unit=place.origin,
        user=place.user,
        wording=None if place.wording is None else wording_told(place.wording),
        words=place.words,
    )


def _not_used(left_out: LeftOut) -> NotUsedAnswer:
    bounced = left_out.suppression
    return NotUsedAnswer(
        source=left_out.source,
        channel=left_out.channel,
        reason=left_out.reason,
        rule=RuleAnswer(basis=left_out.rule.basis, source=left_out.rule.source),
        user=left_out.user,
        duplicate_of=left_out.duplicate_of,
        bounced_at=None if bounced is None else utc(bounced.bounced_at),
        suppressed_until=None if bounced is None else utc(bounced.until),
        words=left_out.words,
    )
