"""What comes next is read while what came before is written."""

import asyncio

import pytest

from adapters.registries.read_ahead import ReadAhead


async def test_what_was_begun_goes_on_by_itself() -> None:
    read: list[str] = []

    async def reading() -> str:
        read.append("page")
        return "page"

    async with ReadAhead[str]() as ahead:
        ahead.begin(reading())
        await asyncio.sleep(0)
        assert read == ["page"]
        taken = ahead.take()
        assert taken is not None
        assert await taken == "page"
        assert ahead.take() is None


async def test_what_cannot_be_read_is_told_to_whoever_takes_it_and_to_nobody_before() -> None:
    async def reading() -> str:
        raise ValueError("unreadable")

    async with ReadAhead[str]() as ahead:
        ahead.begin(reading())
        await asyncio.sleep(0)
        taken = ahead.take()
        assert taken is not None
        with pytest.raises(ValueError, match="unreadable"):
            await taken


async def test_nothing_is_read_any_more_for_whoever_breaks_off() -> None:
    is_over = asyncio.Event()

    async def reading() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            is_over.set()
        return "page"

    async def breaking_off() -> None:
        async with ReadAhead[str]() as ahead:
            ahead.begin(reading())
            await asyncio.sleep(0)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await breaking_off()

    assert is_over.is_set()
