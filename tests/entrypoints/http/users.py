"""Organisations with very many users, of whom every other may hear of what an order is about."""

from collections.abc import Sequence

from adapters.memory.decision_point import InMemoryDecisionPoint
from adapters.memory.registries import InMemoryProfileRegistry
from application.ports.decision_point import Question
from domain.contact_point import ProfileRecord, RegisteredAddress
from domain.personal import Contact
from domain.recipient import OrganisationNumber
from tests.entrypoints.http.installation import Installation

RESOURCE = "urn:altinn:resource:tax-2026"
_BARE = "tax-2026"


def organisations(many: int) -> Sequence[OrganisationNumber]:
    """The numbers of so many organisations."""
    return [number for number in map(_numbered, range(many * 12)) if number is not None][:many]


def with_users(many: int, *, each: int) -> Installation:
    """An installation with so many organisations, of which so many users have registered."""
    numbers = organisations(many)
    users = {number: _users(place, each) for place, number in enumerate(numbers)}
    may = [
        Question(user.user, number, _BARE, "read")
        for number in numbers
        for user in users[number][::2]
    ]
    return Installation(
        decision_point=InMemoryDecisionPoint(may),
        profiles=InMemoryProfileRegistry({(number, _BARE): users[number] for number in numbers}),
    )


def _users(organisation: int, many: int) -> Sequence[ProfileRecord]:
    return [
        ProfileRecord(
            user=f"{20_000_000 + organisation * many + place}",
            email=RegisteredAddress(address=Contact(f"user{place}@{organisation}.example.org")),
            mobile=RegisteredAddress(address=Contact(f"+474{organisation * many + place:07}")),
        )
        for place in range(many)
    ]


def _numbered(place: int) -> OrganisationNumber | None:
    digits = f"{90_000_000 + place}"
    weighed = sum(
        int(digit) * weight for digit, weight in zip(digits, (3, 2, 7, 6, 5, 4, 3, 2), strict=True)
    )
    check = -weighed % 11
    return None if check == 10 else OrganisationNumber(f"{digits}{check}")
