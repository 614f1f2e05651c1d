"""What was registered before profiles stood in the log is not lost, and lies nowhere unsealed any more."""

from functools import partial

from adapters.postgres.pool import Pool
from adapters.registries.carrying_over import carry_over_profiles
from application.envelope import SERVICE
from contracts.registries_contract import UNIT
from tests.adapters.registries.local import hand_in_service, profile_registry


async def test_what_stood_in_a_table_of_its_own_stands_in_the_profiles(pool: Pool) -> None:
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO user_profile VALUES ('1', %s, '{tax}', 'one@b.no', true, '40000001', false),"
            " ('2', %s, '{}', NULL, false, '40000002', true)",
            (UNIT, UNIT),
        )

    async with hand_in_service(pool) as service:
        hand_in = partial(service.take_over, by=SERVICE, reason="carried over")
        assert await carry_over_profiles(pool, hand_in) == 2
        assert await carry_over_profiles(pool, hand_in) == 0

    one, two = (await profile_registry(pool).find([UNIT], "tax"))[UNIT]
    assert one.email is not None
    assert (one.user, one.email.address.text, one.email.is_verified) == ("1", "one@b.no", True)
    assert two.mobile is not None
    assert (two.mobile.address.text, two.mobile.is_verified) == ("+4740000002", True)
    async with pool.connection() as connection:
        left = await (await connection.execute("SELECT FROM user_profile")).fetchall()
        told = await connection.execute(
            "SELECT convert_from(state, 'UTF8')::jsonb -> 'event' ->> 'reason' FROM orders_events"
            " WHERE topic = 'profile.addresses_registered'"
        )
        assert await told.fetchall() == [("carried over",), ("carried over",)]
    assert left == []
