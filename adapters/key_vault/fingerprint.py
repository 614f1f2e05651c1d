"""Whether the keys at hand are those that the database was sealed under.

Other keys would open nothing, and would give orders other names: a repeat would be placed again.
So the database keeps a fingerprint of its keys, and one of each month's, and who holds others does not
start: two machines whose files differ would seal what the other cannot open.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, LiteralString

from psycopg_pool import AsyncConnectionPool

from adapters.key_vault.file_key_vault import FileKeyVault, WrongKeyError

_STATE: Final[LiteralString] = """
SELECT (SELECT fingerprint FROM key_fingerprint), EXISTS (SELECT FROM data_key)
"""
_KEEP: Final[LiteralString] = """
INSERT INTO key_fingerprint (fingerprint) VALUES (%s) ON CONFLICT DO NOTHING
"""
_KEPT: Final[LiteralString] = "SELECT fingerprint FROM key_fingerprint"
_KEEP_MONTHS: Final[LiteralString] = """
INSERT INTO month_key_fingerprint (month, fingerprint)
SELECT * FROM unnest(%s::text[], %s::bytea[]) ON CONFLICT DO NOTHING
"""
_MONTHS: Final[LiteralString] = "SELECT month, fingerprint FROM month_key_fingerprint"
_LATEST: Final[LiteralString] = """
SELECT k.month, k.wrapped
  FROM orders_events e
  JOIN data_key k ON k.order_id = e.originator_id AND k.version = e.originator_version
 WHERE e.notification_id > (SELECT max(notification_id) FROM orders_events) - 1000
 ORDER BY e.notification_id DESC LIMIT 1
"""


async def vault_of(
    pool: AsyncConnectionPool[Any], open_vault: Callable[[bool], FileKeyVault]
) -> FileKeyVault:
    """Open the vault that a database was sealed under; a new database takes the keys that there are.

    `open_vault` is told whether the keys may be made if there are none.

    Raises:
        KeyFileError: the keys are missing, are others, or are older than what was sealed last; one
            line says what to do.
    """
    async with pool.connection() as connection:
        known, is_sealed = await (await connection.execute(_STATE)).fetchone() or (None, False)
        vault = open_vault(known is None and not is_sealed)
        own = vault.keyed_hash("fingerprint", b"")
        latest = await (await connection.execute(_LATEST)).fetchone()
        if latest is not None and (known is None or known == own):
            month, wrapped = latest
            vault.unwrap(wrapped, month)
        if known is None:
            await connection.execute(_KEEP, (own,))
            (known,) = await (await connection.execute(_KEPT)).fetchone() or (None,)
    if known != own:
        raise WrongKeyError(
            "The key file holds other keys than those that this database was sealed under: put that "
            "file back (VARSEL_KEY_FILE), or let VARSEL_DATABASE_URL lead to the database it belongs to."
        )
    await _compare_months(pool, vault)
    return vault


async def _compare_months(pool: AsyncConnectionPool[Any], vault: FileKeyVault) -> None:
    """See that each month's key is that of whoever started first; what is new is kept if all are.

    Raises:
        WrongKeyError: one is not; nothing was kept.
    """
    async with pool.connection() as connection:
        kept = dict(await (await connection.execute(_MONTHS)).fetchall())
        _check_months(vault, kept)
        own = vault.fingerprints
        if new := sorted(own.keys() - kept.keys()):
            await connection.execute(_KEEP_MONTHS, (new, [own[month] for month in new]))
            _check_months(vault, dict(await (await connection.execute(_MONTHS)).fetchall()))


def _check_months(vault: FileKeyVault, kept: Mapping[str, bytes]) -> None:
    own = vault.fingerprints
    for month in sorted(kept.keys() - vault.destroyed):
        if own.get(month) != kept[month]:
            raise WrongKeyError(
                f"The key file lacks the key of {month} by which this database is worked on, or holds "
                "another: copy the key file (VARSEL_KEY_FILE) of a machine that runs to this one."
            )
