"""To which copy of a register a query is put: the one that is asked, or one that is loaded beside it."""

from collections.abc import Callable
from typing import Final, LiteralString, TypeAlias

Put: TypeAlias = Callable[[LiteralString], LiteralString]

_TABLES: Final[tuple[LiteralString, ...]] = (
    "krr_person",
    "business_address",  # and those that were removed
    "registry_quarantine",
    "registry_copy",
)


def as_it_is(query: LiteralString) -> LiteralString:
    """A query, put to the copy that is asked."""
    return query


def beside(query: LiteralString) -> LiteralString:
    """The same query, put to the copy that is loaded beside it."""
    for table in _TABLES:
        query = query.replace(table, f"anew_{table}")
    return query
