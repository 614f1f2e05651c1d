"""No byte leaves for an address that a sender had no business to name."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from adapters.conditions.http_send_condition import HttpSendCondition
from adapters.guarded_http.public_addresses import is_public
from application.ports.send_condition import NoAnswer
from tests.adapters.conditions.endpoint import Endpoint, answer, endpoint
from tests.adapters.conditions.hostile_urls import BY_NAME, INSIDE, MALFORMED, OTHER_SCHEMES

REFUSED = {"refused_address", "malformed_address", "host_not_found", "not_https"}


@pytest.fixture
async def trap() -> AsyncIterator[Endpoint]:
    """An endpoint inside, which would say yes to whoever got through."""
    async with endpoint(answer(b'{"sendNotification": true}')) as serving:
        yield serving


async def nowhere(_: str, __: int) -> Sequence[str]:
    raise OSError("the tests ask no name server")


def test_the_corpus_is_large_enough() -> None:
    assert len(INSIDE + BY_NAME + MALFORMED + OTHER_SCHEMES) >= 150


@pytest.mark.parametrize("host", INSIDE)
async def test_a_host_inside_is_not_called_however_it_is_spelt(host: str, trap: Endpoint) -> None:
    told = await HttpSendCondition(seconds=2).check(
        f"https://{host}:{trap.port}/latest/meta-data", owner="ttd"
    )
    assert isinstance(told, NoAnswer)
    assert told.reason in REFUSED
    assert trap.connections == 0


@pytest.mark.parametrize("address", BY_NAME)
async def test_a_name_that_leads_inside_is_not_called(address: str, trap: Endpoint) -> None:
    async def resolve(_: str, __: int) -> Sequence[str]:
        return [address]

    condition = HttpSendCondition(resolve=resolve)
    url = f"https://harmless.example:{trap.port}/"
    assert await condition.check(url, owner="ttd") == NoAnswer("refused_address")
    assert trap.connections == 0


@pytest.mark.parametrize("addresses", [("127.0.0.1", "8.8.8.8"), ("8.8.8.8", "::1")])
async def test_one_address_inside_condemns_the_name(
    addresses: Sequence[str], trap: Endpoint
) -> None:
    async def resolve(_: str, __: int) -> Sequence[str]:
        return addresses

    condition = HttpSendCondition(resolve=resolve)
    url = f"https://harmless.example:{trap.port}/"
    assert await condition.check(url, owner="ttd") == NoAnswer("refused_address")
    assert trap.connections == 0


@pytest.mark.parametrize("url", MALFORMED)
async def test_an_address_that_nobody_can_be_sure_of_is_not_called(url: str) -> None:
    told = await HttpSendCondition(seconds=2, resolve=nowhere).check(url, owner="ttd")
    assert isinstance(told, NoAnswer)
    assert told.reason in REFUSED


@pytest.mark.parametrize("user", ["user@", "user:pw@", ":pw@", "sender.example:443@"])
async def test_nobody_is_called_by_an_address_with_a_user_in_it(user: str, trap: Endpoint) -> None:
    condition = HttpSendCondition(allowed_hosts=["127.0.0.1"])
    told = await condition.check(f"http://{user}127.0.0.1:{trap.port}/", owner="ttd")
    assert told == NoAnswer("malformed_address")
    assert trap.connections == 0


@pytest.mark.parametrize("url", OTHER_SCHEMES)
async def test_only_https_is_spoken(url: str) -> None:
    told = await HttpSendCondition(resolve=nowhere).check(url, owner="ttd")
    assert isinstance(told, NoAnswer)
    assert told.reason in {"not_https", "malformed_address"}


async def test_a_name_whose_answer_changes_is_asked_for_once(trap: Endpoint) -> None:
    """The second answer would lead to the trap; the connection goes where the first one led."""
    answers = [["127.0.0.2"], ["127.0.0.1"]]

    async def rebind(_: str, __: int) -> Sequence[str]:
        return answers.pop(0)

    condition = HttpSendCondition(
        allowed_hosts=["127.0.0.2", "rebinding.example"], resolve=rebind, seconds=2
    )
    told = await condition.check(f"http://rebinding.example:{trap.port}/", owner="ttd")
    assert told == NoAnswer("not_reached")
    assert answers == [["127.0.0.1"]]
    assert trap.connections == 0


async def test_a_redirect_inside_is_not_followed(trap: Endpoint) -> None:
    aside = answer(b"", "302 Found", f"Location: http://127.0.0.1:{trap.port}/")
    async with endpoint(aside, host="127.0.0.2") as outside:
        condition = HttpSendCondition(allowed_hosts=["127.0.0.2"])
        told = await condition.check(f"http://127.0.0.2:{outside.port}/", owner="ttd")
    assert told == NoAnswer("status_302")
    assert trap.connections == 0


async def test_many_hostile_questions_at_once_reach_nobody(trap: Endpoint) -> None:
    condition = HttpSendCondition(seconds=2)
    told = await asyncio.gather(
        *(condition.check(f"https://{host}:{trap.port}/", owner="ttd") for host in INSIDE)
    )
    assert all(isinstance(each, NoAnswer) for each in told)
    assert trap.connections == 0


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "1.1.1.1",
        "193.0.0.1",
        "2606:4700:4700::1111",
        "64:ff9b::808:808",
        "2002:808:808::1",
    ],
)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)
