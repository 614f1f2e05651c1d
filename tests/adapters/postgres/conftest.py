"""What the tests of the server of our own may ask for."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.postgres.account import account_for
from adapters.postgres.binaries import find_binaries, installed_folders, wheel_folder
from tests.databases import scratch_folder

IS_ROOT = os.geteuid() == 0


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the server's account can enter."""
    with scratch_folder() as made:
        yield made


@pytest.fixture(scope="session")
def programs() -> Iterator[Path]:
    """A server's programs, where every user can run them."""
    with scratch_folder() as home:
        account = account_for(home / "cluster", substitute="nobody")
        found = find_binaries(
            account=account,
            home=home,
            major=None,
            wheel=wheel_folder(),
            installed=installed_folders(),
        )
        yield found.folder


@contextmanager
def _ordinary_user() -> Iterator[None]:
    if not IS_ROOT:
        yield
        return
    groups = os.getgroups()
    os.setgroups([])
    os.setresgid(65534, 65534, 0)
    os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
        os.setresgid(0, 0, 0)
        os.setgroups(groups)


@pytest.fixture
def _as_an_ordinary_user(folder: Path) -> Iterator[None]:
    if IS_ROOT:
        os.chown(folder, 65534, 65534)
    with _ordinary_user():
        yield
