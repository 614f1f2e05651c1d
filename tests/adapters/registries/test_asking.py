"""What a register answers instead of an answer is told by its name, and heeded where it says when to come again."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from yarl import URL

from adapters.registries.registry_http import ask
from application.ports.registries import RegistryUnavailableError
from tests.adapters.registries.registers import Register


async def _asked(register: Register, *, seconds: float = 5.0) -> bytes:
    return await ask(
        "krr", URL(register.base), largest=1000, seconds=seconds, headers={}, question=b"{}"
    )


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
    far_register: Register, status: int, told: str
) -> None:
    far_register.say(b"Kari", status=status, headers={"Location": "/kari"})

    with pytest.raises(RegistryUnavailableError) as outage:
        await _asked(far_register)

    assert str(outage.value).startswith(told)
    assert "ari" not in str(outage.value)
    assert len(far_register.asked) == 1


async def test_a_register_that_hangs_or_breaks_off_or_says_too_much_is_told_apart(
    far_register: Register,
) -> None:
    far_register.answers += [far_register.hang, far_register.break_off]
    far_register.say(b"x" * 1001)
    for told in ("no whole answer within 0.3 seconds", "no answer that could", "more than 1000"):
        with pytest.raises(RegistryUnavailableError, match=told):
            await _asked(far_register, seconds=0.3)


async def test_a_register_that_is_not_there_is_told_apart() -> None:
    with pytest.raises(RegistryUnavailableError, match="cannot be reached"):
        await _asked(Register(base="http://127.0.0.1:1"))


@pytest.mark.parametrize("status", [429, 503])
async def test_a_register_that_asks_us_to_wait_tells_for_how_long(
    far_register: Register, status: int
) -> None:
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(minutes=1), usegmt=True)
    for said, low, high in (("7", 7, 7), (in_a_minute, 50, 60)):
        far_register.say(b"", status=status, headers={"Retry-After": said})

        with pytest.raises(RegistryUnavailableError, match="ask again in ") as outage:
            await _asked(far_register)

        assert outage.value.again_in is not None
        assert low <= outage.value.again_in <= high


@pytest.mark.parametrize("said", ["soon", "-1", "1.5", "Thu, 99 Dec 2026 12:00:00 GMT", ""])
async def test_a_time_that_cannot_be_read_is_none(far_register: Register, said: str) -> None:
    far_register.say(b"", status=503, headers={"Retry-After": said})

    with pytest.raises(RegistryUnavailableError, match="it does not say when") as outage:
        await _asked(far_register)

    assert outage.value.again_in is None
