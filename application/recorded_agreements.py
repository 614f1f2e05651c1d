"""What is agreed with the owners, by their records."""

from collections.abc import Callable

from application.known_owners import KnownOwners
from application.ports.key_vault import KeyVault
from domain.agreement import Agreement
from domain.owner.record import Terms


def marks_of_test_recipients(vault: KeyVault) -> Callable[[str], str]:
    """By what test recipients are known again: a keyed hash of how they are compared."""

    def mark(comparison_key: str) -> str:
        return vault.keyed_hash("test recipient", comparison_key.encode()).hex()

    return mark


class RecordedAgreements:
    """Knows what is agreed by the owners' records, as this process knows them."""

    def __init__(
        self,
        known: KnownOwners,
        *,
        usual: Agreement,
        senders_of_all: frozenset[str],
        mark: Callable[[str], str],
    ) -> None:
        """Go by records; `usual` is agreed with owners that have no list of senders.

        `senders_of_all` are added to every list.
        """
        self._known = known
        self._usual = usual
        self._senders_of_all = senders_of_all
        self._mark = mark
        self._made: dict[str, tuple[Terms, Agreement]] = {}

    async def of(self, owner: str) -> Agreement:
        """What is agreed with an owner, as it was known last; nobody waits."""
        terms = self._known.now(owner).terms
        before, agreement = self._made.get(owner, (None, None))
        if agreement is None or before is not terms:
            agreement = self._agreement(terms)
            self._made[owner] = terms, agreement
        return agreement

    def _agreement(self, terms: Terms) -> Agreement:
        return Agreement(
            senders=self._usual.senders
            if terms.senders is None
            else self._senders_of_all.union(terms.senders),
            reply_to=terms.reply_to,
            test_recipients=frozenset(terms.test_recipients),
            mark=self._mark,
        )
