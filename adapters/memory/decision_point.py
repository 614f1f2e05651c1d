"""The decision point as a set of what is permitted."""

from collections.abc import Collection, Mapping, Sequence

from application.ports.decision_point import Question
from domain.authority import Decision


class InMemoryDecisionPoint:
    """Permits what it was given, and refuses everything else; it can be away."""

    def __init__(
        self,
        permitted: Collection[Question] = (),
        *,
        uncertain: Collection[Question] = (),
        unjudgeable: Collection[Question] = (),
    ) -> None:
        self.permitted = set(permitted)
        self.uncertain = set(uncertain)
        self.unjudgeable = set(unjudgeable)
        self.is_away = False
        self.permits_all = False
        self.asked: list[Sequence[Question]] = []
        """What it was asked, each time, also while it was away."""

    async def decide(self, questions: Sequence[Question]) -> Mapping[Question, Decision]:
        self.asked.append(list(questions))
        return {each: self._decision(each) for each in questions}

    def _decision(self, question: Question) -> Decision:
        if self.is_away:
            return Decision.NOT_ASKED
        if question in self.unjudgeable:
            return Decision.UNJUDGEABLE
        if question in self.uncertain:
            return Decision.UNCERTAIN
        is_permitted = self.permits_all or question in self.permitted
        return Decision.PERMITTED if is_permitted else Decision.REFUSED
