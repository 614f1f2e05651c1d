"""Whoever decides from afar: what it answers is right, or clearly no answer, and never another's."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from typing_extensions import override

from adapters.decision_point.batches import GATHERING, LEFT_ALONE, QUESTIONS, BatchedDecisionPoint
from adapters.decision_point.xacml import AwayError, NoAnswerError
from application.ports.decision_point import DecisionPoint, Question
from contracts.decision_point_contract import (
    DECIDED,
    KARI_ALONE,
    OTHER_UNIT,
    PERMITTED,
    PROFILES,
    SUB_UNIT,
    UNIT,
    AwayContract,
    DecisionPointContract,
    of_person,
    question,
)
from domain.authority import Decision
from tests.adapters.decision_point.pdp import INDETERMINATE, MANGLED, answer, asked_of, response
from tests.simulation.clockwork import played

SECONDS = 20.0
Answer = Callable[[bytes], Awaitable[bytes]]


def deciding(answering: Answer, *, pairs: int = 500) -> BatchedDecisionPoint:
    return BatchedDecisionPoint(
        answering,
        seconds=SECONDS,
        pairs=pairs,
        clock=lambda: asyncio.get_running_loop().time(),
    )


class Pdp:
    """Answers rightly, but for the pairs that it cannot judge; it remembers what it was asked."""

    def __init__(
        self, permitted: Collection[Question] = PERMITTED, poison: Collection[Question] = ()
    ) -> None:
        self.permitted = permitted
        self.poison = poison
        self.asked: list[Sequence[Question]] = []

    async def answer(self, asked: bytes) -> bytes:
        await asyncio.sleep(0.01)
        pairs = asked_of(asked)
        self.asked.append(pairs)
        if not self.poison or set(self.poison).isdisjoint(pairs):
            return response(answer(asked, self.permitted))
        return response([INDETERMINATE])


async def away(_: bytes) -> bytes:
    raise AwayError("answered 503")


async def hanging(_: bytes) -> bytes:
    await asyncio.sleep(SECONDS / 2)
    raise NoAnswerError(is_readable=False)


class TestBatchedDecisionPoint(DecisionPointContract):
    @override
    @pytest.fixture
    def decision_point(self) -> DecisionPoint:
        return deciding(Pdp().answer)


class TestBatchedDecisionPointThatIsAway(AwayContract):
    @override
    @pytest.fixture
    def away(self) -> DecisionPoint:
        return deciding(away)


def users(count: int) -> list[Question]:
    return [question(str(20000000 + n)) for n in range(count)]


def test_many_are_asked_about_so_many_at_once_and_each_resource_and_action_by_itself() -> None:
    pdp = Pdp()
    asked = [*users(1001), question("1", action="write"), question("1", resource="other")]

    decided = played(deciding(pdp.answer).decide(asked))

    assert decided == dict.fromkeys(asked, Decision.REFUSED)
    assert sorted(len(each) for each in pdp.asked) == [1, 1, 1, 500, 500]


def test_one_pair_that_cannot_be_judged_costs_nobody_else_the_answer() -> None:
    asked = users(500)
    lost = asked[123]
    pdp = Pdp(permitted=asked, poison=[lost])

    decided = played(deciding(pdp.answer).decide(asked))

    assert decided == {**dict.fromkeys(asked, Decision.PERMITTED), lost: Decision.UNJUDGEABLE}
    assert len(pdp.asked) <= 20


def test_what_several_want_decided_at_the_same_moment_is_asked_together() -> None:
    asked = users(300)
    pdp = Pdp(permitted=asked[::2])

    async def story() -> Sequence[Mapping[Question, Decision]]:
        decision_point = deciding(pdp.answer)

        async def wanted(n: int) -> Mapping[Question, Decision]:
            await asyncio.sleep(n * GATHERING / 600)
            # And that of the next one, too.
            return await decision_point.decide([asked[n], asked[(n + 1) % 300]])

        return await asyncio.gather(*(wanted(n) for n in range(300)))

    for n, decided in enumerate(played(story())):
        assert decided == {
            asked[each % 300]: Decision.REFUSED if each % 2 else Decision.PERMITTED
            for each in (n, n + 1 if n < 299 else 0)
        }
    assert [set(each) for each in pdp.asked] == [set(asked)]
    assert [len(each) for each in pdp.asked] == [300]


def test_who_wants_to_know_little_does_not_wait_for_all_that_another_wants_to_know() -> None:
    many, few = users(2_000), [question("1"), question("2")]
    pdp = Pdp(permitted=())

    async def slow(question_: bytes) -> bytes:
        await asyncio.sleep(1)
        return await pdp.answer(question_)

    async def story() -> None:
        decision_point = deciding(slow, pairs=50)
        large = asyncio.create_task(decision_point.decide(many))
        for _ in range(4):
            await asyncio.sleep(0.7)
            began = asyncio.get_running_loop().time()
            await decision_point.decide(few)
            assert asyncio.get_running_loop().time() - began < 1.1
        assert not large.done()
        assert set((await large).values()) == {Decision.REFUSED}

    played(story())
    assert max(len(each) for each in pdp.asked) == 50


def test_who_wants_to_know_little_does_not_wait_until_what_another_asks_is_judged_in_halves() -> (
    None
):
    lost, few = users(400), [question("1")]
    pdp = Pdp(poison=lost)

    async def slow(question_: bytes) -> bytes:
        await asyncio.sleep(1)
        return await pdp.answer(question_)

    async def story() -> None:
        decision_point = deciding(slow)
        large = asyncio.create_task(decision_point.decide(lost))
        await asyncio.sleep(5)
        began = asyncio.get_running_loop().time()
        assert await decision_point.decide(few) == {few[0]: Decision.REFUSED}
        assert asyncio.get_running_loop().time() - began < 1.1
        assert not large.done()
        large.cancel()

    played(story())


def test_what_one_waits_for_no_longer_is_not_asked_unless_another_does() -> None:
    asked = users(2)
    put: list[list[Question]] = []
    ended: list[bool] = []

    async def slow(question_: bytes) -> bytes:
        put.append(asked_of(question_))
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            ended.append(False)
            raise
        ended.append(True)
        return response(answer(question_, ()))

    async def story() -> None:
        decision_point = deciding(slow)
        alone = asyncio.create_task(decision_point.decide([question("1", action="write")]))
        together = [asyncio.create_task(decision_point.decide([each])) for each in asked]
        await asyncio.sleep(1)
        alone.cancel()
        together[0].cancel()
        assert await together[1] == {asked[1]: Decision.REFUSED}
        await asyncio.wait([alone, together[0]])

    played(story())
    assert len(put) == 2
    assert ended == [False, True]


def test_what_is_wrong_with_us_is_told_to_whoever_asks() -> None:
    async def broken(_: bytes) -> bytes:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        played(deciding(broken).decide(users(2)))


def test_where_nothing_can_be_judged_there_is_an_end_to_asking() -> None:
    asked = users(500)
    pdp = Pdp(poison=asked)

    decided = played(deciding(pdp.answer).decide(asked))

    assert set(decided.values()) <= {Decision.NOT_ASKED, Decision.UNJUDGEABLE}
    assert len(pdp.asked) == 1 + QUESTIONS


def test_a_question_that_takes_too_long_is_put_again_in_halves() -> None:
    asked = users(100)
    pdp = Pdp(permitted=asked)

    async def slow(question_: bytes) -> bytes:
        if len(asked_of(question_)) > 50:
            await asyncio.sleep(SECONDS / 2)
            raise NoAnswerError(is_readable=False)
        return await pdp.answer(question_)

    decided = played(deciding(slow).decide(asked))

    assert decided == dict.fromkeys(asked, Decision.PERMITTED)


def test_what_has_been_decided_in_time_is_though_the_rest_hangs() -> None:
    asked = users(20)
    pdp = Pdp(permitted=asked)

    async def story() -> tuple[Mapping[Question, Decision], float]:
        async def half_hanging(question_: bytes) -> bytes:
            if asked[0] in asked_of(question_):
                await hanging(question_)
            return await pdp.answer(question_)

        decided = await deciding(half_hanging, pairs=10).decide(asked)
        return decided, asyncio.get_running_loop().time()

    decided, took = played(story())

    assert {each for each, decision in decided.items() if decision is Decision.NOT_ASKED} <= set(
        asked[:10]
    )
    assert all(decided[each] is Decision.PERMITTED for each in asked[5:])
    assert took <= SECONDS


@pytest.mark.parametrize("trouble", [away, hanging])
def test_a_decision_point_that_is_away_is_left_alone_for_a_while_and_then_asked_again(
    trouble: Answer,
) -> None:
    asks: list[float] = []
    is_back = False
    pdp = Pdp()

    async def story() -> None:
        nonlocal is_back
        loop = asyncio.get_running_loop()

        async def answering(question_: bytes) -> bytes:
            asks.append(loop.time())
            return await (pdp.answer if is_back else trouble)(question_)

        decision_point = deciding(answering)
        with capture_logs() as logs:
            await decision_point.decide([PERMITTED[0]])
            began, count = loop.time(), len(asks)
            assert await decision_point.decide([PERMITTED[0]]) == {PERMITTED[0]: Decision.NOT_ASKED}
            assert (loop.time(), len(asks)) == (began, count)
        assert [each["event"] for each in logs] == ["decision_point_away"]
        assert "2000" not in str(logs)
        is_back = True
        await asyncio.sleep(LEFT_ALONE)
        assert await decision_point.decide([PERMITTED[0]]) == {PERMITTED[0]: Decision.PERMITTED}

    played(story())


def test_a_pair_that_cannot_be_judged_is_no_sign_that_nobody_is_there() -> None:
    lost = question("20001111", OTHER_UNIT)
    decision_point = deciding(Pdp(poison=[lost]).answer)

    async def story() -> None:
        assert await decision_point.decide([lost]) == {lost: Decision.UNJUDGEABLE}
        assert await decision_point.decide([PERMITTED[0]]) == {PERMITTED[0]: Decision.PERMITTED}

    played(story())


@pytest.mark.parametrize("is_away", [True, False])
def test_whom_the_decision_point_cannot_know_is_not_named_to_it_and_keeps_nobody_waiting(
    *, is_away: bool
) -> None:
    pdp = Pdp()
    national_number = question("15859010099")

    answering = away if is_away else pdp.answer
    decided = played(deciding(answering).decide([national_number, PERMITTED[0]]))

    known = Decision.NOT_ASKED if is_away else Decision.PERMITTED
    assert decided == {national_number: Decision.REFUSED, PERMITTED[0]: known}
    assert is_away or pdp.asked == [[PERMITTED[0]]]


def test_a_person_without_a_users_id_is_named_by_number_alone_in_a_question() -> None:
    pdp = Pdp()
    asked = [KARI_ALONE, of_person("15859010099", SUB_UNIT), of_person("06927530250"), PERMITTED[0]]

    decided = played(deciding(pdp.answer).decide(asked))

    assert decided == {each: DECIDED[each] for each in asked}
    assert sorted(len(each) for each in pdp.asked) == [1, 1, 2]
    assert asked[:2] in pdp.asked


def test_where_no_numbers_are_taken_who_has_no_other_name_is_refused_and_keeps_nobody_waiting() -> (
    None
):
    pdp = Pdp()
    decision_point = BatchedDecisionPoint(pdp.answer, seconds=SECONDS, takes_numbers=False)

    decided = played(decision_point.decide([KARI_ALONE, PERMITTED[0]]))

    assert decided == {KARI_ALONE: Decision.REFUSED, PERMITTED[0]: Decision.PERMITTED}
    assert pdp.asked == [[PERMITTED[0]]]


@pytest.mark.parametrize("how", MANGLED)
def test_an_answer_that_is_mangled_is_right_in_the_end_or_none(how: str) -> None:
    asked = [*PERMITTED, *users(5), question("20001111", SUB_UNIT)]
    permitted = {*PERMITTED, asked[-2]}

    async def mangled(question_: bytes) -> bytes:
        await asyncio.sleep(0)
        return response(MANGLED[how](answer(question_, permitted)))

    decided = played(deciding(mangled).decide(asked))

    for each, decision in decided.items():
        right = Decision.PERMITTED if each in permitted else Decision.REFUSED
        # That nobody knows the word for yes is a no.
        assert decision in {right, Decision.NOT_ASKED} or how == "of words that nobody knows"
    assert "order" not in how or Decision.NOT_ASKED not in decided.values()


QUESTIONS_ASKED = st.lists(
    st.builds(
        Question,
        st.sampled_from([str(20000000 + n) for n in range(12)]),
        st.sampled_from([UNIT, SUB_UNIT, OTHER_UNIT]),
        st.sampled_from(["tax-2026", "app_ttd_my_app"]),
        st.sampled_from(["read", "write"]),
        st.none(),
    )
    | st.builds(of_person, st.sampled_from([*PROFILES]), st.sampled_from([UNIT, SUB_UNIT])),
    max_size=60,
)
FAULTS = st.lists(
    st.sampled_from([*MANGLED, "no answer", "away", "hanging", None, None, None]), min_size=1
)


@given(
    asked=QUESTIONS_ASKED,
    permitted=st.sets(st.integers(0, 59)),
    poison=st.sets(st.integers(0, 59), max_size=3),
    faults=FAULTS,
    pairs=st.integers(1, 20),
    askers=st.integers(1, 4),
)
def test_whatever_goes_wrong_what_is_decided_is_right(
    *,
    asked: list[Question],
    permitted: set[int],
    poison: set[int],
    faults: list[str | None],
    pairs: int,
    askers: int,
) -> None:
    may = {each for n, each in enumerate(asked) if n in permitted}
    pdp = Pdp(may, {each for n, each in enumerate(asked) if n in poison})
    coming = iter(faults * 100)

    async def answering(question_: bytes) -> bytes:
        match next(coming, None):
            case "away":
                raise AwayError("answered 503")
            case "no answer":
                raise NoAnswerError(is_readable=False)
            case "hanging":
                return await hanging(question_)
            case str() as how if how in MANGLED and how != "of words that nobody knows":
                return response(MANGLED[how](answer(question_, may)))
            case _:
                return await pdp.answer(question_)

    async def story() -> tuple[Mapping[Question, Decision], float]:
        decision_point = deciding(answering, pairs=pairs)
        several = await asyncio.gather(
            *(decision_point.decide(asked[n::askers]) for n in range(askers))
        )
        for n, each in enumerate(several):
            assert each.keys() == set(asked[n::askers])
        decided = {question: each[question] for each in several for question in each}
        return decided, asyncio.get_running_loop().time()

    decided, took = played(story())

    assert decided.keys() == set(asked)
    assert took <= SECONDS
    for each, decision in decided.items():
        right = Decision.PERMITTED if each in may else Decision.REFUSED
        assert decision in {right, Decision.NOT_ASKED, Decision.UNJUDGEABLE}


@given(
    asked=QUESTIONS_ASKED,
    permitted=st.sets(st.integers(0, 59)),
    poison=st.sets(st.integers(0, 59), max_size=8),
    pairs=st.integers(1, 20),
)
def test_whoever_can_be_judged_is_judged_whoever_stands_beside_them(
    asked: list[Question], permitted: set[int], poison: set[int], pairs: int
) -> None:
    may = {each for n, each in enumerate(asked) if n in permitted}
    lost = {each for n, each in enumerate(asked) if n in poison}

    decided = played(deciding(Pdp(may, lost).answer, pairs=pairs).decide(asked))

    for each, decision in decided.items():
        right = Decision.PERMITTED if each in may else Decision.REFUSED
        assert decision is (Decision.UNJUDGEABLE if each in lost else right)
