"""A real issuer of tokens, as every installation but a developer's has: there at start, or not."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from tests.adapters.tokens import forging
from tests.adapters.tokens.published import Publisher, publishing
from tests.service.installations import API, free_port
from tests.service.processes import Process

pytestmark = [pytest.mark.soak, pytest.mark.service, pytest.mark.timeout(90)]

AWAY: Final = 503
ORDERS: Final = f"{API}/orders?sendersReference=none"


def _now(**more: object) -> Mapping[str, object]:
    now = int(time.time())
    return {"iat": now - 1, "nbf": now - 1, "exp": now + 100, **more}


def _altinn(issuer: str) -> dict[str, str]:
    token = forging.token(forging.altinn(_now(iss=issuer)))
    return {"Authorization": f"Bearer {token}"}


def _maskinporten(issuer: str) -> dict[str, str]:
    token = forging.token(forging.maskinporten(_now(iss=issuer)))
    return {"Authorization": f"Bearer {token}"}


def _platform(_: str) -> dict[str, str]:
    return {"PlatformAccessToken": forging.token(forging.platform(_now()))}


ISSUERS: Final = {
    "VARSEL_ALTINN_ISSUER": _altinn,
    "VARSEL_MASKINPORTEN_ISSUER": _maskinporten,
    "VARSEL_PLATFORM_ISSUER": _platform,
}


def _served(setting: str, issuer: str, database_url: str, folder: Path) -> tuple[Process, str]:
    owners = folder / "owners.json"
    owners.write_text(json.dumps({forging.TTD: "ttd"}))
    port = free_port()
    environ = {
        "VARSEL_DATABASE_URL": database_url,
        "VARSEL_PORT": str(port),
        "VARSEL_DATA": str(folder / "data"),
        "VARSEL_OWNERS_FILE": str(owners),
        setting: issuer,
    }
    if setting == "VARSEL_MASKINPORTEN_ISSUER":
        environ["VARSEL_MASKINPORTEN_AUDIENCE"] = forging.AUDIENCE
    process = Process("serve", environ=environ, log=folder / "serve.log")
    return process, f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("setting", ISSUERS)
async def test_the_service_starts_with_an_issuer_and_takes_its_tokens(
    setting: str, database_url: str, tmp_path: Path
) -> None:
    async with publishing() as publisher:
        process, url = _served(setting, publisher.issuer, database_url, tmp_path)
        async with process:
            await process.answers(url)

            status, _ = await _asked(url, ISSUERS[setting](publisher.issuer))

        assert status == 200, process.said


@pytest.mark.parametrize("setting", ISSUERS)
async def test_the_service_starts_without_its_issuer_and_says_503_until_it_has_read_its_keys(
    setting: str, database_url: str, tmp_path: Path
) -> None:
    async with publishing() as publisher:
        publisher.status = AWAY
        process, url = _served(setting, publisher.issuer, database_url, tmp_path)
        async with process:
            await process.answers(url)

            status, said = await _asked(url, ISSUERS[setting](publisher.issuer))

            assert (status, said["code"]) == (503, "verification_unavailable"), process.said
            publisher.status = 200
            assert await _admitted(url, ISSUERS[setting](publisher.issuer), publisher) == 200


async def _asked(url: str, headers: Mapping[str, str]) -> tuple[int, Mapping[str, Any]]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(url + ORDERS, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


async def _admitted(url: str, headers: Mapping[str, str], publisher: Publisher) -> int:
    """The answer once the service has asked the issuer again."""
    while (asked := await _asked(url, headers))[0] == AWAY:
        await publisher.fetched.get()
    return asked[0]
