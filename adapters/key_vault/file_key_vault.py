"""Keys in a file that only the service's own user may read.

A month's key is made on demand, and is on the disk before anything is sealed under it.
Several processes may share the file: each change is made under a lock, on what the file says then.
"""

import base64
import fcntl
import hmac
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap,
    aes_key_wrap,
)
from msgspec import Struct

_KEY: Final = 32


class KeyFileError(Exception):
    """The key file cannot be used; the text is one line that says why and what to do."""


class _Keys(Struct):
    """What the file holds: keys in base64."""

    hashing: str
    months: dict[str, str]
    destroyed: list[str]


class FileKeyVault:
    """Holds the keys in one file, made on first start."""

    def __init__(self, file: Path) -> None:
        """Open the file, or make it.

        Raises:
            KeyFileError: it cannot be read, or others may read it.
        """
        self._file = file
        self._months: dict[str, bytes] = {}
        with self._locked() as keys:
            self._hashing = base64.b64decode(keys.hashing)
            self._remember(keys)

    def wrap(self, key: bytes, month: str) -> bytes:
        return aes_key_wrap(self._month(month), key)

    def unwrap(self, wrapped: bytes, month: str) -> bytes | None:
        if month not in self._months:
            with self._locked() as keys:
                self._remember(keys)
        if month not in self._months:
            return None
        try:
            return aes_key_unwrap(self._months[month], wrapped)
        except InvalidUnwrap:
            raise KeyFileError(
                f"the key of {month} in {self._file} is not the one that data was sealed under; "
                "put the right key file back"
            ) from None

    def keyed_hash(self, purpose: str, data: bytes) -> bytes:
        key = hmac.digest(self._hashing, purpose.encode(), sha256)
        return hmac.digest(key, data, sha256)

    def destroy(self, month: str) -> None:
        """Destroy a month's key: what was sealed under it is gone, in every backup at once."""
        with self._locked() as keys:
            keys.months.pop(month, None)
            if month not in keys.destroyed:
                keys.destroyed.append(month)
            self._write(keys)
        self._months.pop(month, None)

    def _month(self, month: str) -> bytes:
        if month in self._months:
            return self._months[month]
        with self._locked() as keys:
            if month in keys.destroyed:
                raise KeyFileError(f"the key of {month} was destroyed; nothing is sealed under it")
            if month not in keys.months:
                keys.months[month] = _new_key()
                self._write(keys)
            self._remember(keys)
        return self._months[month]

    def _remember(self, keys: _Keys) -> None:
        self._months = {month: base64.b64decode(key) for month, key in keys.months.items()}

    @contextmanager
    def _locked(self) -> Iterator[_Keys]:
        """Lend what the file says, while no other process changes it."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(
                self._file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
        except OSError as problem:
            raise KeyFileError(f"the key file {self._file}: {problem.strerror}") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self._read()
        finally:
            os.close(lock)

    def _read(self) -> _Keys:
        try:
            if self._file.stat().st_mode & 0o077:
                raise KeyFileError(
                    f"others may read the key file {self._file}; close it: chmod 600 {self._file}"
                )
            return msgspec.json.decode(self._file.read_bytes(), type=_Keys)
        except FileNotFoundError:
            keys = _Keys(hashing=_new_key(), months={}, destroyed=[])
            self._write(keys)
            return keys
        except (OSError, msgspec.DecodeError):
            raise KeyFileError(
                f"the key file {self._file} cannot be read; put back the one from the backup, "
                "since without it what was sealed cannot be opened"
            ) from None

    def _write(self, keys: _Keys) -> None:
        new = self._file.with_suffix(".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(keys), indent=2))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._file)
        folder = os.open(self._file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(_KEY)).decode()
