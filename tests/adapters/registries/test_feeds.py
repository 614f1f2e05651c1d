import json

import pytest
from aiohttp import web
from typing_extensions import override

from adapters.postgres.pool import Pool
from adapters.registries.feeds import BusinessesFeed, KrrFeed
from adapters.registries.importing import ImportSummary, RegistryImporter
from adapters.registries.pages import UnreadablePageError
from adapters.registries.replicas import PostgresBusinessRegistry, PostgresPersonRegistry
from application.ports.registries import RegistryUnavailableError
from application.ports.registry_feed import PageTaken, RegistryFeed
from contracts.registry_feed_contract import RegistryFeedContract
from domain.recipient import OrganisationNumber
from tests.adapters.registries.pages import addresses, email, gone, krr, person
from tests.adapters.registries.pages import unread as unread_address
from tests.adapters.registries.registers import Register, token
from tests.adapters.registries.sealed import SEALER

KARI, OLA, EVA = "15859010099", "06927530250", "01818010083"
UNIT = OrganisationNumber("314022009")
PATH = "/varslingsadresser/fragments/json/v1"


async def followed(feed: RegistryFeed, *, again: bool = False) -> list[PageTaken]:
    """Every page that was taken until the feed's end."""
    return [page async for page in feed.follow(again=again)]


class TestKrrFeed(RegistryFeedContract):
    @override
    @pytest.fixture
    def feed(self, importer: RegistryImporter, far_register: Register) -> RegistryFeed:
        async def answer(request: web.Request) -> web.StreamResponse:
            after = (await request.json())["fraEndringsId"]
            changed = [person(KARI, mobile=f"4000000{after + 1}")] if after < 3 else []
            page = krr(*changed, start=after, end=min(after + 1, 3), newest=3)
            return web.Response(body=page)

        far_register.answers += [answer] * 9
        return KrrFeed(importer, far_register.base, token)


class TestBusinessesFeed(RegistryFeedContract):
    @override
    @pytest.fixture
    def feed(self, importer: RegistryImporter, far_register: Register) -> RegistryFeed:
        every = [
            (f"0{number}", email(f"{number}", UNIT, f"a{number}@b.no", f"0{number}"))
            for number in (1, 2, 3)
        ]

        async def answer(request: web.Request) -> web.StreamResponse:
            since = request.query.get("since", "")
            after = int(request.query.get("page", 0))
            changed = [each for _, each in every if each["updated"] >= since]
            following = f"{far_register.base}/?since={since}&page={after + 1}"
            is_last = after + 1 >= len(changed)
            page = addresses(changed[after], next_page=None if is_last else following)
            return web.Response(body=page)

        far_register.answers += [answer] * 9
        return BusinessesFeed(importer, far_register.base)


async def test_krr_is_followed_to_its_newest_change(
    pool: Pool, importer: RegistryImporter, far_register: Register
) -> None:
    far_register.say(krr(person(KARI, mobile="40000001"), end=10, newest=20))
    far_register.say(krr(person(OLA, mobile="40000002"), start=10, end=20, newest=25))
    far_register.say(krr(start=20, end=25, newest=25))
    taken = await followed(KrrFeed(importer, f"{far_register.base}/krr", token))
    assert [(each.position, each.newest, each.written) for each in taken] == [
        ("10", "20", 1),
        ("20", "25", 1),
        ("25", "25", 0),
    ]
    assert [json.loads(each.body) for each in far_register.asked] == [
        {"fraEndringsId": 0},
        {"fraEndringsId": 10},
        {"fraEndringsId": 20},
    ]
    (first, *_) = far_register.asked
    assert (first.method, first.path) == ("POST", "/krr")
    assert first.headers["Authorization"] == "Bearer token"
    assert await importer.cursor("krr") == "25"
    assert set(await PostgresPersonRegistry(pool, SEALER).find([KARI, OLA, EVA])) == {KARI, OLA}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
async def test_a_page_is_read_in_whichever_encoding_it_comes(
    importer: RegistryImporter, far_register: Register, encoding: str
) -> None:
    page = krr(person(KARI, mobile="40000001"), end=10, newest=10)
    far_register.say(page.decode().encode(encoding))

    (taken,) = await followed(KrrFeed(importer, f"{far_register.base}/krr", token))

    assert (taken.written, await importer.cursor("krr")) == (1, "10")


async def test_krr_is_asked_from_where_the_copy_stands(
    importer: RegistryImporter, far_register: Register
) -> None:
    far_register.say(krr(end=10))
    far_register.say(krr(start=10, end=10))
    for _ in range(2):
        await followed(KrrFeed(importer, far_register.base, token))
    assert [json.loads(each.body)["fraEndringsId"] for each in far_register.asked] == [0, 10]


async def test_a_feed_that_stands_still_is_not_asked_for_ever(
    importer: RegistryImporter, far_register: Register
) -> None:
    far_register.say(krr(end=10, newest=20))
    far_register.say(krr(start=10, end=10, newest=20))
    with pytest.raises(UnreadablePageError, match="stands still"):
        await followed(KrrFeed(importer, far_register.base, token))
    assert len(far_register.asked) == 2


async def test_a_register_that_ends_before_the_copy_does_is_not_taken_for_its_end(
    importer: RegistryImporter, far_register: Register
) -> None:
    far_register.say(krr(end=10))
    far_register.say(krr(start=10, end=4))
    await followed(KrrFeed(importer, far_register.base, token))

    with pytest.raises(UnreadablePageError, match="gone back"):
        await followed(KrrFeed(importer, far_register.base, token))


async def test_what_was_imported_before_an_outage_stays(
    pool: Pool, importer: RegistryImporter, far_register: Register
) -> None:
    far_register.say(krr(person(KARI, mobile="40000001"), end=10, newest=20))
    far_register.say(b"", status=503)
    with pytest.raises(RegistryUnavailableError, match="krr"):
        await followed(KrrFeed(importer, far_register.base, token))
    assert await importer.cursor("krr") == "10"
    far_register.say(krr(person(OLA, mobile="40000002"), start=10, end=20))
    await followed(KrrFeed(importer, far_register.base, token))
    assert json.loads(far_register.asked[-1].body) == {"fraEndringsId": 10}
    assert set(await PostgresPersonRegistry(pool, SEALER).find([KARI, OLA])) == {KARI, OLA}


async def test_a_feed_that_hangs_or_breaks_off_is_an_outage(
    importer: RegistryImporter, far_register: Register
) -> None:
    far_register.answers += [far_register.hang, far_register.break_off]
    with pytest.raises(RegistryUnavailableError):
        await followed(KrrFeed(importer, far_register.base, token, seconds=0.2))
    with pytest.raises(RegistryUnavailableError):
        await followed(BusinessesFeed(importer, far_register.base, seconds=5))
    assert await importer.cursor("krr") is None


async def test_an_answer_that_is_no_page_is_refused(
    importer: RegistryImporter, far_register: Register
) -> None:
    far_register.say(b"<html>")
    far_register.say(b"<html>")
    with pytest.raises(UnreadablePageError):
        await followed(KrrFeed(importer, far_register.base, token))
    with pytest.raises(UnreadablePageError):
        await followed(BusinessesFeed(importer, far_register.base))


async def test_businesses_are_followed_page_by_page_and_later_from_the_last_entry(
    importer: RegistryImporter, far_register: Register
) -> None:
    onward = f"{far_register.base}{PATH}?pageSize=5000&page=opaque%2F2"
    far_register.say(addresses(email("a", UNIT, "a@b.no", "01"), next_page=onward))
    far_register.say(addresses(email("b", UNIT, "c@b.no", "02")))
    far_register.say(addresses())
    taken = await followed(BusinessesFeed(importer, f"{far_register.base}{PATH}"))
    assert [each.written for each in taken] == [1, 1]
    await followed(BusinessesFeed(importer, f"{far_register.base}{PATH}"))
    assert [(each.method, each.path) for each in far_register.asked] == [
        ("GET", f"{PATH}?pageSize=5000"),
        ("GET", f"{PATH}?pageSize=5000&page=opaque%2F2"),
        ("GET", f"{PATH}?pageSize=5000&since=2026-11-01T06:02:00.1234567Z"),
    ]


async def test_krr_is_asked_again_for_the_pages_that_could_not_be_read(
    pool: Pool, importer: RegistryImporter, far_register: Register
) -> None:
    unread = person(KARI, reservasjon="Ja")
    far_register.say(krr(person(OLA), end=10, newest=20))
    far_register.say(krr(unread, None, start=10, end=20))
    await followed(KrrFeed(importer, far_register.base, token))
    assert (await PostgresPersonRegistry(pool, SEALER).find([KARI]))[KARI].is_uncertain

    # Another has changed since, so that the page goes further; the one of nobody is told no more.
    far_register.say(krr(person(KARI), None, person(EVA), start=10, end=22, newest=24))
    far_register.say(krr(start=22, end=24))
    await followed(KrrFeed(importer, far_register.base, token), again=True)

    assert [json.loads(each.body)["fraEndringsId"] for each in far_register.asked] == [
        0,
        10,
        10,
        22,
    ]
    assert not (await PostgresPersonRegistry(pool, SEALER).find([KARI]))[KARI].is_uncertain
    (status,) = await importer.status()
    assert (status.cursor, status.uncertain, status.nobodys) == ("24", 0, 1)


async def test_businesses_are_asked_again_from_the_first_change_that_could_not_be_read(
    pool: Pool, importer: RegistryImporter, far_register: Register
) -> None:
    page = [unread_address("a", UNIT, "02"), email("b", UNIT, "b@b.no", "03")]
    far_register.say(addresses(*page, None))
    await followed(BusinessesFeed(importer, far_register.base))
    far_register.say(addresses(email("a", UNIT, "a@b.no", "02"), *page[1:], None))
    await followed(BusinessesFeed(importer, far_register.base), again=True)

    assert far_register.asked[-1].path == "/?pageSize=5000&since=2026-11-01T06:01:59Z"
    record = (await PostgresBusinessRegistry(pool, SEALER).find([UNIT]))[UNIT]
    assert (len(record.emails), record.is_uncertain) == (2, False)
    (status,) = await importer.status()
    assert (status.cursor, status.uncertain) == ("2026-11-01T06:03:00.1234567Z", 0)
    assert status.nobodys == 1


async def test_what_still_cannot_be_read_stands_in_quarantine_once_however_often_it_comes(
    importer: RegistryImporter, far_register: Register
) -> None:
    entries = [unread_address("a", UNIT), {**unread_address("b", UNIT), "content": "{"}, None]
    for at in range(3):
        far_register.say(addresses(*entries, gone(f"z{at}")))
        await followed(BusinessesFeed(importer, far_register.base), again=True)
        unread = krr(person(KARI, reservasjon="Ja"), None, end=10 + at)
        await importer.import_page("krr", unread, ImportSummary())
    assert [
        (each.quarantined, each.uncertain, each.nobodys) for each in await importer.status()
    ] == [
        (3, 1, 2),
        (2, 1, 1),
    ]


@pytest.mark.parametrize("has_token", [True, False])
async def test_businesses_are_asked_with_a_token_where_one_is_given(
    importer: RegistryImporter, far_register: Register, *, has_token: bool
) -> None:
    far_register.say(addresses())
    await followed(BusinessesFeed(importer, far_register.base, token if has_token else None))
    (asked,) = far_register.asked
    assert asked.headers.get("Authorization") == ("Bearer token" if has_token else None)


@pytest.mark.parametrize(
    "next_page",
    [
        "http://127.0.0.2/varslingsadresser",
        "http://example.org/varslingsadresser",
        "https://{host}/varslingsadresser",
        "http://127.0.0.1:1/varslingsadresser",
        "file:///etc/passwd",
        "/varslingsadresser",
        "//example.org/",
        "http://[",
    ],
)
async def test_a_next_page_on_another_host_is_not_fetched(
    importer: RegistryImporter, far_register: Register, next_page: str
) -> None:
    given = next_page.replace("{host}", far_register.base.removeprefix("http://"))
    far_register.say(addresses(email("a", UNIT, "a@b.no"), next_page=given))
    with pytest.raises(UnreadablePageError, match="next page"):
        await followed(BusinessesFeed(importer, f"{far_register.base}{PATH}"))
    assert len(far_register.asked) == 1
    assert await importer.cursor("businesses") is not None


async def test_a_feed_that_leads_in_a_circle_is_not_followed_for_ever(
    importer: RegistryImporter, far_register: Register
) -> None:
    for page in ("2", "1", "2"):
        far_register.say(addresses(next_page=f"{far_register.base}{PATH}?page={page}"))
    with pytest.raises(UnreadablePageError, match="back"):
        await followed(BusinessesFeed(importer, f"{far_register.base}{PATH}"))
    assert len(far_register.asked) == 3


async def test_a_redirect_is_not_followed(
    importer: RegistryImporter, far_register: Register
) -> None:
    far_register.say(b"", status=302, headers={"Location": "/elsewhere"})
    with pytest.raises(RegistryUnavailableError):
        await followed(BusinessesFeed(importer, far_register.base))
    assert len(far_register.asked) == 1
