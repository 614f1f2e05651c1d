"""A local copy is relied on as long as it is known to be up to date, and a register that is asked itself always."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from typing_extensions import override

from adapters.memory.registry_copies import InMemoryRegistryCopies
from application.delivery.usable_copies import UsableCopies, not_ready
from application.ports.registries import RegistryUnavailableError
from application.ports.registry_copies import (
    BUSINESSES,
    KRR,
    PROFILES,
    CopyStanding,
    NotReady,
    RegistryNotReadyError,
)
from domain.order.events import Consulted, Source
from tests.samples import NOON

DAY = timedelta(days=1)


class Counted(InMemoryRegistryCopies):
    """Counts how often it was asked."""

    asked = 0

    @override
    async def standings(self) -> Sequence[CopyStanding]:
        self.asked += 1
        await asyncio.sleep(0)
        return await super().standings()


class Away:
    async def standings(self) -> Sequence[CopyStanding]:
        raise RegistryUnavailableError("copies")


def krr(confirmed_at: datetime | None, position: str = "10") -> CopyStanding:
    return CopyStanding(registry=KRR, position=position, newest="10", confirmed_at=confirmed_at)


@pytest.mark.parametrize(
    "confirmed_at, because",
    [
        (None, NotReady.NEVER_LOADED),
        (NOON, None),
        (NOON - DAY, None),
        (NOON - DAY - timedelta(seconds=1), NotReady.TOO_OLD),
        (NOON + DAY, None),
    ],
)
def test_a_copy_can_be_relied_on_for_as_long_as_the_operator_says(
    confirmed_at: datetime | None, because: NotReady | None
) -> None:
    assert not_ready(krr(confirmed_at), NOON, DAY) is because


def test_what_users_registered_here_is_no_copy_and_does_not_grow_old() -> None:
    assert not_ready(CopyStanding(registry=PROFILES), NOON, DAY) is None


async def test_a_copy_that_cannot_be_relied_on_is_named_with_the_reason() -> None:
    copies = InMemoryRegistryCopies([krr(NOON - 2 * DAY), CopyStanding(registry=BUSINESSES)])
    usable = UsableCopies(copies, clock=lambda: NOON, max_age=DAY)

    with pytest.raises(RegistryNotReadyError, match="krr has grown too old") as old:
        await usable.consulted([Source.KRR])
    with pytest.raises(RegistryNotReadyError, match="businesses has never been loaded") as never:
        await usable.consulted([Source.BUSINESS_REGISTER])

    assert (old.value.registry, old.value.because) == (KRR, NotReady.TOO_OLD)
    assert (never.value.registry, never.value.because) == (BUSINESSES, NotReady.NEVER_LOADED)


async def test_only_the_copies_that_are_needed_have_to_be_ready() -> None:
    copies = InMemoryRegistryCopies([krr(NOON), CopyStanding(registry=BUSINESSES)])
    usable = UsableCopies(copies, clock=lambda: NOON, max_age=DAY)

    assert await usable.consulted([Source.KRR]) == {
        Source.KRR: Consulted(source=Source.KRR, position="10", as_of=NOON)
    }


async def test_a_register_that_is_asked_itself_answers_as_of_now() -> None:
    usable = UsableCopies(InMemoryRegistryCopies(), clock=lambda: NOON)

    assert await usable.consulted([Source.KRR]) == {
        Source.KRR: Consulted(source=Source.KRR, as_of=NOON)
    }


async def test_what_users_registered_here_holds_as_of_now_whenever_a_file_of_it_was_last_loaded() -> (
    None
):
    file = CopyStanding(registry=PROFILES, position="7", confirmed_at=NOON - 30 * DAY)
    usable = UsableCopies(InMemoryRegistryCopies([file]), clock=lambda: NOON)

    assert await usable.consulted([Source.USER_PROFILE]) == {
        Source.USER_PROFILE: Consulted(source=Source.USER_PROFILE, as_of=NOON)
    }


async def test_whoever_needs_no_copy_does_not_notice_that_nobody_can_tell() -> None:
    usable = UsableCopies(Away(), clock=lambda: NOON)

    assert await usable.consulted([]) == {}
    with pytest.raises(RegistryUnavailableError, match="copies"):
        await usable.consulted([Source.KRR])


async def test_how_the_copies_stand_is_found_out_once_a_second_however_many_ask() -> None:
    now = NOON
    copies = Counted([krr(NOON)])
    usable = UsableCopies(copies, clock=lambda: now)
    await asyncio.gather(*(usable.consulted([Source.KRR]) for _ in range(20)))
    assert copies.asked == 1

    copies.know(krr(NOON, position="11"))
    now += timedelta(seconds=1)
    told = await usable.consulted([Source.KRR])

    assert (told[Source.KRR].position, copies.asked) == ("11", 2)
