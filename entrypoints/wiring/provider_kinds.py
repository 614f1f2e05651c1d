"""Kinds of provider that have settings of their own: those that come with the service, and others' as well.

What is here is loaded by every command, since settings are; so a kind loads what it makes when it makes it.
A package that is installed beside the service registers its kind of provider in its own `pyproject.toml`:

    [project.entry-points."varsel.providers"]
    acme = "acme_sms:ACME"
"""

import re
from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from adapters.channels.kannel.kind import KANNEL
from application.ports.provider_kind import AnyProviderKind, ProviderKind
from application.setting import SettingError

GROUP: Final = "varsel.providers"

GATEWAYS: Final[Sequence[AnyProviderKind]] = (KANNEL,)
"""A gateway that comes with the service is a folder in `adapters/channels`, and its name here."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_PATH: Final = re.compile(r"/notifications(/[a-z0-9_-]+)+/reports")
"""No path of the service itself; large letters are small ones there, and a slash at the end is none."""


def kinds_with_settings() -> Sequence[AnyProviderKind]:
    """Every kind of provider with settings of its own.

    Raises:
        SettingError: one that is registered cannot be used; the line says which, and why.
    """
    return (*GATEWAYS, *registered_kinds(GATEWAYS))


def registered_kinds(ours: Iterable[AnyProviderKind]) -> Sequence[AnyProviderKind]:
    """The kinds of provider that installed packages register, beside ours.

    Raises:
        SettingError: one cannot be used; the line says which, and why.
    """
    taken = list(ours)
    found = []
    for each in sorted(entry_points(group=GROUP), key=lambda each: each.name):
        kind = _loaded(each)
        if any(kind.name == other.name for other in taken):
            raise _refused(each, "there is a provider of that name already")
        if (door := kind.door) is not None:
            doors = [other.door for other in taken if other.door is not None]
            if _PATH.fullmatch(door.path) is None:
                raise _refused(each, f"{door.path} is not of the form /notifications/…/reports")
            if any(door.path == other.path for other in doors):
                raise _refused(each, f"another reports at {door.path}")
            if any(door.operation == other.operation for other in doors):
                raise _refused(each, f"another's operation is called {door.operation}")
        taken.append(kind)
        found.append(kind)
    return found


def _loaded(found: EntryPoint) -> AnyProviderKind:
    try:
        kind = found.load()
    except Exception as error:  # what a package does when it is loaded, nobody can foresee
        raise _refused(found, f"it cannot be loaded: {type(error).__name__}: {error}") from error
    if not isinstance(kind, ProviderKind):
        raise _refused(found, f"{found.value} is not a ProviderKind")
    if kind.name != found.name or _NAME.fullmatch(kind.name) is None:
        raise _refused(found, "its name, there and here, is one word in small letters")
    return kind


def _refused(found: EntryPoint, why: str) -> SettingError:
    package = f" of {found.dist.name}" if found.dist else ""
    return SettingError(
        f"the provider {found.name}{package} cannot be used: {' '.join(why.split())}"
    )
