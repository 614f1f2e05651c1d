"""What people and organisations are called, asked of the party register over HTTP."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct
from yarl import URL

from adapters.registries.registry_http import ask
from application.ports.registries import RegistryUnavailableError
from domain.recipient import OrganisationNumber

_REGISTRY: Final = "party_register"
_LARGEST: Final = 1024 * 1024
_SECONDS: Final = 5.0
_PARTIES: Final = 1000
"""How many are asked about in one question."""


class _Party(Struct, frozen=True, rename={"org_no": "orgNo"}, omit_defaults=True):
    org_no: str | None = None
    ssn: str | None = None


class _Question(Struct, frozen=True):
    parties: Sequence[_Party]


class _PartyName(_Party, frozen=True):
    name: str | None = None


class _Answer(Struct, frozen=True, rename={"party_names": "partyNames"}):
    party_names: list[_PartyName]


_read = msgspec.json.Decoder(_Answer).decode


class PartyRegister:
    """Knows names by asking the party register, a thousand in one question."""

    def __init__(
        self, url: str, token: Callable[[], Awaitable[str]], *, seconds: float = _SECONDS
    ) -> None:
        """Take where the register lies, and who gives the token by which it knows us.

        Args:
            url: the register's base address; `/parties/nameslookup` is asked below it.
            token: gives a platform access token that holds just now.
            seconds: how long a question may take.
        """
        self._url = URL(url.rstrip("/")) / "parties" / "nameslookup"
        self._token = token
        self._seconds = seconds

    async def find(
        self, persons: Sequence[str], organisations: Sequence[OrganisationNumber]
    ) -> Mapping[str, str]:
        asked = [
            *(_Party(ssn=number) for number in persons),
            *(_Party(org_no=number) for number in organisations),
        ]
        named: list[_PartyName] = []
        for start in range(0, len(asked), _PARTIES):
            named += await self._names(asked[start : start + _PARTIES])
        # By number, not by place: nobody promises the order of the answer.
        wanted = {*persons, *organisations}
        return {
            number: each.name
            for each in named
            for number in (each.ssn, each.org_no)
            if number in wanted and each.name
        }

    async def _names(self, parties: Sequence[_Party]) -> Sequence[_PartyName]:
        body = await ask(
            _REGISTRY,
            self._url,
            largest=_LARGEST,
            seconds=self._seconds,
            headers={"PlatformAccessToken": await self._token()},
            question=msgspec.json.encode(_Question(parties)),
        )
        try:
            return _read(body).party_names
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise RegistryUnavailableError(_REGISTRY) from None
