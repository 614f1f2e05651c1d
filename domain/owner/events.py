"""What may happen to an owner's record; the tags and fields in here are a storage format.

An event holds what was decided, and why, in the words of whoever decided it.
Whose record it belongs to, its version, when it was recorded, and by whom, stand in the envelope.
Events change by addition only: a new field has a default, a changed meaning is a new event with a new tag.
"""

from typing import TypeAlias

from msgspec import Struct


class DailyLimits(Struct, frozen=True, kw_only=True):
    """How much an owner may order in a day; None for what the installation lets everybody."""

    recipients: int | None = None
    sms_segments: int | None = None


class OwnerRegistered(Struct, frozen=True, kw_only=True, tag="owner.registered"):
    """An owner may order here, by these organisation numbers; the event before does not hold any more."""

    name: str
    """Its short name as its tokens say it, in large and small letters."""
    organisations: tuple[str, ...]
    reason: str


class OwnerDeregistered(Struct, frozen=True, kw_only=True, tag="owner.deregistered"):
    """An owner may not order here any more."""

    reason: str


class TermsAgreed(Struct, frozen=True, kw_only=True, tag="owner.terms_agreed"):
    """As whom an owner may write, where answers go, whom it only tries out, and how much it may order.

    All of it holds from now on, and nothing of what was agreed before.
    """

    senders: tuple[str, ...] | None
    """By what senders are compared that it may use; None for those that the installation lets everybody."""
    reply_to: str | None
    test_recipients: tuple[str, ...]
    """Marks of those to whom nothing is ever sent: keyed hashes, by which they are known again.

    No words of theirs, not even sealed ones: they would be erased in time, and then be sent to.
    """
    limits: DailyLimits
    reason: str


class OwnerSuspended(Struct, frozen=True, kw_only=True, tag="owner.suspended"):
    """Nothing of the owner is taken in or handed over from now on."""

    reason: str


class OwnerResumed(Struct, frozen=True, kw_only=True, tag="owner.resumed"):
    """An owner that was suspended goes on."""

    reason: str


OwnerEvent: TypeAlias = (
    OwnerRegistered | OwnerDeregistered | TermsAgreed | OwnerSuspended | OwnerResumed
)
