"""Persons' profiles in memory, in the log of the orders, their words sealed as everywhere."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from eventsourcing.persistence import IntegrityError, Notification
from eventsourcing.popo import POPOApplicationRecorder

from adapters.event_store.envelope import ProfileEventMapper
from adapters.event_store.sealing import BoxKey, Sealer, StoredBox
from adapters.memory.kind_in_log import KindInLog
from application.envelope import Actor, RecordedOfProfile, recorded_of_profile
from application.ports.key_vault import KeyVault
from application.ports.order_repository import ConcurrentUpdateError
from application.ports.profiles import Registered
from domain.personal import PersonalClass
from domain.profile.events import ProfileAddress, ProfileEvent, SettingsChosen
from domain.profile.profile import Profile, ProfileId, evolve_all, rebuild
from domain.recipient import OrganisationNumber


class InMemoryProfileRepository:
    """Keeps the profiles in a log in memory."""

    def __init__(
        self,
        log: POPOApplicationRecorder,
        *,
        vault: KeyVault,
        clock: Callable[[], datetime],
        next_id: Callable[[], UUID],
    ) -> None:
        """Keep them in the log of a repository of orders, or in one of their own."""
        self._log = log
        self._mapper = ProfileEventMapper(Sealer(vault))
        self._clock = clock
        self._next_id = next_id
        self._boxes: dict[BoxKey, StoredBox] = {}
        self._recorded = KindInLog(log, "profile", _whose)

    @property
    def profiles(self) -> Sequence[Profile]:
        """Every profile that there is, for the look-ups of the same process."""
        return [self._load(each) for each in dict.fromkeys(self._recorded.after(0))]

    async def append(
        self, profile: Profile, events: Sequence[ProfileEvent], *, by: Actor
    ) -> Profile:
        now = self._clock()
        told = recorded_of_profile(profile, events, now, by, self._next_id())
        stored = [self._mapper.to_stored(each) for each in told]
        try:
            self._log.insert_events([event for event, _ in stored])
        except IntegrityError:
            raise ConcurrentUpdateError from None
        for _, boxes in stored:
            for box in boxes:
                self._boxes[box.place] = StoredBox(box.ciphertext, box.month, box.wrapped)
        return evolve_all(profile, [(each, now) for each in events])

    async def load(self, profile_id: ProfileId) -> Profile:
        return self._load(profile_id)

    async def load_all(self, profile_ids: Sequence[ProfileId]) -> Mapping[ProfileId, Profile]:
        return {each: self._load(each) for each in profile_ids}

    async def history(self, profile_id: ProfileId) -> Sequence[RecordedOfProfile]:
        return self._history(profile_id)

    def language_of(self, profile_id: ProfileId) -> str | None:
        """In which language the person has chosen to be spoken to; None for no choice."""
        told = [each.event for each in self._history(profile_id)]
        chosen = [each for each in told if isinstance(each, SettingsChosen)]
        return chosen[-1].settings.language if chosen else None

    async def erase(self, profile_id: ProfileId, kind: PersonalClass) -> None:
        """Remove the keys and the boxes of one class of a profile's personal data."""
        for place in [p for p in self._boxes if p.order_id == profile_id and p.kind == kind]:
            del self._boxes[place]

    def _load(self, profile_id: ProfileId) -> Profile:
        history = self._history(profile_id)
        return rebuild(profile_id, [(each.event, each.recorded_at) for each in history])

    def _history(self, profile_id: ProfileId) -> Sequence[RecordedOfProfile]:
        return [
            self._mapper.from_stored(each, self._boxes)
            for each in self._log.select_events(profile_id)
        ]


class InMemoryProfileIndex:
    """Finds by looking into every profile."""

    def __init__(self, profiles: InMemoryProfileRepository) -> None:
        self._profiles = profiles

    async def registered_for(
        self, organisations: Sequence[OrganisationNumber]
    ) -> Sequence[Registered]:
        profiles = sorted(self._profiles.profiles, key=lambda each: each.profile_id)
        return [
            Registered(
                organisation=organisation,
                user=each.user.text,
                person=None if each.person is None or each.person.is_erased else each.person,
                resources=each.resources,
                email=_unless_erased(each.email),
                mobile=_unless_erased(each.mobile),
                language=self._profiles.language_of(profile.profile_id),
            )
            for organisation in sorted(set(organisations))
            for profile in profiles
            if (each := profile.registrations.get(organisation)) and not each.user.is_erased
        ]


def _whose(stored: Notification) -> ProfileId:
    return ProfileId(UUID(str(stored.originator_id)))


def _unless_erased(told: ProfileAddress | None) -> ProfileAddress | None:
    return None if told is None or told.address.is_erased else told
