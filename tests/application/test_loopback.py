"""What goes to this machine itself is seen by nobody on the way; nothing else is taken for it."""

import pytest

from application.loopback import is_loopback


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost", "127.0.0.1", "127.8.9.1", "::1", "[::1]"]
)
def test_this_machine_is_known_by_its_name_and_numbers(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["", "localhost.example.org", "127.0.0.1.example.org", "10.0.0.1", "::2", "0.0.0.0", "127.1"],  # noqa: S104  # nobody listens
)
def test_whatever_else_has_a_name_like_it_is_elsewhere(host: str) -> None:
    assert not is_loopback(host)
