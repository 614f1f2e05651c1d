"""Who works with the command: the name that stands on record beside what was done."""

import getpass
import os
import socket

from application.envelope import Actor, Role


def operator() -> Actor:
    """Whoever calls the command, by the operating system's word, also through `sudo`."""
    try:
        user = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return Actor(role=Role.OPERATOR, name=f"{user}@{socket.gethostname()}")
