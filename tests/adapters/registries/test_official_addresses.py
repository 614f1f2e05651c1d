"""The copy tells an organisation's addresses by the register's own names, or that it cannot tell."""

from itertools import count
from typing import Any

import pytest

from adapters.postgres.pool import Pool
from adapters.registries.copies import PostgresRegistryCopies
from adapters.registries.importing import ImportSummary, RegistryImporter
from adapters.registries.replicas import PostgresOfficialAddresses
from application.ports.official_addresses import OfficialAddresses
from application.ports.registries import RegistryUnavailableError
from contracts.official_addresses_contract import Bring, Has, OfficialAddressesContract
from contracts.samples import BAKERY
from domain.channel import Channel
from tests.adapters.registries.pages import addresses as page
from tests.adapters.registries.pages import email, gone, mobile, unread
from tests.adapters.registries.sealed import SEALER


@pytest.fixture
def addresses(pool: Pool) -> OfficialAddresses:
    return PostgresOfficialAddresses(pool, SEALER, PostgresRegistryCopies(pool))


class TestPostgresOfficialAddresses(OfficialAddressesContract):
    @pytest.fixture
    def bring(self, importer: RegistryImporter) -> Bring:
        had: set[str] = set()
        times = count(1)

        async def bring(has: Has) -> None:
            entries: list[Any] = [gone(each) for each in had - has.keys()]
            for registry_id, (whose, place) in has.items():
                text = place.address.text
                if place.channel is Channel.EMAIL:
                    entries.append(email(registry_id, whose, text))
                else:
                    entries.append(mobile(registry_id, whose, text.removeprefix("+47")))
            had.update(has)
            told_at = gone("", f"{next(times):02}")["updated"]
            entries = [each | {"updated": told_at} for each in entries]
            await importer.import_page("businesses", page(*entries), ImportSummary())

        return bring


async def test_what_could_not_be_read_of_an_organisation_is_not_passed_over(
    importer: RegistryImporter, addresses: OfficialAddresses
) -> None:
    await importer.import_page(
        "businesses", page(email("0a", BAKERY.number, "post@b.example")), ImportSummary()
    )
    await importer.import_page("businesses", page(unread("0a", BAKERY.number)), ImportSummary())

    with pytest.raises(RegistryUnavailableError):
        await addresses.of(BAKERY.number)
