"""What is wrong with a request: every fault, under the place where it is."""

from collections.abc import Mapping, Sequence
from typing import Final

INVALID: Final = "invalid_request"
MOST: Final = 100
"""So many faults are told; whoever mends these hears of the others."""


class InvalidRequestError(Exception):
    """The request cannot be taken as it is; nothing was stored.

    `errors` holds what is wrong, in words that name no value, by the place that clients know:
    a JSON path (`$.recipient`) for what cannot be read, a property path
    (`Recipient.RecipientSms.PhoneNumber`) for what breaks a rule.
    `has_more` says that more is wrong than is told; `code` is stable, and says of what kind it is.
    """

    def __init__(
        self,
        errors: Mapping[str, Sequence[str]],
        *,
        has_more: bool = False,
        code: str = INVALID,
    ) -> None:
        super().__init__("the request cannot be taken as it is")
        self.errors = errors
        self.has_more = has_more
        self.code = code


class Faults:
    """Gathers faults; what cannot be read is told before what breaks a rule."""

    def __init__(self) -> None:
        self._unreadable: dict[str, list[str]] = {}
        self._broken: dict[str, list[str]] = {}
        self._cut: set[str] = set()
        self._count = 0

    def unreadable(self, path: str, words: str) -> None:
        """Note something that cannot be read, by its JSON path."""
        self._note(self._unreadable, path, words)

    def broken(self, path: str, words: str) -> None:
        """Note a rule that is broken, by its property path."""
        if path not in self._cut:
            self._note(self._broken, path, words)

    def too_long(self, path: str, most: int) -> None:
        """Note a text that is longer than it may be; what else is wrong with it is not told."""
        self.broken(path, f"write {most} characters at most")
        self._cut.add(path)

    @property
    def is_readable(self) -> bool:
        """Whether everything could be read so far."""
        return not self._unreadable

    @property
    def has_any(self) -> bool:
        """Whether there are any."""
        return self._count > 0

    @property
    def is_full(self) -> bool:
        """Whether there are so many that nobody need look for more."""
        return self._count > MOST

    def raise_all(self) -> None:
        """Refuse the request if there are faults of either kind, and tell them together.

        Raises:
            InvalidRequestError: there are.
        """
        self._raise({**self._unreadable, **self._broken})

    def raise_any(self) -> None:
        """Refuse the request if there are faults; rules are not told of where it cannot be read.

        Raises:
            InvalidRequestError: there are.
        """
        self._raise(self._unreadable or self._broken)

    def _note(self, faults: dict[str, list[str]], path: str, words: str) -> None:
        self._count += 1
        if self._count <= MOST:
            faults.setdefault(path, []).append(words)

    def _raise(self, faults: Mapping[str, Sequence[str]]) -> None:
        if faults:
            raise InvalidRequestError(faults, has_more=self.is_full)
