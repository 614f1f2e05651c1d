"""Who may act for whom.

Where somebody asked to be reached is another question, which the registries answer: whoever
registered an address may have left since, or never have been let in.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from domain.authority import Decision
from domain.personal import Identifier
from domain.recipient import OrganisationNumber

PREFIX: Final = "urn:altinn:resource:"
READ: Final = "read"
"""What is asked about, and granted, where no action is named."""


class Question(NamedTuple):
    """May this user do this with this resource of this organisation?"""

    user: str
    """The user's id at the login service, or an opaque one of ours; never a national number."""
    organisation: OrganisationNumber
    resource: str
    """Without the prefix of its URN."""
    action: str
    person: Identifier | None = None
    """The national identity number of somebody who has no id at the login service, and nobody else's.

    It never shows itself; whoever asks by it takes care that nobody else sees it.
    """


class AuthorityUndecidedError(Exception):
    """Nobody can tell now whether somebody may act for an organisation; try again later."""


class DecisionPoint(Protocol):
    """Decides what users may do for organisations."""

    async def decide(self, questions: Sequence[Question]) -> Mapping[Question, Decision]:
        """What is decided of each question, of all of them.

        Never raises for want of an answer: what was not answered, or not so that it is certain
        whose answer it is, is `NOT_ASKED`, and may be asked again later. Of what is `UNJUDGEABLE` to
        ask again soon is of no use. It takes a bounded time.
        """
        ...


def bare(resource: str) -> str:
    """A resource without the prefix of its URN; it is written with and without."""
    return resource.removeprefix(PREFIX)
