"""How a setting is declared: how it is read, what it is where nobody sets it, and what it means.

Settings are the fields of a frozen dataclass. From where they are read is not known here.
"""

import re
from collections.abc import Callable
from dataclasses import field
from typing import Any, Final
from urllib.parse import urlsplit

from application.loopback import is_loopback

LEAST_SECRET: Final = 16
"""Characters of a secret of ours at least; the service has no other guard at that door."""


class SettingError(Exception):
    """Settings cannot be used; the text is a line for each that says which, why, and what to write."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def as_text(value: str) -> str:
    """Any text but an empty one."""
    if not value.strip():
        raise ValueError("it is empty; leave it out, or give it a value")
    return value.strip()


def as_flag(value: str) -> bool:
    """A yes or a no."""
    words = {"1": True, "true": True, "yes": True, "on": True}
    words |= {"0": False, "false": False, "no": False, "off": False}
    if value.strip().lower() not in words:
        raise ValueError("write 1 or 0")
    return words[value.strip().lower()]


def as_whole(low: int, high: int) -> Callable[[str], int]:
    """A whole number within these."""

    def read(value: str) -> int:
        try:
            number = int(value)
        except ValueError:
            raise ValueError(f"write a whole number from {low} to {high}") from None
        if not low <= number <= high:
            raise ValueError(f"write a whole number from {low} to {high}")
        return number

    return read


def as_duration(low: int, high: int) -> Callable[[str], int]:
    """A time within these seconds: a number of seconds, or one with its unit, such as 90s, 30m, 72h, 3d."""
    units = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}

    def read(value: str) -> int:
        written = re.fullmatch(r"([0-9]{1,9})\s*([smhd]?)", value.strip().lower())
        seconds = -1 if written is None else int(written[1]) * units[written[2]]
        if not low <= seconds <= high:
            raise ValueError(
                f"write a time from {low} to {high} seconds, such as 90s, 30m, 72h or 3d"
            )
        return seconds

    return read


def as_url(*schemes: str) -> Callable[[str], str]:
    """An address by one of these schemes, without a slash at its end."""

    def read(value: str) -> str:
        url = as_text(value).rstrip("/")
        try:
            parts = urlsplit(url)
            is_whole = parts.scheme in schemes and bool(parts.hostname)
            _ = parts.port
        except ValueError:
            is_whole = False
        if not is_whole:
            examples = " or ".join(f"{scheme}://host" for scheme in schemes)
            raise ValueError(f"write an address such as {examples}")
        return url

    return read


def as_own_secret(value: str) -> str:
    """A secret of ours, by which others come in: so long that nobody guesses it."""
    if len(as_text(value)) < LEAST_SECRET:
        raise ValueError(
            f"write at least {LEAST_SECRET} characters that nobody can guess, "
            "as `openssl rand -hex 24` prints them"
        )
    return value.strip()


def as_names(value: str) -> tuple[str, ...]:
    """Names with commas between them."""
    return tuple(name.strip() for name in value.split(",") if name.strip())


def as_visible(value: str) -> str:
    """Visible ASCII characters, as a header can carry them."""
    if re.fullmatch(r"[\x21-\x7e]+", value) is None:
        raise ValueError("write visible ASCII characters without spaces: it travels in a header")
    return value


def as_own_secret_in_address(value: str) -> str:
    """A secret of ours that is to stand in an address as it is."""
    return as_in_address(as_own_secret(value))


def as_in_address(value: str) -> str:
    """Characters that stand in an address as they are."""
    if re.fullmatch(r"[A-Za-z0-9._~!$&'()*+,;=-]+", value) is None:
        raise ValueError("write letters, digits and ._~!$&'()*+,;=- only: it stands in an address")
    return value


def setting(
    read: Callable[[str], Any], default: object, words: str, *, secret: bool = False
) -> Any:  # noqa: ANN401  # a dataclass field stands for a value of any type
    """A field of a dataclass; `read` raises a `ValueError` that says what to write instead."""
    metadata = {"read": read, "words": words, "secret": secret}
    return field(default=default, metadata=metadata)


def travels_in_clear(address: str | None, credentials: str | None) -> bool:
    """Whether these credentials would travel to another machine in clear."""
    parts = urlsplit(address or "")
    return bool(credentials) and parts.scheme == "http" and not is_loopback(parts.hostname or "")
