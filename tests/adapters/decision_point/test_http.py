from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import pytest
from aiohttp import web
from typing_extensions import override

from adapters.decision_point.batches import BatchedDecisionPoint
from adapters.decision_point.http import DecisionPointClient
from adapters.decision_point.xacml import AwayError, NoAnswerError, alike
from application.ports.decision_point import DecisionPoint
from contracts.decision_point_contract import (
    DECIDED,
    PERMITTED,
    AwayContract,
    DecisionPointContract,
)
from domain.authority import Decision
from tests.adapters.decision_point.pdp import answer, response
from tests.adapters.registries.registers import Register, register
from tests.service.installations import free_port

Answering = web.StreamResponse | Callable[[web.Request], Awaitable[web.StreamResponse]]
PATH = "/authorization/api/v1/decision"


async def credentials() -> Mapping[str, str]:
    return {"Ocp-Apim-Subscription-Key": "our key"}


@pytest.fixture
async def far() -> AsyncIterator[Register]:
    """A decision point on this machine."""
    async with register() as running:
        yield running


@pytest.fixture
async def client(far: Register) -> AsyncIterator[DecisionPointClient]:
    asking = DecisionPointClient(f"{far.base}{PATH}", credentials, seconds=0.5)
    yield asking
    await asking.aclose()


async def deciding(request: web.Request) -> web.StreamResponse:
    results = answer(await request.read(), PERMITTED)
    return web.Response(body=response(results), content_type="application/json")


class TestDecisionPointOverHttp(DecisionPointContract):
    @override
    @pytest.fixture
    def decision_point(self, far: Register, client: DecisionPointClient) -> DecisionPoint:
        far.answers += [deciding] * 10
        return BatchedDecisionPoint(client.answer, seconds=5.0)


class TestDecisionPointOverHttpThatIsAway(AwayContract):
    @override
    @pytest.fixture
    async def away(self) -> AsyncIterator[DecisionPoint]:
        client = DecisionPointClient(
            f"http://127.0.0.1:{free_port()}{PATH}", credentials, seconds=0.5
        )
        yield BatchedDecisionPoint(client.answer, seconds=5.0)
        await client.aclose()


async def test_we_are_known_by_what_the_settings_give_and_ask_by_post(
    far: Register, client: DecisionPointClient
) -> None:
    far.say(b"the answer")
    assert await client.answer(b"the question") == b"the answer"
    (asked,) = far.asked
    assert (asked.method, asked.path, asked.body) == ("POST", PATH, b"the question")
    assert asked.headers["Ocp-Apim-Subscription-Key"] == "our key"
    assert asked.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("status", [301, 401, 403, 404, 429, 502, 503])
async def test_who_answers_nobody_is_away(
    far: Register, client: DecisionPointClient, status: int
) -> None:
    far.say(b"", status=status, headers={"Location": "http://127.0.0.1:1/"})
    with pytest.raises(AwayError, match=str(status)):
        await client.answer(b"")
    assert len(far.asked) == 1


@pytest.mark.parametrize("status", [400, 408, 413, 500, 504])
async def test_what_may_be_the_questions_fault_is_no_answer_to_it(
    far: Register, client: DecisionPointClient, status: int
) -> None:
    far.say(b"", status=status)
    with pytest.raises(NoAnswerError):
        await client.answer(b"")


async def test_who_hangs_or_breaks_off_or_says_too_much_has_not_answered(
    far: Register, client: DecisionPointClient
) -> None:
    far.answers += [far.hang, far.break_off, web.Response(body=b" " * (4 * 1024 * 1024 + 1))]
    for _ in range(3):
        with pytest.raises(NoAnswerError):
            await client.answer(b"")


async def test_without_what_we_are_known_by_nobody_is_asked(far: Register) -> None:
    async def none() -> Mapping[str, str]:
        raise RuntimeError("no token for our client")

    client = DecisionPointClient(f"{far.base}{PATH}", none, seconds=0.5)
    with pytest.raises(AwayError) as away:
        await client.answer(b"")
    assert "client" not in str(away.value)
    assert not far.asked


@pytest.mark.parametrize("trouble", ["hang", "break_off", "html", "gzip"])
async def test_what_came_to_nothing_is_asked_again_in_halves_and_right(
    far: Register, client: DecisionPointClient, trouble: str
) -> None:
    asked = [each for each in DECIDED if alike(each) == alike(PERMITTED[0])]
    odd: Mapping[str, Answering] = {
        "html": web.Response(body=b"<html>", content_type="text/html"),
        "gzip": web.Response(body=b"\x1f\x8b\x08", headers={"Content-Encoding": "gzip"}),
        "hang": far.hang,
        "break_off": far.break_off,
    }
    far.answers += [odd[trouble], deciding, deciding]

    decided = await BatchedDecisionPoint(client.answer, seconds=5.0).decide(asked)

    assert decided == {each: DECIDED[each] for each in asked}
    assert Decision.PERMITTED in decided.values()
    assert len(far.asked) == 3
