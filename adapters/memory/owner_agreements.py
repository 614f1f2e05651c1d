"""The owners' agreements in a dictionary."""

from collections.abc import Mapping

from domain.agreement import ANY_SENDER_GOES, Agreement


class InMemoryOwnerAgreements:
    """Knows the agreements it was given."""

    def __init__(
        self,
        agreements: Mapping[str, Agreement] | None = None,
        *,
        usual: Agreement = ANY_SENDER_GOES,
    ) -> None:
        """Take the agreements by owners' short names, and the one with everybody else."""
        self._agreements = {owner.lower(): each for owner, each in (agreements or {}).items()}
        self._usual = usual

    def agree(self, owner: str, agreement: Agreement) -> None:
        """Let this be agreed with an owner from now on."""
        self._agreements[owner.lower()] = agreement

    async def of(self, owner: str) -> Agreement:
        return self._agreements.get(owner.lower(), self._usual)
