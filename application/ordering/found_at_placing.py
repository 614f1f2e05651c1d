"""What is found out about an order's recipients when it is placed: told, kept, or the reason to refuse it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from application.lookup_subjects import subjects
from application.ordering.commands import LookUp, MissingContact
from application.ports.recipient_index import RecipientIndex
from domain.operations.acts import AboutOrdered, NotUsed, OrderRefused
from domain.order.events import Considered
from domain.order.placing import sources_not_used
from domain.recipient import (
    Direct,
    ExternalIdentity,
    Identity,
    Organisation,
    Person,
    RecipientNo,
)
from domain.resolution import Finding, PersonFinding, Resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundAtPlacing:
    """What was found of those of one order's recipients who had to be looked up."""

    identities: Mapping[RecipientNo, Identity] = field(default_factory=dict)
    findings: Mapping[RecipientNo, Finding] = field(default_factory=dict)
    resolutions: Mapping[RecipientNo, Resolution] = field(default_factory=dict)

    @property
    def missing(self) -> Mapping[RecipientNo, tuple[Considered, ...]]:
        """Those without a contact point, and why; who has declined is told of as such instead.

        While nobody can be asked whether users may hear of it, nobody knows that there is none: it is
        asked again when the order is due.
        """
        return {
            number: sources_not_used(each.considered)
            for number, each in self.resolutions.items()
            if not each.found
            and not each.is_authority_open
            and not _has_declined(self.findings[number])
        }

    @property
    def told(self) -> LookUp | None:
        """What the sender is told; None if nobody had to be looked up."""
        if not self.identities:
            return None
        return LookUp(
            looked_up=len(self.identities),
            # Somebody who has declined is told of as reserved, whatever the order asks for.
            reserved=tuple(
                _number(self.identities[number])
                for number, finding in self.findings.items()
                if _has_declined(finding)
            ),
            missing=tuple(_number(self.identities[number]) for number in self.missing),
        )


def missing_contacts(chain: Sequence[FoundAtPlacing]) -> Iterator[MissingContact]:
    """Those of a chain who cannot be reached: of the order itself, and of each reminder."""
    for reminder, each in _by_reminder(chain):
        for number, considered in each.missing.items():
            yield MissingContact(reminder=reminder, recipient_no=number, considered=considered)


def order_refused(
    chain: Sequence[FoundAtPlacing], *, resource: str | None, index: RecipientIndex
) -> OrderRefused:
    """That a chain was refused, with everybody who was looked up for it."""
    return OrderRefused(
        about=tuple(
            AboutOrdered(
                kind=subject.kind,
                identity_hash=subject.identity_hash,
                reminder=reminder,
                is_missing=number in each.missing,
                not_used=_not_used(each.missing.get(number, ())),
            )
            for reminder, each in _by_reminder(chain)
            for number, identity in each.identities.items()
            for subject in subjects([identity], index)
        ),
        resource=resource,
    )


def _by_reminder(
    chain: Sequence[FoundAtPlacing],
) -> Iterator[tuple[int | None, FoundAtPlacing]]:
    for number, each in enumerate(chain):
        yield (number - 1 if number else None), each


def _not_used(considered: Sequence[Considered]) -> tuple[NotUsed, ...]:
    return tuple(
        NotUsed(source=each.source, reason=each.reason, channel=each.channel) for each in considered
    )


def _has_declined(finding: Finding) -> bool:
    return (
        isinstance(finding, PersonFinding)
        and finding.record is not None
        and finding.record.has_declined
    )


def _number(identity: Identity) -> str:
    match identity:
        case Person(number=number):
            return number.text
        case Organisation(number=organisation):
            return organisation
        case ExternalIdentity(urn=urn):
            return urn.text
        case Direct():
            return ""
