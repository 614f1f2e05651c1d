"""Tell which of the addresses that were found are left alone, since they bounced here."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from application.ports.suppressions import Suppressions
from domain.contact_point import address_key
from domain.order.events import Suppression
from domain.resolution import DirectFinding, Finding, registered_addresses
from domain.suppression import SUPPRESS_FOR


class SuppressedAddresses:
    """Asks once about every address that registries know, before anybody chooses among them."""

    def __init__(
        self,
        suppressions: Suppressions,
        *,
        clock: Callable[[], datetime],
        suppress_for: timedelta = SUPPRESS_FOR,
    ) -> None:
        """Leave what bounced alone for so long; for no time at all, nobody is asked."""
        self._suppressions = suppressions
        self._clock = clock
        self._suppress_for = suppress_for

    async def told_with(self, findings: Sequence[Finding]) -> Sequence[Finding]:
        """The findings, each with what of its addresses bounced.

        Raises:
            StoreUnavailableError: nobody can tell; try again later.
        """
        addresses = {
            address_key(registered.address, channel)
            for finding in findings
            for channel, registered in registered_addresses(finding)
        }
        if not addresses or not self._suppress_for:
            return findings
        since = self._clock() - self._suppress_for
        bounced = await self._suppressions.bounced(addresses, since=since)
        if not bounced:
            return findings
        suppressed = {
            address: Suppression(bounced_at=at, until=at + self._suppress_for)
            for address, at in bounced.items()
        }
        return [
            each if isinstance(each, DirectFinding) else replace(each, suppressed=suppressed)
            for each in findings
        ]
