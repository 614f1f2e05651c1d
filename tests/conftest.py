"""What every test may ask for."""

from collections.abc import Iterator

import pytest

from tests import databases

_NEEDS_A_SERVER = {"database_url", "empty_database_url", "server_url"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and _NEEDS_A_SERVER & set(item.fixturenames):
            item.add_marker(pytest.mark.postgres)
    items.sort(key=_seconds_it_may_take)


def _seconds_it_may_take(item: pytest.Item) -> float:
    """As its own time-out says; what has none is quick, and comes first."""
    own = item.get_closest_marker("timeout")
    return float(own.args[0]) if own else 0.0


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A PostgreSQL server, started by the first test that needs one."""
    with databases.server() as conninfo:
        yield conninfo


@pytest.fixture(scope="session")
def _databases(server_url: str) -> Iterator[databases.Databases]:
    made = databases.Databases(server_url)
    yield made
    made.close()


@pytest.fixture
def database_url(_databases: databases.Databases) -> Iterator[str]:
    """A fresh database with the whole schema, for this test alone."""
    with _databases.fresh() as conninfo:
        yield conninfo


@pytest.fixture
def empty_database_url(_databases: databases.Databases) -> Iterator[str]:
    """A fresh database without a schema, for this test alone."""
    with _databases.fresh(has_schema=False) as conninfo:
        yield conninfo
