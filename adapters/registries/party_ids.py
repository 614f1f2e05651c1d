"""By which ids the party register knows organisations, asked of it over HTTP."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct
from yarl import URL

from adapters.registries.registry_http import ask
from application.ports.registries import RegistryUnavailableError
from domain.recipient import OrganisationNumber

_REGISTRY: Final = "party_register"
_LARGEST: Final = 256 * 1024
_SECONDS: Final = 5.0
_AT_ONCE: Final = 100
"""How many the register takes in one question."""
_NUMBER: Final = re.compile(r"[0-9]{9}")


class _Party(Struct, frozen=True, rename="camel"):
    party_id: int
    org_number: str | None = None


_read = msgspec.json.Decoder(list[_Party]).decode


class PartyRegisterIds:
    """Knows party ids by asking the register, a hundred in one question; one that fails is no answer."""

    def __init__(
        self, url: str, token: Callable[[], Awaitable[str]], *, seconds: float = _SECONDS
    ) -> None:
        """Take where the register lies, and who gives the token by which it knows us.

        Args:
            url: the register's base address; `/parties/identifiers` is asked below it.
            token: gives a platform access token that holds just now.
            seconds: how long a question may take.
        """
        self._url = URL(url.rstrip("/")) / "parties" / "identifiers"
        self._token = token
        self._seconds = seconds

    async def find(
        self, organisations: Sequence[OrganisationNumber]
    ) -> Mapping[OrganisationNumber, int]:
        # What is no number would have the register refuse the others with it.
        asked = [each for each in dict.fromkeys(organisations) if _NUMBER.fullmatch(each)]
        found: dict[OrganisationNumber, int] = {}
        for start in range(0, len(asked), _AT_ONCE):
            found |= await self._some(asked[start : start + _AT_ONCE])
        return found

    async def _some(self, asked: Sequence[OrganisationNumber]) -> Mapping[OrganisationNumber, int]:
        body = await ask(
            _REGISTRY,
            self._url.with_query(orgs=",".join(asked)),
            largest=_LARGEST,
            seconds=self._seconds,
            headers={"PlatformAccessToken": await self._token()},
        )
        try:
            parties = _read(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise RegistryUnavailableError(_REGISTRY) from None
        # By number, not by place: nobody promises the order of the answer.
        told = {each.org_number: each.party_id for each in parties}
        return {each: told[each] for each in asked if each in told}
