from typing_extensions import override

from adapters.memory.key_vault import InMemoryKeyVault
from application.profiles.profile_ids import ProfileIds

KARI, OLA = "15859010099", "06927530250"


class OtherKeys(InMemoryKeyVault):
    @override
    def keyed_hash(self, purpose: str, data: bytes) -> bytes:
        return super().keyed_hash(f"other {purpose}", data)


def test_a_person_has_one_profile_and_nobody_elses() -> None:
    ids = ProfileIds(InMemoryKeyVault())
    assert ids.of_person(KARI) == ids.of_person(KARI)
    assert len({ids.of_person(KARI), ids.of_person(OLA), ids.of_user(KARI)}) == 3


def test_under_other_keys_profiles_have_other_ids() -> None:
    one, other = ProfileIds(InMemoryKeyVault()), ProfileIds(OtherKeys())
    assert one.of_person(KARI) != other.of_person(KARI)
