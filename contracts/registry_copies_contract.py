"""What whoever knows how the local copies stand promises."""

import pytest

from application.ports.registry_copies import BUSINESSES, KRR, RegistryCopies

POSITION = "2026-11-01T06:01:00.1234567Z"


class RegistryCopiesContract:
    """Each copy is told with how far it has come, and as of when it is true."""

    @pytest.fixture
    def copies(self) -> RegistryCopies:
        """Copies: KRR's has read up to change 10 of 20, that of the businesses all there was."""
        raise NotImplementedError

    @pytest.fixture
    def never_loaded(self) -> RegistryCopies:
        """Copies of both, of which neither was ever loaded."""
        raise NotImplementedError

    async def test_a_copy_that_never_was_at_its_registers_end_is_not_loaded(
        self, copies: RegistryCopies
    ) -> None:
        krr = {each.registry: each for each in await copies.standings()}[KRR]
        assert (krr.position, krr.newest) == ("10", "20")
        assert not krr.is_loaded

    async def test_a_copy_that_was_at_its_registers_end_tells_when(
        self, copies: RegistryCopies
    ) -> None:
        businesses = {each.registry: each for each in await copies.standings()}[BUSINESSES]
        assert businesses.is_loaded
        assert businesses.position == POSITION
        assert businesses.confirmed_at is not None
        assert businesses.confirmed_at.tzinfo is not None

    async def test_a_copy_that_was_never_loaded_is_told_of_all_the_same(
        self, never_loaded: RegistryCopies
    ) -> None:
        standings = await never_loaded.standings()
        assert {each.registry for each in standings} == {KRR, BUSINESSES}
        assert not any(each.is_loaded or each.position for each in standings)
