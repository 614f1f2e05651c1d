"""What could not be read, in memory, keeps the port's promises."""

import json

import pytest
from typing_extensions import override

from adapters.memory.unread_entries import InMemoryUnreadEntries
from contracts.samples import BAKERY, KARI, NOON
from contracts.unread_entries_contract import (
    OF_KARI,
    OF_NOBODY,
    OF_THE_BAKERY,
    RulesChange,
    UnreadEntriesContract,
)


class TestInMemoryUnreadEntries(UnreadEntriesContract):
    @override
    @pytest.fixture
    def entries(self) -> InMemoryUnreadEntries:
        entries = InMemoryUnreadEntries(lambda _: "a hash")
        for registry, part, entry, about in (
            ("krr", "persons", OF_KARI, KARI),
            ("businesses", "units", OF_THE_BAKERY, BAKERY),
            ("krr", "persons", OF_NOBODY, None),
        ):
            content = json.dumps(entry).encode()
            entries.put_aside(registry, part, content, about=about, reason="malformed $", at=NOON)
        return entries

    @override
    @pytest.fixture
    def rules_change(self, entries: InMemoryUnreadEntries) -> RulesChange:
        async def change() -> None:
            entries.is_readable = lambda content: json.loads(content) != OF_NOBODY

        return change
