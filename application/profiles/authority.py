"""May this person act for this organisation? Whoever has to know asks here."""

from application.caller import EndUser
from application.ports.decision_point import AuthorityUndecidedError, DecisionPoint, Question
from application.ports.profiles import ProfileRepository
from application.profiles.profile_ids import ProfileIds
from domain.authority import Decision
from domain.recipient import OrganisationNumber


class MayNotActError(Exception):
    """The person may not act for the organisation, as far as the decision point knows."""


class PersonsAuthority:
    """Asks the decision point about persons who logged in.

    They are named by their user's id, which the token tells or an earlier one told; who has none, by
    their national identity number.
    """

    def __init__(
        self, *, profiles: ProfileRepository, ids: ProfileIds, decision_point: DecisionPoint
    ) -> None:
        self._profiles = profiles
        self._ids = ids
        self._decision_point = decision_point

    async def refuse_unpermitted(
        self, person: EndUser, organisation: OrganisationNumber, *, resource: str, action: str
    ) -> None:
        """See that a person may do something with a resource of an organisation.

        Raises:
            MayNotActError: they may not.
            AuthorityUndecidedError: nobody can tell now.
            SpoiltHistoryError: what was recorded of the person cannot be read.
            StoreUnavailableError: try again later.
        """
        question = await self._question(person, organisation, resource, action)
        match (await self._decision_point.decide([question])).get(question):
            case Decision.PERMITTED:
                return
            case Decision.REFUSED:
                raise MayNotActError
            case _:
                raise AuthorityUndecidedError

    async def _question(
        self, person: EndUser, organisation: OrganisationNumber, resource: str, action: str
    ) -> Question:
        if person.user is not None:
            return Question(person.user.text, organisation, resource, action)
        profile = await self._profiles.load(self._ids.of_person(person.person.text))
        number = person.person if profile.has_no_user else None
        return Question(profile.known_as.text, organisation, resource, action, number)
