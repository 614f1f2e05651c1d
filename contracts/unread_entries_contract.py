"""What everything that keeps unread entries of registers promises; a suite for each names its stand."""

import json
from collections.abc import Awaitable, Callable
from typing import Final

import pytest

from application.ports.unread_entries import UnreadEntries
from contracts.samples import BAKERY, KARI

TOMORROWS: Final = "a word of tomorrow"
"""Stands where the rules of today take nothing that they do not know."""
OF_KARI: Final[dict[str, object]] = {
    "personidentifikator": KARI.number.text,
    "reservasjon": TOMORROWS,
}
OF_THE_BAKERY: Final[dict[str, object]] = {
    "organisasjonsnummer": BAKERY.number,
    "overordnetEnhet": TOMORROWS,
}
OF_NOBODY: Final[dict[str, object]] = {"personidentifikator": TOMORROWS}

RulesChange = Callable[[], Awaitable[None]]
"""From now on what is of Kari and of the bakery can be read."""


class UnreadEntriesContract:
    """What cannot be read is listed without a word of it, opened as it came, and tried again."""

    @pytest.fixture
    def entries(self) -> UnreadEntries:
        """Put aside, one after another: of KRR Kari's, of the businesses the bakery's, of KRR nobody's."""
        raise NotImplementedError

    @pytest.fixture
    def rules_change(self) -> RulesChange:
        """What lets those that are somebody's be read."""
        raise NotImplementedError

    async def test_what_has_stood_longest_is_listed_first_of_one_register_or_of_all(
        self, entries: UnreadEntries
    ) -> None:
        listed = await entries.unread(None, 10)

        assert [(each.registry, each.part, each.is_kept) for each in listed] == [
            ("krr", "persons", True),
            ("businesses", "units", True),
            ("krr", "persons", True),
        ]
        assert [each.whose is None for each in listed] == [False, False, True]
        assert await entries.unread(None, 2) == list(listed[:2])
        assert await entries.unread("krr", 10) == [listed[0], listed[2]]
        assert await entries.unread("names", 10) == []

    async def test_a_person_is_listed_by_a_hash_alone_and_an_organisation_by_its_number(
        self, entries: UnreadEntries
    ) -> None:
        listed = await entries.unread(None, 10)

        karis, bakerys, nobodys = (each.whose for each in listed)
        assert karis
        assert (bakerys, nobodys) == (BAKERY.number, None)
        assert KARI.number.text not in str(listed)
        assert TOMORROWS not in str(listed)

    async def test_an_entry_is_opened_as_it_came_with_whom_it_is_about(
        self, entries: UnreadEntries
    ) -> None:
        listed = await entries.unread(None, 10)

        opened = [await entries.unread_entry(each.entry_id) for each in listed]

        told = [each for each in opened if each is not None]
        assert [each.entry for each in told] == list(listed)
        assert [each.about for each in told] == [KARI, BAKERY, None]
        came = [json.loads(each.content or b"") for each in told]
        assert came == [OF_KARI, OF_THE_BAKERY, OF_NOBODY]
        assert await entries.unread_entry(listed[-1].entry_id + 1) is None

    async def test_what_can_still_not_be_read_stays_as_it_is(self, entries: UnreadEntries) -> None:
        listed = await entries.unread(None, 10)

        done = await entries.retry_unread(None)

        assert (done.tried, done.read) == (3, 0)
        assert await entries.unread(None, 10) == listed

    async def test_what_can_be_read_now_goes_of_the_register_that_is_tried(
        self, entries: UnreadEntries, rules_change: RulesChange
    ) -> None:
        _, bakerys, nobodys = await entries.unread(None, 10)
        await rules_change()

        done = await entries.retry_unread("krr")

        assert (done.tried, done.read) == (2, 1)
        assert [each.entry_id for each in await entries.unread(None, 10)] == [
            bakerys.entry_id,
            nobodys.entry_id,
        ]
        done = await entries.retry_unread(None)
        assert (done.tried, done.read) == (2, 1)
        assert [each.entry_id for each in await entries.unread(None, 10)] == [nobodys.entry_id]
