"""What every ledger of owners promises; a suite for each names its stand."""

import asyncio
from datetime import date

from application.ports.owner_ledger import Amount, Ceiling, OwnerLedger

DAY, NEXT = date(2026, 9, 1), date(2026, 9, 2)
TEN = Ceiling(recipients=10, segments=20)


class OwnerLedgerContract:
    async def test_what_fits_is_counted_and_what_does_not_is_not(self, ledger: OwnerLedger) -> None:
        assert await ledger.take("ttd", DAY, Amount(6, 6), TEN) == Amount(6, 6)
        assert await ledger.take("ttd", DAY, Amount(5, 0), TEN) is None
        assert await ledger.take("ttd", DAY, Amount(0, 15), TEN) is None
        assert await ledger.take("ttd", DAY, Amount(4, 14), TEN) == Amount(10, 20)
        assert await ledger.used("ttd", DAY) == Amount(10, 20)

    async def test_the_first_of_a_day_may_be_too_much_as_well(self, ledger: OwnerLedger) -> None:
        assert await ledger.take("ttd", DAY, Amount(11, 0), TEN) is None
        assert await ledger.used("ttd", DAY) == Amount()

    async def test_owners_and_days_are_counted_apart(self, ledger: OwnerLedger) -> None:
        await ledger.take("ttd", DAY, Amount(10, 0), TEN)

        assert await ledger.take("skd", DAY, Amount(10, 0), TEN) == Amount(10, 0)
        assert await ledger.take("ttd", NEXT, Amount(10, 0), TEN) == Amount(10, 0)

    async def test_what_has_no_ceiling_is_counted_without_end(self, ledger: OwnerLedger) -> None:
        most = Ceiling(recipients=None, segments=5)

        assert await ledger.take("ttd", DAY, Amount(10**6, 5), most) == Amount(10**6, 5)
        assert await ledger.take("ttd", DAY, Amount(10**6, 0), most) == Amount(2 * 10**6, 5)
        assert await ledger.take("ttd", DAY, Amount(0, 1), most) is None

    async def test_what_came_to_nothing_is_given_back(self, ledger: OwnerLedger) -> None:
        await ledger.take("ttd", DAY, Amount(10, 3), TEN)
        await ledger.give_back("ttd", DAY, Amount(10, 3))

        assert await ledger.used("ttd", DAY) == Amount()
        await ledger.give_back("ttd", DAY, Amount(1, 1))
        assert await ledger.used("ttd", DAY) == Amount()

    async def test_many_at_once_do_not_go_beyond_together(self, ledger: OwnerLedger) -> None:
        told = await asyncio.gather(
            *(ledger.take("ttd", DAY, Amount(3, 0), TEN) for _ in range(20))
        )

        assert sum(each is not None for each in told) == 3

    async def test_an_owner_is_stopped_until_it_is_let(self, ledger: OwnerLedger) -> None:
        await ledger.stop("ttd", "sends to everybody")
        await ledger.stop("ttd", "sends to everybody, twice")

        assert await ledger.stopped() == {"ttd": "sends to everybody, twice"}
        assert await ledger.let("ttd")
        assert not await ledger.let("ttd")
        assert await ledger.stopped() == {}
