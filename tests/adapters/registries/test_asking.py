"""What a register answers instead of an answer is told by its name, and heeded where it says when to come again."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial

import pytest
from yarl import URL

from adapters.registries.registry_http import LONGEST_WAIT, MOST_TRIES, ask, patiently
from application.ports.registries import RegistryUnavailableError
from tests.adapters.registries.registers import Register


class Watch:
    """Waits for nobody, and takes down for how long it was asked to."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.waited.append(seconds)


@pytest.fixture
def watch() -> Watch:
    return Watch()


async def _asked(register: Register, watch: Watch, *, seconds: float = 5.0) -> bytes:
    asking = partial(
        ask, "krr", URL(register.base), largest=1000, seconds=seconds, headers={}, question=b"{}"
    )
    return await patiently(asking, wait=watch)


@pytest.mark.parametrize(
    "status, told",
    [
        (401, "the registry krr does not take our token (401): see which token"),
        (403, "the registry krr does not let us read (403): our client or its token may lack"),
        (429, "the registry krr has been asked too often (429): ask again later"),
        (503, "the registry krr is closed for now (503): ask again later"),
        (302, "the registry krr sends us elsewhere (302), where nobody goes"),
        (500, "the registry krr answered 500"),
        (204, "the registry krr answered 204"),
        (599, "the registry krr answered 599"),
    ],
)
async def test_a_refusal_is_told_by_its_name(
    far_register: Register, watch: Watch, status: int, told: str
) -> None:
    far_register.say(b"Kari", status=status, headers={"Location": "/kari"})

    with pytest.raises(RegistryUnavailableError) as outage:
        await _asked(far_register, watch)

    assert str(outage.value).startswith(told)
    assert "ari" not in str(outage.value)
    assert len(far_register.asked) == 1
    assert watch.waited == []


async def test_a_register_that_hangs_or_breaks_off_or_says_too_much_is_told_apart(
    far_register: Register, watch: Watch
) -> None:
    far_register.answers += [far_register.hang, far_register.break_off]
    far_register.say(b"x" * 1001)
    for told in ("no whole answer within 0.3 seconds", "no answer that could", "more than 1000"):
        with pytest.raises(RegistryUnavailableError, match=told):
            await _asked(far_register, watch, seconds=0.3)


async def test_a_register_that_is_not_there_is_told_apart(watch: Watch) -> None:
    with pytest.raises(RegistryUnavailableError, match="cannot be reached"):
        await _asked(Register(base="http://127.0.0.1:1"), watch)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_register_that_asks_us_to_wait_is_asked_again_when_it_says(
    far_register: Register, watch: Watch, status: int
) -> None:
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(minutes=1), usegmt=True)
    far_register.say(b"", status=status, headers={"Retry-After": "7"})
    far_register.say(b"", status=status, headers={"Retry-After": in_a_minute})
    far_register.say(b"page")

    assert await _asked(far_register, watch) == b"page"

    number, date = watch.waited
    assert number == 7
    assert 50 < date <= 60
    assert [each.body for each in far_register.asked] == [b"{}"] * 3


@pytest.mark.parametrize("said", ["soon", "-1", "1.5", "Thu, 99 Dec 2026 12:00:00 GMT", ""])
async def test_a_time_that_cannot_be_read_is_none(
    far_register: Register, watch: Watch, said: str
) -> None:
    far_register.say(b"", status=503, headers={"Retry-After": said})

    with pytest.raises(RegistryUnavailableError, match="it does not say when"):
        await _asked(far_register, watch)


async def test_nobody_waits_for_longer_than_ten_minutes(
    far_register: Register, watch: Watch
) -> None:
    far_register.say(b"", status=503, headers={"Retry-After": f"{LONGEST_WAIT + 1:.0f}"})

    with pytest.raises(RegistryUnavailableError, match="ask again in 601 seconds"):
        await _asked(far_register, watch)

    assert watch.waited == []


async def test_a_register_that_always_asks_us_to_wait_is_given_up(
    far_register: Register, watch: Watch
) -> None:
    for _ in range(MOST_TRIES):
        far_register.say(b"", status=429, headers={"Retry-After": "1"})

    with pytest.raises(RegistryUnavailableError, match="too often"):
        await _asked(far_register, watch)

    assert watch.waited == [1.0] * (MOST_TRIES - 1)
