"""Keys come from their issuer, survive its outages, and are asked for with moderation."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.tokens.discovery import Discovery, IssuerUnreachableError
from adapters.tokens.keys import JwksKeys
from adapters.tokens.signing_keys import SigningKey
from application.ports.token_verifier import VerificationUnavailableError
from tests.adapters.tokens.forging import jwk, key_set
from tests.adapters.tokens.published import Clock, Publisher, publishing


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    async with publishing() as publisher:
        yield publisher


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def keys(publisher: Publisher, clock: Clock) -> AsyncIterator[JwksKeys]:
    async with JwksKeys(publisher.discovery(), clock=clock) as keys:
        yield keys


async def test_a_published_key_is_found(keys: JwksKeys) -> None:
    assert isinstance(await keys.find("one"), SigningKey)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16-le"])
async def test_keys_are_read_in_whichever_encoding_they_are_published(
    publisher: Publisher, clock: Clock, encoding: str
) -> None:
    publisher.keys = publisher.keys.decode().encode(encoding)

    async with JwksKeys(publisher.discovery(), clock=clock) as keys:
        assert isinstance(await keys.find("one"), SigningKey)


async def test_known_keys_are_not_asked_for_again(keys: JwksKeys, publisher: Publisher) -> None:
    for _ in range(50):
        await keys.find("one")

    assert publisher.fetches == 1


async def test_a_new_key_is_found_when_it_is_first_used(
    keys: JwksKeys, publisher: Publisher, clock: Clock
) -> None:
    publisher.keys = key_set(jwk("genuine", kid="one"), jwk("stranger", kid="two"))
    clock.forward(minutes=2)

    assert isinstance(await keys.find("two"), SigningKey)
    assert keys.generation == 0


async def test_a_withdrawn_key_is_gone_after_the_next_refresh(
    keys: JwksKeys, publisher: Publisher
) -> None:
    publisher.keys = key_set(jwk("stranger", kid="two"))

    assert await keys.refresh()

    assert await keys.find("one") is None
    assert keys.generation == 1


async def test_a_flood_of_unknown_keys_makes_one_request_a_minute(
    keys: JwksKeys, publisher: Publisher, clock: Clock
) -> None:
    clock.forward(minutes=2)
    publisher.is_open.clear()
    flood = [asyncio.create_task(keys.find(f"unknown-{n}")) for n in range(200)]
    await asyncio.sleep(0)
    publisher.is_open.set()

    assert await asyncio.gather(*flood) == [None] * 200
    for n in range(50):
        clock.forward(seconds=1)
        assert await keys.find(f"later-{n}") is None

    assert publisher.fetches == 2

    clock.forward(seconds=10)
    await keys.find("later-still")
    assert publisher.fetches == 3


async def test_a_clock_that_was_set_back_does_not_silence_us(
    keys: JwksKeys, publisher: Publisher, clock: Clock
) -> None:
    publisher.keys = key_set(jwk("stranger", kid="two"))
    clock.forward(hours=-1)

    assert isinstance(await keys.find("two"), SigningKey)


async def test_who_gives_up_waiting_takes_nothing_from_the_others(
    keys: JwksKeys, publisher: Publisher, clock: Clock
) -> None:
    clock.forward(minutes=2)
    publisher.keys = key_set(jwk("stranger", kid="two"))
    publisher.is_open.clear()
    impatient = asyncio.create_task(keys.find("two"))
    patient = asyncio.create_task(keys.find("two"))
    await asyncio.sleep(0)

    impatient.cancel()
    await asyncio.sleep(0)
    publisher.is_open.set()

    assert isinstance(await patient, SigningKey)
    assert impatient.cancelled()


async def test_keys_outlive_an_outage_of_seven_days_and_no_longer(
    keys: JwksKeys, publisher: Publisher, clock: Clock
) -> None:
    publisher.status = 503

    clock.forward(days=7)
    assert not await keys.refresh()
    assert isinstance(await keys.find("one"), SigningKey)

    clock.forward(seconds=1)
    with pytest.raises(VerificationUnavailableError):
        await keys.find("one")


async def test_without_any_keys_nobody_can_tell(publisher: Publisher, clock: Clock) -> None:
    publisher.status = 500
    async with JwksKeys(publisher.discovery(), clock=clock) as keys:
        with pytest.raises(VerificationUnavailableError):
            await keys.find("one")

        publisher.status = 200
        clock.forward(seconds=5)
        assert isinstance(await keys.find("one"), SigningKey)


async def test_keys_are_refreshed_in_the_background(publisher: Publisher, clock: Clock) -> None:
    often = timedelta(milliseconds=1)
    async with JwksKeys(publisher.discovery(), clock=clock, refresh_every=often):
        async with asyncio.timeout(5):
            assert [await publisher.fetched.get() for _ in range(3)] == [1, 2, 3]


async def test_keys_on_file_outlive_a_restart_during_an_outage(
    publisher: Publisher, clock: Clock, tmp_path: Path
) -> None:
    file = tmp_path / "keys" / "altinn.json"
    async with JwksKeys(publisher.discovery(), clock=clock, file=file):
        publisher.status = 503

    clock.forward(days=6)
    async with JwksKeys(publisher.discovery(), clock=clock, file=file) as keys:
        assert isinstance(await keys.find("one"), SigningKey)
        clock.forward(days=2)
        with pytest.raises(VerificationUnavailableError):
            await keys.find("one")

    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["altinn.json"]


@pytest.mark.parametrize("spoilt", ["", "{", '{"issuer":"x"}', "[" * 5000, "other", "future"])
async def test_a_file_that_is_not_of_this_issuer_is_left_alone(
    publisher: Publisher, clock: Clock, tmp_path: Path, spoilt: str
) -> None:
    file = tmp_path / "altinn.json"
    good = {
        "issuer": publisher.issuer,
        "confirmed_at": "2026-11-24T11:00:00Z",
        "key_set": publisher.keys.decode(),
    }
    if spoilt == "other":
        spoilt = json.dumps(good | {"issuer": "https://other.example.no/"})
    if spoilt == "future":
        spoilt = json.dumps(good | {"confirmed_at": "2026-12-24T11:00:00Z"})
    file.write_text(spoilt)
    publisher.status = 503

    async with JwksKeys(publisher.discovery(), clock=clock, file=file) as keys:
        with pytest.raises(VerificationUnavailableError):
            await keys.find("one")


async def test_a_purge_forgets_the_keys_on_file_too(
    publisher: Publisher, clock: Clock, tmp_path: Path
) -> None:
    file = tmp_path / "altinn.json"
    async with JwksKeys(publisher.discovery(), clock=clock, file=file) as keys:
        publisher.status = 503
        await keys.purge()

        assert not file.exists()
        assert keys.generation == 1
        with pytest.raises(VerificationUnavailableError):
            await keys.find("one")


@pytest.mark.parametrize(
    "published",
    [
        b"",
        b"{}",
        b'{"keys":[]}',
        b'{"keys":{}}',
        b"\xff\xfe",
        b"[" * 5000,
        key_set(jwk("genuine", kid="one", use="enc")),
        key_set(*[jwk("genuine", kid=f"{n}") for n in range(21)]),
        key_set(jwk("genuine", kid="one", padding="x" * 65536)),
        key_set(jwk("genuine", kid="one", d="AQAB")),
        key_set(jwk("genuine", kid="one", n="!")),
    ],
)
async def test_a_spoilt_key_set_leaves_the_last_good_one(
    keys: JwksKeys, publisher: Publisher, published: bytes
) -> None:
    publisher.keys = published

    assert not await keys.refresh()
    assert isinstance(await keys.find("one"), SigningKey)


async def test_an_issuer_that_is_somebody_else_is_not_believed(publisher: Publisher) -> None:
    publisher.metadata = {"issuer": "https://other.example.no/"}

    with pytest.raises(IssuerUnreachableError, match="another issuer"):
        await publisher.discovery().fetch()


async def test_redirects_are_not_followed(publisher: Publisher) -> None:
    publisher.redirect = f"{publisher.base}/elsewhere"

    with pytest.raises(IssuerUnreachableError, match="302"):
        await publisher.discovery().fetch()


async def test_an_answer_that_is_too_large_is_not_read_to_its_end(publisher: Publisher) -> None:
    publisher.keys = b" " * (64 * 1024 + 1)
    with pytest.raises(IssuerUnreachableError, match="too large"):
        await publisher.discovery().fetch()

    publisher.metadata = {"padding": " " * 64 * 1024}
    with pytest.raises(IssuerUnreachableError, match="too large"):
        await publisher.discovery().fetch()


async def test_an_issuer_that_hangs_is_given_up(publisher: Publisher) -> None:
    publisher.is_open.clear()

    with pytest.raises(IssuerUnreachableError, match="TimeoutError"):
        await publisher.discovery(timeout=0.05).fetch()


@pytest.mark.parametrize(
    "url",
    [
        "http://keys.example.no/jwks",
        "http://127.0.0.1.example.no/jwks",
        "file:///etc/passwd",
        "https://user@example.no/jwks",
        "https://",
        "http://[::1/jwks",
    ],
)
async def test_keys_are_fetched_from_https_addresses_only(publisher: Publisher, url: str) -> None:
    publisher.metadata = {"jwks_uri": url}

    with pytest.raises(IssuerUnreachableError, match="https"):
        await publisher.discovery().fetch()


async def test_http_is_for_this_machine_and_only_if_allowed(publisher: Publisher) -> None:
    with pytest.raises(ValueError, match="https"):
        publisher.discovery(allow_http=False)
    with pytest.raises(ValueError, match="https"):
        Discovery(issuer="http://example.no", url="http://example.no/", allow_http=True)
