"""What whoever follows a register's feed promises."""

from contextlib import aclosing

import pytest

from application.ports.registry_feed import RegistryFeed


class RegistryFeedContract:
    """A copy is brought on page by page, and whoever follows next goes on from there."""

    @pytest.fixture
    def feed(self) -> RegistryFeed:
        """The feed of a copy that was never loaded: three pages, each of one change."""
        raise NotImplementedError

    async def test_every_page_is_taken_in_its_order(self, feed: RegistryFeed) -> None:
        taken = [page async for page in feed.follow()]

        assert [page.written for page in taken] == [1, 1, 1]
        positions = [page.position for page in taken]
        assert None not in positions
        assert positions == sorted(set(positions), key=str)

    async def test_at_the_registers_end_one_page_is_taken_and_changes_nothing_more(
        self, feed: RegistryFeed
    ) -> None:
        *_, last = [page async for page in feed.follow()]

        (taken,) = [page async for page in feed.follow()]

        assert taken.position == last.position

    async def test_whoever_follows_after_one_that_broke_off_goes_on_from_there(
        self, feed: RegistryFeed
    ) -> None:
        async with aclosing(feed.follow()) as pages:
            first = await anext(pages)

        rest = [page async for page in feed.follow()]

        assert first.position is not None
        assert all(str(page.position) >= first.position for page in rest)
        assert rest[-1].position != first.position
        assert sum(page.written for page in rest) >= 2
