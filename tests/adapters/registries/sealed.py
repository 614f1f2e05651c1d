"""What seals the local copies of the tests; its keys are the same in all of them."""

from typing import LiteralString

from adapters.memory.key_vault import InMemoryKeyVault
from adapters.postgres.pool import Pool
from adapters.registries.sealing import Kept, RecordSealer
from tests.samples import NOON

SEALER = RecordSealer(InMemoryKeyVault(), clock=lambda: NOON)


async def opened(pool: Pool) -> list[tuple[str, bytes]]:
    """All that the copies hold in boxes, and of what each is."""
    tables: tuple[tuple[Kept, LiteralString], ...] = (
        ("persons", "SELECT number_hash, key_id, box FROM krr_person"),
        (
            "addresses",
            """
SELECT convert_to(registry_id || '|' || organisation, 'UTF8'), key_id, box FROM business_address
""",
        ),
        ("users", "SELECT username_hash, key_id, box FROM self_identified_user"),
        ("names", "SELECT number_hash, key_id, box FROM party_name"),
    )
    found = []
    async with pool.connection() as connection:
        for kept, query in tables:
            rows = await (await connection.execute(query)).fetchall()
            opening = await SEALER.opening(connection, {key_id for _, key_id, _ in rows})
            for name, key_id, box in rows:
                content = opening.open(kept, name, key_id, box)
                assert content is not None
                found.append((f"{kept} {name.hex()}", content))
    return sorted(found)
