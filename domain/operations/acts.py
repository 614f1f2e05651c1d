"""Acts of people on the service itself; the tags and fields in here are a storage format.

An act holds what was done. Who did it, when, and why, stand in the record around it.
It is recorded before it is carried out, so that none is without a record; what it led to, where that
takes long, is an act of its own.
Acts change by addition only: a new field has a default, a changed meaning is a new act with a new tag.
"""

from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias
from uuid import UUID

from msgspec import Struct

from domain.channel import Channel
from domain.official_address import ChangeKind
from domain.order.events import Reason, Source
from domain.recipient import OrganisationNumber


class OwnerSuspended(Struct, frozen=True, kw_only=True, tag="act.owner_suspended"):
    """An owner was suspended: nothing of theirs is taken in or handed over until they are resumed."""

    owner: str


class OwnerResumed(Struct, frozen=True, kw_only=True, tag="act.owner_resumed"):
    """An owner that had been suspended was let go on."""

    owner: str


class OrderRetried(Struct, frozen=True, kw_only=True, tag="act.order_retried"):
    """An order that had brought three workers down was let be carried out again."""

    order_id: UUID


class RegistryImportBegun(Struct, frozen=True, kw_only=True, tag="act.registry_import_begun"):
    """Somebody began to load a register's pages into its local copy."""

    registry: str
    source: Literal["files", "feed", "anew"]
    """`anew` where the copy was loaded from the register's first change on, and took the other's place then."""
    files: int | None = None
    """How many files were named; None where the register's own feed was followed."""


class RegistryImportEnded(Struct, frozen=True, kw_only=True, tag="act.registry_import_ended"):
    """A register's pages were loaded into its local copy."""

    registry: str
    source: Literal["files", "feed", "anew"]
    pages: int
    written: int
    removed: int
    quarantined: int


class RegistryEntryRead(Struct, frozen=True, kw_only=True, tag="act.registry_entry_read"):
    """Somebody read what an entry of a register says that could not be read by the service."""

    registry: str
    entry_id: int
    identity_hash: str | None = None
    """A keyed hash of the number of whom it is about, as in `PersonLookedUp`; None if it does not tell."""


class RegistryRetryBegun(Struct, frozen=True, kw_only=True, tag="act.registry_retry_begun"):
    """Somebody had it tried again to read what could not be read of a register."""

    registry: str | None = None
    """None for every register."""


class ProjectionRebuildBegun(Struct, frozen=True, kw_only=True, tag="act.projection_rebuild_begun"):
    """Somebody began to rebuild a table from the events."""

    projection: str


class ProjectionRetried(Struct, frozen=True, kw_only=True, tag="act.projection_retried"):
    """Events that a projection had set aside were offered to it again."""

    projection: str | None = None
    """None for every projection."""


class AgendaRebuildBegun(Struct, frozen=True, kw_only=True, tag="act.agenda_rebuild_begun"):
    """Somebody began to rebuild the agenda from the histories."""


class HistoryRead(Struct, frozen=True, kw_only=True, tag="act.history_read"):
    """Somebody asked for an order's history, or for the order as it stood at a moment."""

    order_id: UUID
    as_at: datetime | None = None


class PersonLookedUp(Struct, frozen=True, kw_only=True, tag="act.person_looked_up"):
    """Support asked what had been sent to a person or an organisation."""

    kind: Literal["person", "organisation"]
    identity_hash: str
    """A keyed hash of the number, in hexadecimal: the same for the same number, and telling nothing of it."""
    since: datetime
    until: datetime
    orders: int
    """How many orders were found."""


class About(Struct, frozen=True, kw_only=True):
    """Somebody who was looked up."""

    kind: Literal["person", "organisation", "external_identity"]
    identity_hash: str
    """The same keyed hash as that of `PersonLookedUp`, so that one look-up is found beside another."""


class RecipientsLookedUp(Struct, frozen=True, kw_only=True, tag="act.recipients_looked_up"):
    """An owner asked where recipients would be reached, without ordering anything.

    For which purpose stands in the record, as the reason. What was answered is not kept.
    """

    about: tuple[About, ...]
    """Those of the recipients who had to be looked up; not those whose address the owner gave."""
    resource: str | None = None


class SuppressionLifted(Struct, frozen=True, kw_only=True, tag="act.suppression_lifted"):
    """An address that had bounced was let be used again."""

    channel: Channel
    address_hash: str
    """A keyed hash of the channel and the address, in hexadecimal, which tells nothing of it."""


class NotUsed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A source that was not used for somebody, and why."""

    source: Source
    reason: Reason
    channel: Channel | None = None


class AboutOrdered(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody who was looked up for an order."""

    kind: Literal["person", "organisation", "external_identity"]
    identity_hash: str
    """The same keyed hash as that of `PersonLookedUp`."""
    reminder: int | None = None
    """Which reminder it was for, from 0; None for the order itself."""
    is_missing: bool = False
    """Whether they had no contact point that could be used."""
    not_used: tuple[NotUsed, ...] = ()
    """Of who had none: why."""


class OrderRefused(Struct, frozen=True, kw_only=True, tag="act.order_refused"):
    """An owner's order was refused, since somebody whom it was for could not be reached: there is no order.

    Who was looked up for it is on record all the same.
    """

    about: tuple[AboutOrdered, ...]
    resource: str | None = None


class LookedUp(StrEnum):
    """What another service asked of several people or organisations."""

    PERSONS = "persons"
    """Where they are reached."""
    AVAILABILITY = "availability"
    """Whether people have addresses at all."""
    EXTERNAL_IDENTITIES = "external_identities"
    """Where those without a national number are reached."""
    ORGANISATIONS = "organisations"
    """Their official addresses."""
    USERS = "users"
    """Who wants to hear what concerns them, and where."""


class ContactPointsLookedUp(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag="act.contact_points_looked_up"
):
    """Another service asked where people or organisations are reached."""

    wanted: LookedUp
    about: tuple[About, ...]
    resource: str | None = None
    """What users were to be told about, where it was users who were asked for."""


class OfficialAddressChangeRequested(
    Struct, frozen=True, kw_only=True, tag="act.official_address_change_requested"
):
    """Somebody who may act for an organisation asked for a change to its addresses in the register."""

    organisation: OrganisationNumber
    change: ChangeKind


Act: TypeAlias = (
    OwnerSuspended
    | OwnerResumed
    | OrderRetried
    | RegistryImportBegun
    | RegistryImportEnded
    | RegistryEntryRead
    | RegistryRetryBegun
    | ProjectionRebuildBegun
    | ProjectionRetried
    | AgendaRebuildBegun
    | HistoryRead
    | PersonLookedUp
    | RecipientsLookedUp
    | SuppressionLifted
    | OrderRefused
    | ContactPointsLookedUp
    | OfficialAddressChangeRequested
)
