"""Whom an order is for: people, organisations, or whoever reads a given address."""

from typing import NewType, TypeAlias

from msgspec import Struct

from domain.personal import Contact, Identifier

RecipientNo = NewType("RecipientNo", int)
"""A recipient's place in its order, from 0."""

OrganisationNumber = NewType("OrganisationNumber", str)
"""Nine digits, given by the Central Coordinating Register for Legal Entities; public, so never sealed."""


class Person(Struct, frozen=True, tag="person"):
    """A natural person in a private capacity, by the number of the population register."""

    number: Identifier


class Organisation(Struct, frozen=True, tag="organisation"):
    """A legal entity or one of its sub-units, and those who act for it."""

    number: OrganisationNumber


class ExternalIdentity(Struct, frozen=True, tag="external_identity"):
    """Somebody without a national number, known to the login service by a URN."""

    urn: Identifier


class Direct(Struct, frozen=True, tag="direct"):
    """Whoever reads the address that the sender gave; nothing is looked up."""

    email: Contact | None = None
    mobile: Contact | None = None


Identity: TypeAlias = Person | Organisation | ExternalIdentity | Direct


class Recipient(Struct, frozen=True):
    """One whom an order is for, under the number by which its events speak of them."""

    recipient_no: RecipientNo
    identity: Identity
