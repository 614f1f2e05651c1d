"""What could not be read, in the quarantine of the local copies, keeps the port's promises."""

import pytest
from typing_extensions import override

from adapters.postgres.pool import Pool
from adapters.registries.importing import ImportSummary, RegistryImporter
from application.ports.unread_entries import UnreadEntries
from contracts.unread_entries_contract import (
    OF_KARI,
    OF_NOBODY,
    OF_THE_BAKERY,
    TOMORROWS,
    RulesChange,
    UnreadEntriesContract,
)
from tests.adapters.registries.pages import Json, krr, units
from tests.adapters.registries.test_trying_again import rules_change as rules_of_tomorrow


class TestUnreadEntriesOfCopies(UnreadEntriesContract):
    @override
    @pytest.fixture
    async def entries(self, importer: RegistryImporter) -> UnreadEntries:
        summary = ImportSummary()
        await importer.import_page("krr", krr(OF_KARI), summary)
        await importer.import_page("businesses", units(OF_THE_BAKERY), summary)
        await importer.import_page("krr", krr(OF_NOBODY, start=1, end=2), summary)
        assert summary.quarantined == 3
        return importer

    @override
    @pytest.fixture
    def rules_change(self, pool: Pool) -> RulesChange:
        def as_read(entry: Json) -> Json:
            words = {"reservasjon": "NEI", "overordnetEnhet": "314022017"}
            return {
                name: words.get(name, value) if value == TOMORROWS else value
                for name, value in entry.items()
            }

        return lambda: rules_of_tomorrow(pool, as_read)
