"""What is recorded of persons' profiles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from application.envelope import Actor, RecordedOfProfile
from application.ports.decision_point import bare
from domain.personal import Identifier
from domain.profile.events import ProfileAddress, ProfileEvent
from domain.profile.profile import Profile, ProfileId
from domain.recipient import OrganisationNumber


class ProfileRepository(Protocol):
    """Keeps the history of every person's profile, in the same log as those of the orders.

    What is appended is durable when `append` returns; every word of a person in it is sealed.
    """

    async def append(
        self, profile: Profile, events: Sequence[ProfileEvent], *, by: Actor
    ) -> Profile:
        """Record events that were decided on a profile, and return the profile as they leave it.

        Without events, return when what the decision rests on is as durable as what is appended.

        Raises:
            ConcurrentUpdateError: the profile is no longer at the version it was read at; nothing was
                recorded.
            StoreUnavailableError: the store cannot be reached; the same decision may be tried again.
        """
        ...

    async def load(self, profile_id: ProfileId) -> Profile:
        """Rebuild a person's profile; of whom nothing is recorded, one at version 0.

        Raises:
            SpoiltHistoryError: its history cannot be read.
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...

    async def load_all(self, profile_ids: Sequence[ProfileId]) -> Mapping[ProfileId, Profile]:
        """Rebuild many persons' profiles at once, each as `load` does.

        Raises:
            SpoiltHistoryError: the history of one of them cannot be read.
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...

    async def history(self, profile_id: ProfileId) -> Sequence[RecordedOfProfile]:
        """Everything recorded of one person's profile, oldest first; empty if there is nothing.

        Where words have been erased, what was recorded stands without them.

        Raises:
            SpoiltHistoryError: it cannot be read.
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What one person registered for one organisation, as it stands."""

    organisation: OrganisationNumber
    user: str
    """The user's id at the login service, or else the profile's; never a number."""
    person: Identifier | None = None
    """The national identity number, by which is asked whether the person may where no user's id is known."""
    resources: tuple[str, ...] = ()
    email: ProfileAddress | None = None
    mobile: ProfileAddress | None = None
    language: str | None = None
    """In which language the person has chosen to be spoken to, as ISO 639-1 writes it; None for no choice."""
    is_uncertain: bool = False
    """Whether what was registered cannot be read; then nothing else in it counts."""

    def is_about(self, resource: str) -> bool:
        """Whether the person wants to be told what concerns a resource."""
        return not self.resources or bare(resource) in self.resources


class ProfileIndex(Protocol):
    """Finds by organisation what persons registered."""

    async def registered_for(
        self, organisations: Sequence[OrganisationNumber]
    ) -> Sequence[Registered]:
        """What is registered for these organisations, in a stable order.

        Whatever was recorded before the question is in the answer. Whose words have been erased is not.

        Raises:
            StoreUnavailableError: the store cannot be reached, or the index is too far behind; try again
                later.
        """
        ...
