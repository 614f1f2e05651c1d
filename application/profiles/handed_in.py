"""What another service registered for persons is taken over into their profiles, with who said so and why."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from application.envelope import Actor
from application.operations.recorder import reason_in_a_line
from application.ports.order_repository import ConcurrentUpdateError
from application.ports.profiles import ProfileRepository
from application.profiles.profile_ids import ProfileIds
from domain.personal import Identifier
from domain.profile.events import ProfileAddress, ProfileEvent
from domain.profile.profile import Profile, ProfileId, evolve_all
from domain.recipient import OrganisationNumber

_AT_ONCE: Final = 500
"""So many persons' profiles are read together, and written together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedIn:
    """What one person registered elsewhere for one organisation."""

    person: Identifier | None = None
    """The national identity number, where it is told."""
    user: Identifier
    """The user's id at the login service."""
    organisation: OrganisationNumber
    resources: tuple[str, ...] = ()
    email: ProfileAddress | None = None
    mobile: ProfileAddress | None = None
    is_withdrawn: bool = False


class TakenOver(NamedTuple):
    """How many registrations were taken over, and how many withdrawn."""

    registered: int
    withdrawn: int


class HandInService:
    """Takes registrations over, one person after another; twice is the same as once."""

    def __init__(
        self, *, profiles: ProfileRepository, ids: ProfileIds, clock: Callable[[], datetime]
    ) -> None:
        self._profiles = profiles
        self._ids = ids
        self._clock = clock

    async def take_over(self, entries: Sequence[HandedIn], *, by: Actor, reason: str) -> TakenOver:
        """Take registrations over, those of one person in their order.

        Raises:
            ReasonMissingError: nobody would know why; nothing was done.
            SpoiltHistoryError: what was recorded of one of them cannot be read; some may be done.
            StoreUnavailableError: some may be done; do it again.
        """
        why = reason_in_a_line(reason)
        by_profile: dict[ProfileId, list[HandedIn]] = {}
        for entry in entries:
            by_profile.setdefault(self._profile_id(entry), []).append(entry)
        several = [*by_profile.items()]
        for first in range(0, len(several), _AT_ONCE):
            some = several[first : first + _AT_ONCE]
            profiles = await self._profiles.load_all([profile_id for profile_id, _ in some])
            await asyncio.gather(
                *(
                    self._take_over(profiles[profile_id], theirs, by=by, reason=why)
                    for profile_id, theirs in some
                )
            )
        withdrawn = sum(each.is_withdrawn for each in entries)
        return TakenOver(len(entries) - withdrawn, withdrawn)

    def _profile_id(self, entry: HandedIn) -> ProfileId:
        if entry.person is None:
            return self._ids.of_user(entry.user.text)
        return self._ids.of_person(entry.person.text)

    async def _take_over(
        self, profile: Profile, entries: Sequence[HandedIn], *, by: Actor, reason: str
    ) -> None:
        while True:
            now = self._clock()
            then, events = profile, list[ProfileEvent]()
            for entry in entries:
                decided = _decided(entry, then, reason, now)
                then = evolve_all(then, [(each, now) for each in decided])
                events += decided
            if not events:
                return
            try:
                await self._profiles.append(profile, events, by=by)
            except ConcurrentUpdateError:
                profile = await self._profiles.load(profile.profile_id)
                continue
            return


def _decided(
    entry: HandedIn, profile: Profile, reason: str, now: datetime
) -> Sequence[ProfileEvent]:
    if entry.is_withdrawn:
        return profile.withdraw(entry.organisation, reason=reason)
    opened = profile.open(entry.person, entry.user)
    then = evolve_all(profile, [(each, now) for each in opened])
    registered = then.take_over(
        entry.organisation,
        email=entry.email,
        mobile=entry.mobile,
        resources=entry.resources,
        reason=reason,
    )
    return (*opened, *registered)
