"""Under which id somebody's profile lies: made of their number by a keyed hash, and telling nothing of it."""

from typing import Final

from application.opaque_ids import uuid8
from application.ports.key_vault import KeyVault
from domain.profile.profile import ProfileId

_PURPOSE: Final = "profile identity"


class ProfileIds:
    """Names profiles; who has no key can neither tell whose one is, nor try numbers out."""

    def __init__(self, vault: KeyVault) -> None:
        self._vault = vault

    def of_person(self, number: str) -> ProfileId:
        """The profile of a person, by the national identity number."""
        return self._named(f"person {number}")

    def of_user(self, user: str) -> ProfileId:
        """The profile of somebody of whom only the user's id at the login service is known."""
        return self._named(f"user {user}")

    def _named(self, words: str) -> ProfileId:
        return ProfileId(uuid8(self._vault.keyed_hash(_PURPOSE, words.encode())))
