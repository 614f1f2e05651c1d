"""Where the service cannot listen, it says why in one line."""

import socket

import pytest

from entrypoints.supervisor import PortInUseError, listen


@pytest.mark.parametrize("host", ["203.0.113.1", "no-host.invalid"])
def test_an_address_of_another_machine_is_told_apart_from_a_port_in_use(host: str) -> None:
    with pytest.raises(PortInUseError, match=f"^{host} is no address .* VARSEL_HOST$"):
        listen(host, 8080)


def test_a_port_in_use_is_told_with_the_setting_that_chooses_another() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.raises(PortInUseError, match=r"Address already in use.*VARSEL_PORT"),
    ):
        listen("127.0.0.1", int(listener.getsockname()[1]))
