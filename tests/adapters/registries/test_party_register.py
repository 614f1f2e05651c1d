import json

import pytest
from aiohttp import web
from typing_extensions import override

from adapters.registries.party_register import PartyRegister
from application.ports.registries import NameRegistry, RegistryUnavailableError
from contracts.registries_contract import NAMES, NameRegistryContract
from domain.recipient import OrganisationNumber
from tests.adapters.registries.registers import Register, token

KARI, OLA = "15859010099", "06927530250"
UNIT = OrganisationNumber("314022009")


def names(*parties: object) -> bytes:
    return json.dumps({"partyNames": parties}).encode()


def party_register(far_register: Register, seconds: float = 5.0) -> NameRegistry:
    return PartyRegister(f"{far_register.base}/register/api/v1/", token, seconds=seconds)


async def knowing(request: web.Request) -> web.StreamResponse:
    """Answer as a register that has the names which the contract knows."""
    asked = [number for each in (await request.json())["parties"] for number in each.items()]
    told = [{kind: each, "name": NAMES[each]} for kind, each in asked if each in NAMES]
    return web.Response(body=names(*told))


class TestPartyRegister(NameRegistryContract):
    @override
    @pytest.fixture
    def names(self, far_register: Register) -> NameRegistry:
        far_register.answers += [knowing] * 2
        return party_register(far_register)


async def test_everybody_is_asked_about_in_one_question(far_register: Register) -> None:
    far_register.say(
        names(
            {"orgNo": UNIT, "ssn": None, "name": "FJELL OG FJORD AS"},
            {"ssn": OLA, "name": "Ola Nordmann"},
            {"ssn": KARI, "name": "Kari Nordmann", "more": 1},
        )
    )
    found = await party_register(far_register).find([KARI, OLA], [UNIT])
    assert found == {KARI: "Kari Nordmann", OLA: "Ola Nordmann", UNIT: "FJELL OG FJORD AS"}
    (asked,) = far_register.asked
    assert (asked.method, asked.path) == ("POST", "/register/api/v1/parties/nameslookup")
    assert asked.headers["PlatformAccessToken"] == "token"
    assert asked.headers["Content-Type"] == "application/json"
    assert json.loads(asked.body) == {"parties": [{"ssn": KARI}, {"ssn": OLA}, {"orgNo": UNIT}]}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32-be"])
async def test_an_answer_is_read_in_whichever_encoding_it_comes(
    far_register: Register, encoding: str
) -> None:
    said = names({"ssn": KARI, "name": "Kåre Nordmann"}).decode()
    far_register.say(said.encode(encoding))

    assert await party_register(far_register).find([KARI], []) == {KARI: "Kåre Nordmann"}


async def test_many_are_asked_about_a_thousand_at_a_time(far_register: Register) -> None:
    everybody = [f"{each:011}" for each in range(2001)]
    for start in range(0, 2001, 1000):
        asked = everybody[start : start + 1000]
        far_register.say(names(*({"ssn": each, "name": f"No {each}"} for each in asked)))
    found = await party_register(far_register).find(everybody, [])
    assert found == {each: f"No {each}" for each in everybody}
    assert [len(json.loads(each.body)["parties"]) for each in far_register.asked] == [1000, 1000, 1]


async def test_to_ask_about_nobody_is_to_ask_nothing(far_register: Register) -> None:
    assert await party_register(far_register).find([], []) == {}
    assert not far_register.asked


async def test_who_has_no_name_or_was_not_asked_about_is_absent(far_register: Register) -> None:
    far_register.say(
        names({"ssn": KARI, "name": None}, {"ssn": OLA, "name": "Ola"}, {"name": "Nobody"}, {})
    )
    assert await party_register(far_register).find([KARI], [UNIT]) == {}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"{}",
        b"[]",
        b'{"partyNames": null}',
        b'{"partyNames": [null]}',
        b'{"partyNames": [{"ssn": 15859010099, "name": "Kari"}]}',
        b'{"partyNames": [{"ssn": "15859010099", "name": "\xff"}]}',
    ],
)
async def test_an_answer_that_is_none_is_an_outage(far_register: Register, body: bytes) -> None:
    far_register.say(body)
    with pytest.raises(RegistryUnavailableError, match="party_register"):
        await party_register(far_register).find([KARI], [])


async def test_an_answer_has_a_largest_size(far_register: Register) -> None:
    answer = names({"ssn": KARI, "name": "Kari"})
    far_register.say(answer.ljust(1024 * 1024))
    far_register.say(answer.ljust(1024 * 1024 + 1))
    assert await party_register(far_register).find([KARI], []) == {KARI: "Kari"}
    with pytest.raises(RegistryUnavailableError):
        await party_register(far_register).find([KARI], [])


@pytest.mark.parametrize("status", [204, 301, 302, 400, 401, 403, 404, 429, 500, 503])
async def test_a_refusal_is_an_outage(far_register: Register, status: int) -> None:
    far_register.say(b"", status=status, headers={"Location": "/elsewhere"})
    with pytest.raises(RegistryUnavailableError):
        await party_register(far_register).find([KARI], [])
    assert len(far_register.asked) == 1


async def test_an_answer_that_does_not_end_is_an_outage(far_register: Register) -> None:
    far_register.answers += [far_register.hang, far_register.break_off]
    for _ in range(2):
        with pytest.raises(RegistryUnavailableError):
            await party_register(far_register, seconds=0.2).find([KARI], [])


async def test_a_register_that_is_not_there_is_an_outage() -> None:
    with pytest.raises(RegistryUnavailableError) as outage:
        await PartyRegister("http://127.0.0.1:1", token).find([KARI], [])
    assert KARI not in repr(outage.value)


async def test_a_packed_answer_is_not_unpacked(far_register: Register) -> None:
    far_register.say(b"\x1f\x8b\x08\x00" + b"\x00" * 100, headers={"Content-Encoding": "gzip"})
    with pytest.raises(RegistryUnavailableError):
        await party_register(far_register).find([KARI], [])
