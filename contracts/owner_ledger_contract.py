"""What every ledger of owners promises; a suite for each names its stand."""

import asyncio
from datetime import date, timedelta
from uuid import uuid4

from application.ports.owner_ledger import REMEMBERED, Amount, OwnerLedger, QuotaLimit
from domain.order.events import OrderId

DAY, NEXT = date(2026, 9, 1), date(2026, 9, 2)
TEN = QuotaLimit(recipients=10, segments=20)
ONE, OTHER = OrderId(uuid4()), OrderId(uuid4())


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
        most = QuotaLimit(recipients=None, segments=5)

        assert await ledger.take("ttd", DAY, Amount(10**6, 5), most) == Amount(10**6, 5)
        assert await ledger.take("ttd", DAY, Amount(10**6, 0), most) == Amount(2 * 10**6, 5)
        assert await ledger.take("ttd", DAY, Amount(0, 1), most) is None

    async def test_what_came_to_nothing_is_given_back(self, ledger: OwnerLedger) -> None:
        await ledger.take("ttd", DAY, Amount(10, 3), TEN, order_id=ONE)
        await ledger.give_back(ONE)

        assert await ledger.used("ttd", DAY) == Amount()
        await ledger.give_back(ONE)
        assert await ledger.used("ttd", DAY) == Amount()
        assert await ledger.take("ttd", DAY, Amount(1, 1), TEN, order_id=ONE) == Amount(1, 1)

    async def test_an_order_is_counted_once_and_passes_at_the_ceiling(
        self, ledger: OwnerLedger
    ) -> None:
        await ledger.take("ttd", DAY, Amount(3, 0), TEN, order_id=ONE)
        await ledger.take("ttd", DAY, Amount(7, 0), TEN, order_id=OTHER)

        assert await ledger.take("ttd", DAY, Amount(3, 0), TEN, order_id=ONE) == Amount(10, 0)
        assert await ledger.take("ttd", NEXT, Amount(3, 0), TEN, order_id=ONE) == Amount()
        assert await ledger.used("ttd", DAY) == Amount(10, 0)
        assert await ledger.take("ttd", DAY, Amount(1, 0), TEN) is None

    async def test_what_did_not_fit_is_not_remembered(self, ledger: OwnerLedger) -> None:
        assert await ledger.take("ttd", DAY, Amount(11, 0), TEN, order_id=ONE) is None
        assert await ledger.take("ttd", DAY, Amount(11, 0), TEN, order_id=ONE) is None

    async def test_an_order_stays_counted_while_anybody_stands_behind_it(
        self, ledger: OwnerLedger
    ) -> None:
        for _ in range(3):
            await ledger.take("ttd", DAY, Amount(3, 1), TEN, order_id=ONE)

        await asyncio.gather(ledger.give_back(ONE), ledger.give_back(ONE))
        assert await ledger.used("ttd", DAY) == Amount(3, 1)
        await ledger.give_back(ONE)
        assert await ledger.used("ttd", DAY) == Amount()

    async def test_one_order_asked_for_many_times_at_once_is_counted_once(
        self, ledger: OwnerLedger
    ) -> None:
        told = await asyncio.gather(
            *(
                ledger.take("ttd", day, Amount(6, 0), TEN, order_id=ONE)
                for day in (DAY, NEXT)
                for _ in range(10)
            )
        )

        assert None not in told
        days = [await ledger.used("ttd", each) for each in (DAY, NEXT)]
        assert sorted(days, key=lambda used: used.recipients) == [Amount(), Amount(6, 0)]

    async def test_what_was_counted_is_forgotten_after_a_week(self, ledger: OwnerLedger) -> None:
        await ledger.take("ttd", DAY, Amount(1, 0), TEN, order_id=ONE)
        last = DAY + REMEMBERED
        await ledger.take("ttd", last, Amount(1, 0), TEN)
        assert await ledger.take("ttd", last, Amount(1, 0), TEN, order_id=ONE) == Amount(1, 0)

        later = last + timedelta(days=1)
        await ledger.take("ttd", later, Amount(1, 0), TEN)
        assert await ledger.take("ttd", later, Amount(1, 0), TEN, order_id=ONE) == Amount(2, 0)

    async def test_many_at_once_do_not_go_beyond_together(self, ledger: OwnerLedger) -> None:
        told = await asyncio.gather(
            *(ledger.take("ttd", DAY, Amount(3, 0), TEN) for _ in range(20))
        )

        assert sum(each is not None for each in told) == 3
