"""What somebody at the console changes, over HTTP."""

import io
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from entrypoints.sandbox.registers import Holdings, Registers

KARI, FIRM = "15859010099", "314022009"


async def told(
    http: aiohttp.ClientSession, what: str, order: object, *, status: int = 200
) -> dict[str, Any]:
    async with http.post(f"/sandbox/{what}", json=order) as answer:
        said: dict[str, Any] = await answer.json()
        assert answer.status == status, said
        return said


async def test_a_persons_address_is_changed(
    holdings: Holdings, http: aiohttp.ClientSession
) -> None:
    said = await told(http, "person", {"number": KARI, "email": "kari.new@post.example.no"})

    assert said == {"change": 2525}
    assert b"kari.new@post.example.no" in holdings.persons.page(2524)


async def test_an_organisations_addresses_are_changed_and_removed(
    holdings: Holdings, http: aiohttp.ClientSession
) -> None:
    await told(http, "organisation", {"number": FIRM, "mobile": "+4740000088"})
    assert sorted(holdings.addresses.of(FIRM).values()) == ["email", "mobile"]

    await told(http, "organisation", {"number": FIRM, "remove": True})
    assert holdings.addresses.of(FIRM) == {}


async def test_it_is_told_how_far_those_who_follow_have_come(http: aiohttp.ClientSession) -> None:
    async def standing() -> dict[str, Any]:
        async with http.get("/sandbox") as answer:
            said: dict[str, Any] = await answer.json()
            return said

    said = await told(http, "person", {"number": KARI, "email": "kari.new@post.example.no"})
    change = (await told(http, "organisation", {"number": FIRM, "remove": True}))["change"]
    assert await standing() == {
        "person": {"newest": said["change"], "told": 0, "generated": 2500},
        "organisation": {"newest": change, "told": 0, "generated": 30},
    }

    async with http.post("/rest/v2/krr/hentEndringer", json={"fraEndringsId": 2000}):
        pass
    async with http.get("/varslingsadresser/fragments/json/v1"):
        pass

    now = await standing()
    assert (now["person"]["told"], now["organisation"]["told"]) == (said["change"], change)


async def test_trouble_is_made_and_cleared(http: aiohttp.ClientSession) -> None:
    path = "/rest/v2/krr/hentEndringer"
    await told(http, "trouble", {"path": path, "trouble": {"status": 503}})
    async with http.post(path, json={"fraEndringsId": 0}) as answer:
        assert answer.status == 503

    await told(http, "trouble", {"path": path, "trouble": None})
    async with http.post(path, json={"fraEndringsId": 0}) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    "what, order, because",
    [
        ("person", {"number": "15859010098", "deleted": True}, "invented"),
        ("person", {"number": KARI}, "nothing is to change"),
        ("person", {"email": "a@b.example.no"}, "not what is asked for"),
        ("organisation", {"number": "991825827", "remove": True}, "invented"),
        ("organisation", {"number": FIRM}, "nothing is to change"),
        ("permit", {"user": "20001111"}, "not what is asked for"),
        ("trouble", {"path": "krr", "trouble": {"status": 503}}, "begins with /"),
    ],
)
async def test_what_cannot_be_done_is_told_in_a_line(
    http: aiohttp.ClientSession, what: str, order: dict[str, Any], because: str
) -> None:
    said = await told(http, what, order, status=400)

    assert because in said["detail"]
    assert "\n" not in said["detail"]


async def test_a_page_in_a_browser_changes_nothing(
    holdings: Holdings, http: aiohttp.ClientSession
) -> None:
    body = f'{{"number": "{KARI}", "deleted": true}}'
    async with http.post(
        "/sandbox/person", data=body, headers={"Content-Type": "text/plain"}
    ) as answer:
        assert answer.status == 415

    assert holdings.persons.newest == 2524


async def test_nobodys_number_is_logged(registers: Registers, http: aiohttp.ClientSession) -> None:
    with capture_logs() as logged:
        await told(http, "person", {"number": KARI, "email": "a@b.example.no"})
        await told(http, "person", {"number": "15859010098", "deleted": True}, status=400)
        await registers.stop()

    assert KARI[:9] not in str(logged)


async def test_a_body_that_is_too_large_is_refused(http: aiohttp.ClientSession) -> None:
    body = io.BytesIO(b'{"number": "' + b"1" * 5 * 1024 * 1024)
    headers = {"Content-Type": "application/json"}
    async with http.post("/sandbox/person", data=body, headers=headers) as answer:
        assert answer.status == 413
