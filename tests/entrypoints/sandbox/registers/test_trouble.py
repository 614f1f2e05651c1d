"""What can be wrong with a register, on demand."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest

from entrypoints.sandbox.registers import Registers, Trouble, UnknownError

KRR = "/rest/v2/krr/hentEndringer"
NAMES = "/register/api/v1/parties/nameslookup"
KARI, FIRM = "15859010099", "314022009"
QUESTION = {"parties": [{"ssn": KARI}, {"orgNo": FIRM}]}


async def krr(http: aiohttp.ClientSession) -> tuple[int, Any]:
    async with http.post(KRR, json={"fraEndringsId": 0}) as answer:
        return answer.status, await answer.json()


async def names(http: aiohttp.ClientSession) -> list[str]:
    async with http.post(NAMES, json=QUESTION) as answer:
        return [each["name"] for each in (await answer.json())["partyNames"]]


async def test_a_status_comes_as_often_as_was_said(
    registers: Registers, http: aiohttp.ClientSession
) -> None:
    registers.troubles.make(KRR, Trouble(status=503, retry_after=7, times=2))

    async with http.post(KRR, json={"fraEndringsId": 0}) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "7")
    assert [(await krr(http))[0] for _ in range(2)] == [503, 200]


async def test_trouble_stays_where_it_is_until_it_is_cleared(
    registers: Registers, http: aiohttp.ClientSession
) -> None:
    registers.troubles.make(KRR, Trouble(status=500))

    assert [(await krr(http))[0] for _ in range(3)] == [500, 500, 500]
    assert await names(http) == ["Kari Nordmann", "FJELL OG FJORD AS"]
    registers.troubles.clear(KRR)
    assert (await krr(http))[0] == 200


async def test_trouble_of_a_path_is_trouble_of_all_below_it(
    registers: Registers, http: aiohttp.ClientSession
) -> None:
    registers.troubles.make("/replace", Trouble(status=500))
    async with http.post("/replace/some-id") as answer:
        assert answer.status == 500

    registers.troubles.make("/", Trouble(status=503))
    assert (await krr(http))[0] == 503
    async with http.get("/sandbox") as answer:
        assert answer.status == 200  # whoever makes the trouble can end it


async def test_it_hangs(registers: Registers, http: aiohttp.ClientSession) -> None:
    registers.troubles.make(KRR, Trouble(hang=0.3, times=1))

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(krr(http), 0.1)
    registers.troubles.make(KRR, Trouble(hang=0.3, times=1))
    began = time.monotonic()
    assert (await krr(http))[0] == 200
    assert time.monotonic() - began >= 0.3


async def test_a_page_breaks_off_half_way(
    registers: Registers, http: aiohttp.ClientSession
) -> None:
    registers.troubles.make("/", Trouble(halve=True))

    with pytest.raises(aiohttp.ClientError):
        await krr(http)
    with pytest.raises(aiohttp.ClientError):
        async with http.get("/enhetsregisteret/api/enheter/lastned/csv") as answer:
            await answer.read()


async def test_half_of_what_was_asked_about_is_answered(
    registers: Registers, http: aiohttp.ClientSession
) -> None:
    registers.troubles.make(NAMES, Trouble(halve=True))

    assert await names(http) == ["Kari Nordmann"]


async def test_answers_come_in_another_order_or_twice(
    registers: Registers, http: aiohttp.ClientSession
) -> None:
    registers.troubles.make(NAMES, Trouble(shuffle=True))
    assert await names(http) == ["FJELL OG FJORD AS", "Kari Nordmann"]

    registers.troubles.make(NAMES, Trouble(duplicate=True))
    assert await names(http) == ["Kari Nordmann", "FJELL OG FJORD AS"] * 2

    _, in_order = await krr(http)
    registers.troubles.make(KRR, Trouble(shuffle=True))
    _, shuffled = await krr(http)
    assert shuffled["list"] != in_order["list"]
    assert sorted(map(str, shuffled["list"])) == sorted(map(str, in_order["list"]))


@pytest.mark.parametrize(
    "path, trouble",
    [
        (KRR, Trouble()),
        (KRR, Trouble(times=3)),
        (KRR, Trouble(status=200)),
        (KRR, Trouble(hang=601)),
        (KRR, Trouble(status=503, times=0)),
        ("krr", Trouble(status=503)),
    ],
)
def test_trouble_that_is_none_is_refused(registers: Registers, path: str, trouble: Trouble) -> None:
    with pytest.raises(UnknownError):
        registers.troubles.make(path, trouble)
