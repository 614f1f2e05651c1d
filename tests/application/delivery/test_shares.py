"""What one owner lets us wait for keeps nobody else waiting, and all together have so many places."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from application.delivery.shares import Shares


async def waits(shares: Shares, owner: str) -> bool:
    """Whether whoever asks for a place now has to wait for one."""
    async with AsyncExitStack() as stack:
        try:
            async with asyncio.timeout(0.01):
                await stack.enter_async_context(shares.place(owner))
        except TimeoutError:
            return True
        return False


async def test_an_owner_has_its_own_places_and_takes_nobody_elses() -> None:
    shares = Shares(2, together=10)

    async with shares.place("ttd"), shares.place("ttd"):
        assert await waits(shares, "ttd")
        assert not await waits(shares, "skd")

    assert not await waits(shares, "ttd")


async def test_all_together_have_no_more_places_than_there_are() -> None:
    shares = Shares(2, together=3)

    async with shares.place("ttd"), shares.place("ttd"), shares.place("skd"):
        assert await waits(shares, "nav")

    assert not await waits(shares, "nav")


async def test_who_waits_for_a_place_of_its_own_holds_none_of_all() -> None:
    shares = Shares(1, together=2)

    async with shares.place("ttd"):
        waiting = [asyncio.create_task(waits(shares, "ttd")) for _ in range(5)]
        await asyncio.sleep(0)
        assert not await waits(shares, "skd")
        assert all(await asyncio.gather(*waiting))


async def test_a_place_is_free_again_whatever_became_of_who_had_it() -> None:
    shares = Shares(1, together=1)

    async def fail() -> None:
        async with shares.place("ttd"):
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await fail()

    assert not await waits(shares, "ttd")


async def test_an_owner_who_has_no_place_is_forgotten() -> None:
    shares = Shares(1, together=1)

    async with shares.place("ttd"):
        pass

    assert not shares._of
    assert not shares._users
