"""The addresses that bounced, over a repository in memory."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from adapters.memory.order_repository import InMemoryOrderRepository
from application.envelope import Recorded
from application.ports.key_vault import KeyVault
from application.ports.order_repository import Spoilt
from application.ports.suppressions import BouncedAddress
from domain.channel import Channel
from domain.contact_point import AddressKey, address_key
from domain.order.events import (
    ContactResolved,
    DeliveryReported,
    NotificationNo,
    NotificationRejected,
)
from domain.personal import Contact
from domain.suppression import bounced_at, hard_bounce

_TOPICS: Final = ("order.delivery_reported", "order.notification_rejected")


class InMemorySuppressions:
    """Reads on in the log whenever it is asked, and remembers what bounced."""

    def __init__(self, orders: InMemoryOrderRepository, vault: KeyVault) -> None:
        self._orders = orders
        self._vault = vault
        self._read = 0
        self._bounced: list[BouncedAddress] = []
        self._lifted: dict[str, datetime] = {}

    def address_hash(self, address: AddressKey) -> str:
        channel, key = address
        return self._vault.keyed_hash("suppression", f"{channel} {key}".encode()).hex()

    async def bounced(
        self, addresses: Collection[AddressKey], *, since: datetime
    ) -> Mapping[AddressKey, datetime]:
        last = {each.address_hash: each.bounced_at for each in await self._since(since)}
        hashed = {each: self.address_hash(each) for each in addresses} if last else {}
        return {each: last[name] for each, name in hashed.items() if name in last}

    async def latest(self, *, since: datetime, most: int) -> Sequence[BouncedAddress]:
        last = {each.address_hash: each for each in await self._since(since)}
        return sorted(last.values(), key=lambda each: each.bounced_at, reverse=True)[:most]

    async def lift(self, address_hash: str, *, at: datetime) -> None:
        self._lifted[address_hash] = max(at, self._lifted.get(address_hash, at))

    async def _since(self, since: datetime) -> Sequence[BouncedAddress]:
        """What counts, oldest first."""
        await self._read_on()
        counting = [
            each
            for each in self._bounced
            if each.bounced_at >= since
            and not (
                (lifted := self._lifted.get(each.address_hash)) is not None
                and each.bounced_at <= lifted
            )
        ]
        return sorted(counting, key=lambda each: each.bounced_at)

    async def _read_on(self) -> None:
        read, following = self._orders.follow_topics(_TOPICS, after=self._read)
        for each in following:
            failure = hard_bounce(each.event)
            if failure is None or not isinstance(
                each.event, DeliveryReported | NotificationRejected
            ):
                continue
            place = (await self._places(each)).get(each.event.notification_no)
            if place is not None and not place[1].is_erased:
                channel, address = place
                self._bounced.append(
                    BouncedAddress(
                        address_hash=self.address_hash(address_key(address, channel)),
                        channel=channel,
                        bounced_at=bounced_at(each.event, each.recorded_at),
                        failure=failure,
                        order_id=each.order_id,
                    )
                )
        self._read = read

    async def _places(self, of: Recorded) -> Mapping[NotificationNo, tuple[Channel, Contact]]:
        history = (await self._orders.histories([of.order_id]))[of.order_id]
        return {} if isinstance(history, Spoilt) else dict(_targets(history))


def _targets(
    history: Sequence[Recorded],
) -> Iterator[tuple[NotificationNo, tuple[Channel, Contact]]]:
    for each in history:
        if isinstance(each.event, ContactResolved):
            for target in each.event.targets:
                yield target.notification_no, (target.channel, target.address)
