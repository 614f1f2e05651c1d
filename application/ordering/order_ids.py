"""What all ways of placing an order have in common: its name, and its receipt."""

from uuid import UUID

import msgspec

from application.opaque_ids import uuid8
from application.ordering.commands import ChainReceipt, ShipmentReceipt
from application.ports.key_vault import KeyVault
from domain.order.order import Order
from domain.personal import Personal


def _words(value: object) -> str:
    if isinstance(value, Personal):
        return value.text
    raise TypeError


_encode = msgspec.json.Encoder(enc_hook=_words).encode


class OrderNames:
    """Names orders after their owner and their key, so that the store itself refuses a second.

    Only this owner's use of this key gives the name, and nobody else can guess it.
    """

    def __init__(self, vault: KeyVault) -> None:
        self._vault = vault

    def order_id(self, owner: str, namespace: str, key: str, part: str) -> UUID:
        """The id of a part of what is asked for under a key: `order`, `chain`, `reminder 0`."""
        name = _encode((owner, namespace, key, part))
        return uuid8(self._vault.keyed_hash("order identity", name))

    def digest(self, asked: object) -> str:
        """A keyed digest of a request, by which a repeat with another content is seen."""
        return self._vault.keyed_hash("request digest", _encode(asked))[:16].hex()


def repeated(before: Order, digest: str) -> ChainReceipt:
    """The receipt of an order that was placed before, under the same key."""
    is_same = before.placed.request_digest == digest
    return receipt_of(before, is_repeat=True, is_same_request=is_same)


def receipt_of(order: Order, *, is_repeat: bool, is_same_request: bool) -> ChainReceipt:
    """What a sender is told of an order and its reminders."""
    chain = order.placed.chain
    if chain is None:
        raise ValueError("an order placed under a key belongs to a chain")
    return ChainReceipt(
        chain_id=chain.chain_id,
        order=ShipmentReceipt(
            order_id=order.order_id, senders_reference=order.placed.senders_reference
        ),
        reminders=tuple(
            ShipmentReceipt(order_id=each.order_id, senders_reference=each.senders_reference)
            for each in chain.reminders
        ),
        is_repeat=is_repeat,
        is_same_request=is_same_request,
    )
