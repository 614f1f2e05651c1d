"""The register is told as it wants to be, and each of its answers is taken for what it is worth."""

import json
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from adapters.registries.address_register import HttpAddressRegister
from application.ports.address_register import (
    AddressRegister,
    ChangeNotTaken,
    ChangeOutcome,
    ChangeRefused,
    ChangeTaken,
    ChangeUnknown,
)
from application.ports.registries import RegistryUnavailableError
from contracts.address_register_contract import PHONE, POST, UNKNOWN, AddressRegisterContract
from contracts.samples import BAKERY
from tests.adapters.registries.registers import Register, token

LONG_PAST = "Mon, 30 Nov 2020 12:00:00 GMT"
"""A moment, as `Retry-After` may name one in place of seconds."""


class Reception:
    """Receives changes as the register does."""

    def __init__(self) -> None:
        self.has: set[str] = set()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        *_, last = request.path.split("/")
        if last != "define":
            if last not in self.has:
                return said(details="no such address")
            self.has.remove(last)
        if body:
            unit = json.loads(body)["Kontaktinformasjon"]["kontaktinformasjonForEnhet"]
            number = unit["enhetsidentifikator"]["verdi"]
            if number == UNKNOWN:
                return said(details=f"{number} is not a valid norwegian organization number")
        name = f"{len(self.has) + 1:032x}"
        self.has.add(name)
        return said(address=name)


def said(*, address: str | None = None, details: str | None = None) -> web.Response:
    is_good = address is not None
    told = {
        "status": "OK" if is_good else "VALIDATION_ERROR",
        "boolResult": is_good,
        "addressId": address,
        "traceId": "c0ffee01",
        "details": details,
    }
    return web.json_response(told)


def told_at(far_register: Register, *, seconds: float = 5.0) -> HttpAddressRegister:
    return HttpAddressRegister(f"{far_register.base}/reception/", token, seconds=seconds)


class TestHttpAddressRegister(AddressRegisterContract):
    @pytest.fixture
    def register(self, far_register: Register) -> AddressRegister:
        reception = Reception()
        far_register.answers += [reception.answer] * 3
        return told_at(far_register)


def address(organisation: str, alert: dict[str, Any]) -> dict[str, Any]:
    unit = {"enhetsidentifikator": {"type": "ORGANISASJONSNUMMER", "verdi": organisation}}
    return {
        "Kontaktinformasjon": {
            "digitalVarslingsinformasjon": alert,
            "kontaktinformasjonForEnhet": unit,
        }
    }


async def test_it_is_told_in_its_own_words(far_register: Register) -> None:
    register, reception = told_at(far_register), Reception()
    reception.has.add("0a")
    far_register.answers += [reception.answer] * 3

    await register.add(BAKERY.number, PHONE)
    await register.replace("0a", BAKERY.number, POST)
    await register.remove(f"{1:032x}")

    first, second, third = far_register.asked
    assert [each.method for each in far_register.asked] == ["POST"] * 3
    assert (first.path, second.path) == ("/reception/define", "/reception/replace/0a")
    assert (third.path, third.body) == (f"/reception/replace/{1:032x}", b"")
    assert first.headers["Authorization"] == "Bearer token"
    number = {"internasjonaltPrefiks": "+47", "nasjonaltNummer": "40000004"}
    assert json.loads(first.body) == address(BAKERY.number, {"mobiltelefon": number})
    email = {"domenenavn": "bakery.example", "brukernavn": "post"}
    assert json.loads(second.body) == address(BAKERY.number, {"epostadresse": email})


@pytest.mark.parametrize(
    "body, status, headers, outcome",
    [
        (b'{"boolResult":true,"addressId":"0c"}', 200, {}, ChangeTaken("0c")),
        (b'{"boolResult":false,"addressId":null}', 200, {}, ChangeRefused("validation_error")),
        (b'{"boolResult":true,"addressId":null}', 200, {}, ChangeUnknown("no_address_id")),
        (b"", 503, {}, ChangeNotTaken("status_503")),
        (b"", 503, {"Retry-After": "9"}, ChangeNotTaken("status_503", timedelta(seconds=9))),
        (b"", 503, {"Retry-After": LONG_PAST}, ChangeNotTaken("status_503", timedelta())),
        (b"", 503, {"Retry-After": "999999"}, ChangeNotTaken("status_503", timedelta(days=1))),
        (b"", 429, {"Retry-After": "soon"}, ChangeNotTaken("status_429")),
        (b"", 401, {}, ChangeNotTaken("status_401")),
        (b"", 403, {}, ChangeNotTaken("status_403")),
        (b"", 404, {}, ChangeNotTaken("status_404")),
        (b"", 500, {}, ChangeUnknown("status_500")),
        (b"", 502, {}, ChangeUnknown("status_502")),
        (b"", 302, {"Location": "/elsewhere"}, ChangeUnknown("status_302")),
        (b"", 200, {}, ChangeUnknown("unreadable")),
        (b"{", 200, {}, ChangeUnknown("unreadable")),
        (b"[1]", 200, {}, ChangeUnknown("unreadable")),
        (b'{"boolResult":"yes"}', 200, {}, ChangeUnknown("unreadable")),
        (b"\xff\xfe", 200, {}, ChangeUnknown("unreadable")),
        (b" " * 70_000, 200, {}, ChangeUnknown("too_large")),
    ],
)
async def test_an_answer_is_worth(
    far_register: Register,
    body: bytes,
    status: int,
    headers: dict[str, str],
    outcome: ChangeOutcome,
) -> None:
    far_register.say(body, status=status, headers=headers)

    assert await told_at(far_register).add(BAKERY.number, POST) == outcome


async def test_one_that_hangs_or_breaks_off_may_have_taken_it(far_register: Register) -> None:
    far_register.answers += [far_register.hang, far_register.break_off]
    register = told_at(far_register, seconds=0.3)

    assert await register.add(BAKERY.number, POST) == ChangeUnknown("timeout")
    broken_off = await register.add(BAKERY.number, POST)
    assert isinstance(broken_off, ChangeUnknown)


async def test_one_that_cannot_be_reached_has_taken_nothing() -> None:
    nobody = HttpAddressRegister("http://127.0.0.1:1/", None)

    assert isinstance(await nobody.add(BAKERY.number, POST), ChangeNotTaken)


async def no_token() -> str:
    raise RegistryUnavailableError("businesses")


async def test_without_a_token_nobody_is_told(far_register: Register) -> None:
    register = HttpAddressRegister(far_register.base, no_token)

    assert await register.add(BAKERY.number, POST) == ChangeNotTaken("no_token")
    assert far_register.asked == []
