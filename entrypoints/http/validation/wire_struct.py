"""What all bodies are made of: texts with their limits, under the names that clients know.

An enumeration comes by its name in any case or by its number, a number as one or as text; both are
read where the rules are. Members that are not known are ignored.
"""

from collections.abc import Iterable
from typing import Annotated, ClassVar, TypeAlias

from msgspec import Meta, Struct, UnsetType

from domain import limits

Word: TypeAlias = Annotated[str, Meta(max_length=limits.WORD)]
Enumeration: TypeAlias = Word | int
Number: TypeAlias = int | Word
Moment: TypeAlias = Word | UnsetType
"""A date and time with its zone (RFC 3339); it may be left out, and may not be null."""

IdempotencyKey: TypeAlias = Annotated[str, Meta(max_length=limits.IDEMPOTENCY_KEY)]
SendersReference: TypeAlias = Annotated[str, Meta(max_length=limits.SENDERS_REFERENCE)]
Resource: TypeAlias = Annotated[str, Meta(max_length=limits.RESOURCE)]
DialogueId: TypeAlias = Annotated[str, Meta(max_length=limits.DIALOGUE)]
Subject: TypeAlias = Annotated[str, Meta(max_length=limits.SUBJECT)]
EmailAddress: TypeAlias = Annotated[str, Meta(max_length=limits.EMAIL_ADDRESS)]
MobileNumber: TypeAlias = Annotated[str, Meta(max_length=limits.MOBILE_NUMBER)]
NationalNumber: TypeAlias = Annotated[str, Meta(max_length=limits.NATIONAL_NUMBER)]
OrganisationNumber: TypeAlias = Annotated[str, Meta(max_length=limits.ORGANISATION_NUMBER)]
ExternalUrn: TypeAlias = Annotated[str, Meta(max_length=limits.EXTERNAL_IDENTITY)]
SmsSender: TypeAlias = Annotated[str, Meta(max_length=limits.SMS_SENDER)]
Url: TypeAlias = Annotated[str, Meta(max_length=limits.URL)]
FileName: TypeAlias = Annotated[str, Meta(max_length=limits.FILE_NAME)]
Purpose: TypeAlias = Annotated[str, Meta(max_length=limits.PURPOSE)]
MediaType: TypeAlias = Annotated[str, Meta(max_length=limits.MEDIA_TYPE)]

Text: TypeAlias = str
"""What a message says: the request's own limit is its limit."""


def one_of(words: Iterable[str]) -> Meta:
    """What may stand in a member, as the document tells it in that order."""
    return Meta(extra_json_schema={"enum": [*words]})


class WireStruct(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A body or a part of one; written out again, it has the members alone that said something."""

    property_names: ClassVar[dict[str, str]] = {}
    """Property names in faults, where they are not the member's own in Pascal case."""
