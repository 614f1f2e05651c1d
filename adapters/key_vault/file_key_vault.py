"""Keys in a file that only the service's own user may read.

The keys of the next ten years are made with the file, so that a copy of it, on another machine or in a
safe place, stays whole; a month's key is on the disk before anything is sealed under it.
Several processes may share the file: each change is made under a lock, on what the file says then.
"""

import base64
import fcntl
import hmac
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeAlias

import msgspec
from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap,
    aes_key_wrap,
)
from msgspec import Struct

_KEY: Final = 32
_AHEAD: Final = 120
"""Months whose keys are made at once."""
_FEW: Final = 12
"""With fewer months ahead than these, more are made at a start."""
_LOOKS_EVERY: Final = 0.2
"""Seconds until the file is looked at again: what another process destroyed is used no longer than that.

To look at each use would cost a call of the system for each box that is opened.
"""


class KeyFileError(Exception):
    """The key file cannot be used; the text is one line that says why and what to do."""


class DestroyedKeyError(KeyFileError, LookupError):
    """The key of a month was destroyed, and nothing may be sealed under it."""


class WrongKeyError(KeyFileError, InvalidUnwrap):
    """A data key was wrapped by another key than the one in the file, or has been changed."""


class _Keys(Struct):
    """What the file holds: keys in base64."""

    hashing: str
    months: dict[str, str]
    destroyed: list[str]


_Stamp: TypeAlias = tuple[int, int, int]


class FileKeyVault:
    """Holds the keys in one file, made on first start."""

    def __init__(
        self,
        file: Path,
        *,
        may_be_made: bool = True,
        clock: Callable[[], float] = time.time,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open the file, or make it, if it may be made.

        Raises:
            KeyFileError: it cannot be read, others may read it, or it is missing.
        """
        self._file = file
        self._stamp: _Stamp | None = None
        self._seconds = seconds
        self._look_at = 0.0
        self._months: dict[str, bytes] = {}
        self._destroyed: frozenset[str] = frozenset()
        self._hashing = b""
        self._purposes: dict[str, hmac.HMAC] = {}
        with self._locked():
            if not self._file.exists():
                if not may_be_made:
                    raise KeyFileError(
                        f"the key file {self._file} is missing, and the database was sealed under it; "
                        "put it back (VARSEL_KEY_FILE), since new keys would open nothing"
                    )
                self._write(_Keys(hashing=_new_key(), months={}, destroyed=[]))
            keys = self._read()
            if _make_ahead(keys, datetime.fromtimestamp(clock(), UTC)):
                self._write(keys)
            self._take(keys)

    @property
    def fingerprints(self) -> Mapping[str, bytes]:
        """By each month whose key there is, what tells that key from others, and nothing of it."""
        return {
            month: hmac.digest(key, b"fingerprint", sha256) for month, key in self._months.items()
        }

    @property
    def destroyed(self) -> frozenset[str]:
        """The months whose keys were destroyed."""
        return self._destroyed

    def wrap(self, key: bytes, month: str) -> bytes:
        self._look()
        if month not in self._months:
            self._make(month)
        return aes_key_wrap(self._months[month], key)

    def unwrap(self, wrapped: bytes, month: str) -> bytes | None:
        self._look(is_urgent=month not in self._months)
        if month in self._destroyed:
            return None
        if month not in self._months:
            raise KeyFileError(
                f"the key of {month} is not in {self._file}, and was not destroyed; "
                "put back the file that it was made in"
            )
        try:
            return aes_key_unwrap(self._months[month], wrapped)
        except InvalidUnwrap:
            raise WrongKeyError(
                f"Either the key of {month} in {self._file} is not the one that data was sealed "
                "under (put the right file back), or the wrapped key was changed."
            ) from None

    def keyed_hash(self, purpose: str, data: bytes) -> bytes:
        keyed = self._purposes.get(purpose)
        if keyed is None:  # made once, and begun: a thousand are hashed for one purpose at a time
            key = hmac.digest(self._hashing, purpose.encode(), sha256)
            keyed = self._purposes[purpose] = hmac.new(key, digestmod=sha256)
        hashing = keyed.copy()
        hashing.update(data)
        return hashing.digest()

    def destroy(self, month: str) -> None:
        """Destroy a month's key: what was sealed under it is gone, in every backup at once."""
        with self._locked():
            keys = self._read()
            keys.months.pop(month, None)
            if month not in keys.destroyed:
                keys.destroyed.append(month)
            self._write(keys)
            self._take(keys)

    def _make(self, month: str) -> None:
        with self._locked():
            keys = self._read()
            if month in keys.destroyed:
                raise DestroyedKeyError(
                    f"the key of {month} was destroyed; nothing is sealed under it"
                )
            if month not in keys.months:
                keys.months[month] = _new_key()
                self._write(keys)
            self._take(keys)

    def _look(self, *, is_urgent: bool = False) -> None:
        """Take over what another process has written, so that a destroyed key is used no more."""
        now = self._seconds()
        if now < self._look_at and not is_urgent:
            return
        self._look_at = now + _LOOKS_EVERY
        if self._stamp_now() != self._stamp:
            with self._locked():
                self._take(self._read())

    def _take(self, keys: _Keys) -> None:
        hashing = base64.b64decode(keys.hashing)
        if self._hashing not in (b"", hashing):
            raise KeyFileError(
                f"the key file {self._file} was exchanged for another; "
                "put the first one back, or begin with an empty database"
            )
        self._hashing = hashing
        self._months = {month: base64.b64decode(key) for month, key in keys.months.items()}
        self._destroyed = frozenset(keys.destroyed)
        self._stamp = self._stamp_now()

    def _stamp_now(self) -> _Stamp | None:
        try:
            stat = self._file.stat()
        except OSError:
            return None
        return stat.st_ino, stat.st_mtime_ns, stat.st_size

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """See to it that no other process changes the file."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(
                self._file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
        except OSError as problem:
            raise KeyFileError(f"the key file {self._file}: {problem.strerror}") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        except OSError as problem:
            raise KeyFileError(f"the key file {self._file}: {problem.strerror}") from None
        finally:
            os.close(lock)

    def _read(self) -> _Keys:
        try:
            if self._file.stat().st_mode & 0o077:
                raise KeyFileError(
                    f"others may read the key file {self._file}; close it: chmod 600 {self._file}"
                )
            return msgspec.json.decode(self._file.read_bytes(), type=_Keys)
        except (OSError, msgspec.DecodeError):
            raise KeyFileError(
                f"the key file {self._file} cannot be read; put back the one from the backup, "
                "since without it what was sealed cannot be opened"
            ) from None

    def _write(self, keys: _Keys) -> None:
        new = self._file.with_suffix(".new")
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
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


def _make_ahead(keys: _Keys, now: datetime) -> bool:
    """Make the keys of the months to come, from the last one on, where there are few; whether any was made."""
    first = now.year * 12 + now.month - 2
    ahead = [f"{each // 12}-{each % 12 + 1:02}" for each in range(first, first + _AHEAD)]
    if all(month in keys.months or month in keys.destroyed for month in ahead[:_FEW]):
        return False
    for month in ahead:
        if month not in keys.destroyed:
            keys.months.setdefault(month, _new_key())
    return True


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(_KEY)).decode()
