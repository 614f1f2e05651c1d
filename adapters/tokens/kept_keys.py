"""An issuer's keys on file, so that a restart during its outage is no outage of ours."""

import os
import tempfile
from datetime import datetime
from pathlib import Path

import msgspec

from adapters.tokens.signing_keys import MOST_BYTES, UnusableKeySetError, read_key_set


class KeptKeys(msgspec.Struct, frozen=True, kw_only=True):
    """The key set of an issuer, as it was published, and when that was."""

    issuer: str
    confirmed_at: datetime
    key_set: str


_decode = msgspec.json.Decoder(KeptKeys).decode


def recall(file: Path, *, issuer: str) -> KeptKeys | None:
    """The keys on file; None if there are none of this issuer that can be used."""
    try:
        with file.open("rb") as stream:
            kept = _decode(stream.read(4 * MOST_BYTES))
        read_key_set(kept.key_set.encode())
    except (OSError, msgspec.DecodeError, UnicodeError, RecursionError, UnusableKeySetError):
        return None
    is_usable = kept.issuer == issuer and kept.confirmed_at.tzinfo is not None
    return kept if is_usable else None


def keep(file: Path, kept: KeptKeys) -> None:
    """Replace what is on file at once, so that nobody ever reads half of it."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(msgspec.json.encode(kept))
        draft.replace(file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
