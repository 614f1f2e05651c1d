"""The party register tells by which ids it knows organisations, all that were asked about or none."""

import json
from collections.abc import Sequence

import pytest
from aiohttp import web

from adapters.registries.party_ids import PartyRegisterIds
from application.ports.party_ids import PartyIds
from application.ports.registries import RegistryUnavailableError
from contracts.party_ids_contract import PARTY_IDS, PartyIdsContract
from contracts.samples import BAKERY
from domain.recipient import OrganisationNumber
from tests.adapters.registries.registers import Register, token

ASKED_AT = "/register/api/v1/parties/identifiers"


def register_ids(far_register: Register, seconds: float = 5.0) -> PartyIds:
    return PartyRegisterIds(f"{far_register.base}/register/api/v1/", token, seconds=seconds)


async def knowing(request: web.Request) -> web.StreamResponse:
    """Answer as a register does: of a hundred at most, in an order of its own, and of known ones alone."""
    asked = request.query["orgs"].split(",")
    if len(asked) > 100:
        return web.Response(status=400)
    told = [
        {"partyId": PARTY_IDS[number], "partyUuid": None, "orgNumber": number}
        for number in map(OrganisationNumber, reversed(asked))
        if number in PARTY_IDS
    ]
    return web.Response(body=json.dumps(told).encode())


class TestPartyRegisterIds(PartyIdsContract):
    @pytest.fixture
    def party_ids(self, far_register: Register) -> PartyIds:
        far_register.answers += [knowing] * 4
        return register_ids(far_register)


async def test_it_is_asked_by_number_as_somebody_it_knows(far_register: Register) -> None:
    far_register.answers.append(knowing)

    await register_ids(far_register).find([BAKERY.number, BAKERY.number])

    (asked,) = far_register.asked
    assert (asked.method, asked.path) == ("GET", f"{ASKED_AT}?orgs={BAKERY.number}")
    assert asked.headers["PlatformAccessToken"] == "token"


async def test_what_is_no_number_is_not_asked_about_and_spoils_no_other(
    far_register: Register,
) -> None:
    far_register.answers.append(knowing)
    asked = [OrganisationNumber(each) for each in ("", "31402200", "3140220090", "1,2")]

    found = await register_ids(far_register).find([*asked, BAKERY.number])

    assert found == {BAKERY.number: 50001234}


@pytest.mark.parametrize("wrong", [b"", b"{}", b'[{"partyId":"x"}]', b"\xff"])
async def test_an_answer_that_cannot_be_read_is_none(far_register: Register, wrong: bytes) -> None:
    far_register.say(wrong)

    with pytest.raises(RegistryUnavailableError):
        await register_ids(far_register).find([BAKERY.number])


async def test_when_one_of_several_questions_fails_nothing_is_told(
    far_register: Register,
) -> None:
    far_register.answers.append(knowing)
    far_register.say(b"busy", status=503)
    many: Sequence[OrganisationNumber] = list(PARTY_IDS)

    with pytest.raises(RegistryUnavailableError):
        await register_ids(far_register).find(many)
