"""Which orders are for a person or an organisation, over all owners."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.order.events import OrderId
from domain.recipient import ExternalIdentity, Organisation, Person


class RecipientIndex(Protocol):
    """Finds orders by the number of a recipient; it keeps a keyed hash, never the number."""

    def identity_hash(self, recipient: Person | Organisation | ExternalIdentity) -> str:
        """The keyed hash of a recipient's number or URN, in hexadecimal; who has no key cannot try any out."""
        ...

    async def orders_for(
        self, recipient: Person | Organisation, *, since: datetime, until: datetime
    ) -> Sequence[OrderId]:
        """The orders for somebody that were to be sent from `since` on and before `until`, newest first.

        An order whose recipient has been erased since may be among them; everything recorded before
        the question is.

        Raises:
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...
