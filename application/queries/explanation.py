"""What a look-up of recipients found, what it left out, and why: the same for an order and for a trial of one.

Everything is read from events: those of an order's history, or those that an order would have recorded.
Nothing is looked up again, so that what is explained is what was decided. Addresses and numbers are masked,
and an end user is `user 1`, `user 2`, as this one explanation counts them: nobody can tell from two
explanations whether they speak of the same user.
"""

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal, TypeAlias

from application.masking import masked
from application.queries import resolution_words as words_of
from application.queries.resolution_words import Outcome, Rule, WaitReason
from domain.channel import Channel, ChannelChoice
from domain.order.events import (
    AuthorityUnknown,
    Considered,
    Consulted,
    ContactNotFound,
    ContactResolved,
    NotificationNo,
    OrderEvent,
    OrderId,
    OrderPlaced,
    PlacingLookup,
    Reason,
    RecipientReserved,
    Source,
    Suppression,
    Target,
    Unreachable,
    Wording,
)
from domain.personal import Identifier
from domain.recipient import (
    Direct,
    ExternalIdentity,
    Identity,
    Organisation,
    OrganisationNumber,
    Person,
    Recipient,
    RecipientNo,
)

Kind: TypeAlias = Literal["person", "organisation", "external_identity", "address"]

Recorded: TypeAlias = tuple[OrderEvent, datetime]
"""An event, and when it was recorded."""

LINES: Final = 2_000
"""So many contact points are shown at most, and as many that were not used, where an answer must end."""

_OUTCOMES: Final = (ContactResolved, ContactNotFound, RecipientReserved)


class Stage(StrEnum):
    """When somebody was looked up."""

    PLACED = "placed"
    """When the order was placed, to tell its sender who cannot be reached."""
    RESOLVED = "resolved"
    """Before it was sent, to find where to; this decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A register that was asked."""

    source: Source
    consulted: Consulted | None
    """As of when what it answered holds; None where that is not recorded."""
    age: timedelta | None
    """How old that was when it was asked."""
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where somebody is reached, masked, and where that was found."""

    notification_no: NotificationNo
    channel: Channel
    address: str
    source: Source
    origin: OrganisationNumber | None
    """The unit whose address it is, where that is not the recipient itself."""
    user: str | None
    wording: Wording | None
    """Which of the sender's texts goes there, where there are several."""
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What was known and not used, and by which rule."""

    source: Source
    channel: Channel | None
    reason: Reason
    rule: Rule
    user: str | None
    duplicate_of: RecipientNo | None
    suppression: Suppression | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """A register for whose answer an order waits, and why that is not there."""

    registry: str
    reason: WaitReason


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupExplanation:
    """One look-up of one recipient."""

    stage: Stage
    at: datetime | None
    """When what came of it was recorded; None where nothing was."""
    outcome: Outcome
    asked: Sequence[Asked] = ()
    found: Sequence[Place] = ()
    left_out: Sequence[LeftOut] = ()
    missing: Sequence[Channel] = ()
    """The channels on which the recipient was to be reached, and cannot be."""
    found_in_all: int = 0
    left_out_in_all: int = 0
    """How many there are, of which no more may be shown than the recipient's share."""
    waits_for: Awaited | None = None
    """What keeps it from being made, where that is a register."""
    words: str

    @property
    def not_shown(self) -> int:
        """How many contact points, used or not, are not shown."""
        return self.found_in_all + self.left_out_in_all - len(self.found) - len(self.left_out)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientExplanation:
    """One recipient of an order, and every look-up of them, in the order of time."""

    recipient_no: RecipientNo
    kind: Kind
    organisation: OrganisationNumber | None
    words: str
    lookups: Sequence[LookupExplanation]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderExplanation:
    """Why each recipient of an order is notified where they are, or not at all."""

    order_id: OrderId
    owner: str
    placed_at: datetime
    channel: ChannelChoice
    resource: str | None
    ignores_reservation: bool
    words: str
    recipients_in_all: int
    recipients: Sequence[RecipientExplanation]
    """Those of the page that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientPage:
    """Which recipients of an order are explained: so many at most, from one of them on."""

    start: RecipientNo
    size: int


@dataclass(slots=True)
class _Users:
    """Names end users by the order in which an explanation comes to speak of them."""

    known: dict[Identifier, str] = field(default_factory=dict)

    def name(self, user: Identifier | None) -> str | None:
        if user is None:
            return None
        if user.is_erased:
            return words_of.ERASED_USER
        return self.known.setdefault(user, words_of.user(len(self.known) + 1))


def explaining(
    order_id: OrderId,
    history: Sequence[Recorded],
    waits_for: Awaited | None = None,
    page: RecipientPage | None = None,
) -> Generator[None, None, OrderExplanation]:
    """Explain an order by its history, in steps of a recipient each: it may have a thousand.

    `waits_for` names the register for whose answer the order waits, if it does. A `page` bounds both how
    many recipients are explained and how much is told of each; without one everything is.
    """
    (placed, placed_at), *since = history
    if not isinstance(placed, OrderPlaced):
        raise TypeError("an order's history opens with OrderPlaced")
    resolved = resolutions(since)
    lookup = PlacingLookup() if placed.lookup is None else placed.lookup
    unreachable = {each.recipient_no: each for each in lookup.unreachable}
    users = _Users()
    told_of = placed.recipients
    if page is not None:
        told_of = told_of[page.start : page.start + page.size]
    share = None if page is None else _share(len(told_of))
    recipients = []
    for each in told_of:
        found_then, found = unreachable.get(each.recipient_no), resolved.get(each.recipient_no)
        lookups = (
            _when_placed(each.identity, placed, placed_at, found_then, share),
            _before_sending(each.identity, placed, found, users, share, waits_for=waits_for),
        )
        recipients.append(_recipient(each, lookups))
        yield
    return OrderExplanation(
        order_id=order_id,
        owner=placed.owner,
        placed_at=placed_at,
        channel=placed.channel,
        resource=placed.resource,
        ignores_reservation=bool(placed.ignore_reservation),
        words=words_of.order(placed),
        recipients_in_all=len(placed.recipients),
        recipients=recipients,
    )


def explaining_resolution(
    placed: OrderPlaced, events: Sequence[OrderEvent], at: datetime
) -> Generator[None, None, Sequence[RecipientExplanation]]:
    """Explain what resolving its recipients at a moment made of an order, as if it had been recorded then.

    In steps of a recipient each: it may be an organisation with very many users, of whom a share is told.
    """
    resolved, users = resolutions((each, at) for each in events), _Users()
    share = _share(len(placed.recipients))
    recipients = []
    for each in placed.recipients:
        found = resolved.get(each.recipient_no)
        lookup = _before_sending(each.identity, placed, found, users, share)
        recipients.append(_recipient(each, (lookup,)))
        yield
    return recipients


def resolutions(events: Iterable[Recorded]) -> Mapping[RecipientNo, Sequence[Recorded]]:
    """The events that tell what came of looking recipients up, by recipient."""
    found: dict[RecipientNo, list[Recorded]] = {}
    for event, at in events:
        if isinstance(event, _OUTCOMES):
            found.setdefault(event.recipient_no, []).append((event, at))
        elif isinstance(event, AuthorityUnknown):
            for recipient_no in event.recipients:
                found.setdefault(recipient_no, []).append((event, at))
    return found


def _share(recipients: int) -> int:
    """How many lines each recipient may have, so that an answer about any of them ends."""
    return max(1, LINES // max(1, recipients))


def _recipient(recipient: Recipient, lookups: Sequence[LookupExplanation]) -> RecipientExplanation:
    identity = recipient.identity
    return RecipientExplanation(
        recipient_no=recipient.recipient_no,
        kind=_kind(identity),
        organisation=identity.number if isinstance(identity, Organisation) else None,
        words=words_of.recipient(recipient),
        lookups=lookups,
    )


def _kind(identity: Identity) -> Kind:
    match identity:
        case Person():
            return "person"
        case Organisation():
            return "organisation"
        case ExternalIdentity():
            return "external_identity"
        case Direct():
            return "address"


def _when_placed(
    identity: Identity,
    placed: OrderPlaced,
    placed_at: datetime,
    found: Unreachable | None,
    share: int | None,
) -> LookupExplanation:
    """What was known of a recipient when the order was placed, as far as it was kept."""
    known = placed.lookup
    if isinstance(identity, Direct):
        return _not_asked(Outcome.NOT_NEEDED, placed_at)
    if known is None:
        return _not_asked(Outcome.NOT_KEPT, placed_at)
    if known.unanswered:
        return _not_asked(Outcome.UNANSWERED, placed_at)
    sources = _sources(identity, placed, ())
    asked = [_asked(each, known.consulted, placed_at) for each in sources]
    if found is None:
        return LookupExplanation(
            stage=Stage.PLACED,
            at=placed_at,
            outcome=Outcome.REACHABLE,
            asked=asked,
            words=words_of.outcome(Outcome.REACHABLE),
        )
    reached = [each for each in placed.channel.wanted if each not in found.missing]
    outcome = _outcome(reached, found.missing, is_reserved=found.is_reserved)
    return LookupExplanation(
        stage=Stage.PLACED,
        at=placed_at,
        outcome=outcome,
        asked=asked,
        left_out=[_left_out(each, _Users()) for each in found.considered[:share]],
        missing=found.missing,
        left_out_in_all=len(found.considered),
        words=words_of.outcome(outcome, reached, found.missing)
        + words_of.not_shown(_beyond(share, found.considered)),
    )


def _not_asked(outcome: Outcome, placed_at: datetime) -> LookupExplanation:
    return LookupExplanation(
        stage=Stage.PLACED, at=placed_at, outcome=outcome, words=words_of.outcome(outcome)
    )


def _before_sending(
    identity: Identity,
    placed: OrderPlaced,
    events: Sequence[Recorded] | None,
    users: _Users,
    share: int | None,
    *,
    waits_for: Awaited | None = None,
) -> LookupExplanation:
    if not events:
        return LookupExplanation(
            stage=Stage.RESOLVED,
            at=None,
            outcome=Outcome.NOT_YET,
            waits_for=waits_for,
            words=words_of.outcome(Outcome.NOT_YET)
            if waits_for is None
            else words_of.waits_for(waits_for.registry, waits_for.reason),
        )
    last, at = events[-1]
    if isinstance(last, AuthorityUnknown):
        return LookupExplanation(
            stage=Stage.RESOLVED,
            at=at,
            outcome=Outcome.WAITS,
            words=words_of.waits(last.until),
        )
    targets: list[Target] = []
    considered: list[Considered] = []
    missing: list[Channel] = []
    consulted: list[Consulted] = []
    is_reserved = False
    for event, _ in events:
        match event:
            case ContactResolved():
                targets += event.targets
            case ContactNotFound():
                missing += [channel for _, channel in event.notifications]
            case RecipientReserved():
                missing += [channel for _, channel in event.notifications]
                is_reserved = True
            case _:
                continue
        considered += event.considered
        consulted += event.consulted
    reached = [each.channel for each in targets]
    outcome = _outcome(reached, missing, is_reserved=is_reserved)
    return LookupExplanation(
        stage=Stage.RESOLVED,
        at=at,
        outcome=outcome,
        asked=[_asked(each, consulted, at) for each in _sources(identity, placed, considered)],
        found=[_place(each, users) for each in targets[:share]],
        left_out=[_left_out(each, users) for each in considered[:share]],
        missing=missing,
        found_in_all=len(targets),
        left_out_in_all=len(considered),
        words=words_of.outcome(outcome, reached, missing)
        + words_of.not_shown(_beyond(share, targets, considered)),
    )


def _beyond(share: int | None, *told: Sequence[object]) -> int:
    """How much is not shown of what there is to tell."""
    return 0 if share is None else sum(max(0, len(each) - share) for each in told)


def _asked(source: Source, consulted: Sequence[Consulted], at: datetime) -> Asked:
    known = next((each for each in consulted if each.source is source), None)
    return Asked(
        source=source,
        consulted=known,
        age=None if known is None or known.as_of is None else max(at - known.as_of, timedelta()),
        words=words_of.asked(source, known, at),
    )


def _outcome(
    found: Sequence[Channel],
    missing: Sequence[Channel],
    *,
    is_reserved: bool,
) -> Outcome:
    if is_reserved:
        return Outcome.RESERVED
    if missing:
        return Outcome.PARTLY_REACHED if found else Outcome.NOT_REACHED
    return Outcome.REACHED if found else Outcome.DUPLICATE


def _sources(
    identity: Identity, placed: OrderPlaced, considered: Sequence[Considered]
) -> Sequence[Source]:
    """Who is asked about a recipient of this kind; nobody about one who stands in the order twice."""
    if any(each.source is Source.SENDER and each.duplicate_of is not None for each in considered):
        return ()
    match identity:
        case Person():
            return (Source.KRR,)
        case Organisation() if placed.resource:
            return (Source.BUSINESS_REGISTER, Source.USER_PROFILE)
        case Organisation():
            return (Source.BUSINESS_REGISTER,)
        case ExternalIdentity():
            return (Source.LOGIN_SERVICE,)
        case Direct():
            return ()


def _place(target: Target, users: _Users) -> Place:
    address, user = masked(target.address), users.name(target.user)
    words = words_of.found(target.channel, address, target.source, target.origin, user)
    if target.wording is not None:
        words = f"{words} {words_of.in_language(target.wording)}"
    return Place(
        notification_no=target.notification_no,
        channel=target.channel,
        address=address,
        source=target.source,
        origin=target.origin,
        user=user,
        wording=target.wording,
        words=words,
    )


def _left_out(considered: Considered, users: _Users) -> LeftOut:
    user = users.name(considered.user)
    return LeftOut(
        source=considered.source,
        channel=considered.channel,
        reason=considered.reason,
        rule=words_of.rule(considered.reason),
        user=user,
        duplicate_of=considered.duplicate_of,
        suppression=considered.suppression,
        words=words_of.left_out(considered, user),
    )
