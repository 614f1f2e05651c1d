"""Refusals become answers that tell a client what to do, and nobody anything else."""

from dataclasses import replace
from typing import get_args

import httpx
import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from adapters.memory.key_vault import InMemoryKeyVault
from application.assembly import Application
from application.ordering.commands import ChainReceipt, OrderReceipt, PlaceChain, PlaceOrder
from application.ordering.order_ids import OrderNames
from application.ordering.order_service import OrderService
from application.ports.order_repository import ConcurrentUpdateError, StoreUnavailableError
from application.ports.registries import RegistryUnavailableError
from application.ports.registry_copies import NotReady, RegistryNotReadyError
from entrypoints.http.transport.problem_types import Altinn, Empty, Plain, Refusal
from entrypoints.http.transport.problems import REFUSALS, TOKEN_REFUSALS
from tests.entrypoints.http.asking import EMAIL_ORDER, chain
from tests.entrypoints.http.installation import TTD, V1, Installation

TRACE = "0af7651916cd43dd8448eb211c80319c"


class Failing(OrderService):
    """Fails at whatever it is asked."""

    def __init__(self, error: Exception) -> None:
        self._error = error
        self._names = OrderNames(InMemoryKeyVault())

    @override
    async def place(self, command: PlaceOrder) -> OrderReceipt:
        raise self._error

    @override
    async def place_chain(self, command: PlaceChain) -> ChainReceipt:
        raise self._error


def failing(installation: Installation, error: Exception) -> Application:
    return replace(installation.application, ordering=Failing(error))


@pytest.mark.parametrize(
    "error, code, seconds",
    [
        (StoreUnavailableError(), "store_unavailable", 5),
        (RegistryUnavailableError("krr"), "registry_unavailable", 5),
        (RegistryNotReadyError("krr", NotReady.TOO_OLD), "registry_not_ready", 60),
        (ConcurrentUpdateError(), "order_is_busy", 5),
    ],
)
async def test_what_cannot_be_done_now_may_be_tried_again(
    installation: Installation, error: Exception, code: str, seconds: int
) -> None:
    async with installation.client(application=failing(installation, error)) as api:
        answer = await api.post(f"{V1}/future/orders", json=chain(), headers=TTD)

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == str(seconds)
    assert answer.json()["code"] == code


@pytest.mark.parametrize(
    "because, reason",
    [(NotReady.TOO_OLD, "copy_too_old"), (NotReady.NEVER_LOADED, "copy_not_loaded")],
)
async def test_a_copy_that_cannot_be_relied_on_is_named_with_the_reason(
    installation: Installation, because: NotReady, reason: str
) -> None:
    error = RegistryNotReadyError("krr", because)
    async with installation.client(application=failing(installation, error)) as api:
        told = (await api.post(f"{V1}/future/orders", json=chain(), headers=TTD)).json()

    assert (told["registry"], told["reason"]) == ("krr", reason)


async def test_what_nobody_foresaw_is_told_and_logged_without_a_word_of_it(
    installation: Installation,
) -> None:
    error = RuntimeError("kari@example.org could not be written")
    async with installation.client(application=failing(installation, error)) as api:
        with capture_logs() as logs:
            answer = await api.post(f"{V1}/orders/email", json=EMAIL_ORDER, headers=TTD)

    problem = answer.json()
    assert answer.status_code == 500
    trace_id = problem.pop("traceId")
    assert problem == {
        "type": "https://tools.ietf.org/html/rfc9110#section-15.6.1",
        "title": "Internal Server Error",
        "status": 500,
        "code": "unexpected",
    }
    (line,) = logs
    assert line["trace_id"] == trace_id
    assert line["error"] == "RuntimeError"
    assert line["where"].startswith("tests.entrypoints.http.test_problems:")
    assert "kari" not in str(logs)


async def test_a_problem_belongs_to_the_callers_trace(api: httpx.AsyncClient) -> None:
    traceparent = f"00-{TRACE}-b7ad6b7169203331-01"

    answer = await api.get(f"{V1}/nothing", headers={"traceparent": traceparent})

    version, trace, span, flags = answer.json()["traceId"].split("-")
    assert (version, trace, flags) == ("00", TRACE, "01")
    assert span != "b7ad6b7169203331"


@pytest.mark.parametrize(
    "traceparents",
    [
        [],
        ["77"],
        [f"00-{TRACE}-b7ad6b7169203331"],
        [f"00-{TRACE.upper()}-b7ad6b7169203331-01"],
        [f"ff-{TRACE}-b7ad6b7169203331-01"],
        [f"00-{'0' * 32}-b7ad6b7169203331-01"],
        [f"00-{TRACE}-{'0' * 16}-01"],
        [f"00-{TRACE}-b7ad6b7169203331-01"] * 2,
    ],
)
async def test_a_problem_without_a_callers_trace_gets_one_of_its_own(
    api: httpx.AsyncClient, traceparents: list[str]
) -> None:
    headers = [("traceparent", each) for each in traceparents]

    answers = [await api.get(f"{V1}/nothing", headers=headers) for _ in range(2)]

    traces = [answer.json()["traceId"].split("-") for answer in answers]
    assert traces[0][1] != traces[1][1]
    for version, trace, span, flags in traces:
        assert (version, len(trace), len(span), flags) == ("00", 32, 16, "00")
        assert trace != TRACE


async def test_whoever_is_wrong_a_thousand_times_is_told_a_hundred_and_that_there_is_more(
    api: httpx.AsyncClient,
) -> None:
    order = EMAIL_ORDER | {"recipients": [1] * 1000}

    answer = await api.post(f"{V1}/orders/email", json=order, headers=TTD)

    problem = answer.json()
    assert answer.status_code == 400
    assert "detail" in problem
    assert len(problem["errors"]) == 100
    assert len(answer.content) < 16 * 1024


def test_every_refusal_has_a_code_of_its_own() -> None:
    assert get_args(Refusal) == (Empty, Plain, Altinn)
    told = [*REFUSALS.values(), *set(TOKEN_REFUSALS.values())]
    codes = [each.code for each in told]

    assert len(codes) == len(set(codes))
    assert not any(isinstance(each, Empty) for each in told)
