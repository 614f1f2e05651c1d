"""What is wrong with a request: every fault, under the place where it is."""

from collections.abc import Mapping, Sequence


class InvalidRequestError(Exception):
    """The request cannot be taken as it is; nothing was stored.

    `errors` holds what is wrong, in words that name no value, by the place that clients know:
    a JSON path (`$.recipient`) for what cannot be read, a property path
    (`Recipient.RecipientSms.PhoneNumber`) for what breaks a rule.
    """

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        super().__init__("the request cannot be taken as it is")
        self.errors = errors


class Faults:
    """Gathers faults; what cannot be read is told before what breaks a rule."""

    def __init__(self) -> None:
        self._unreadable: dict[str, list[str]] = {}
        self._broken: dict[str, list[str]] = {}

    def unreadable(self, path: str, words: str) -> None:
        """Note something that cannot be read, by its JSON path."""
        self._unreadable.setdefault(path, []).append(words)

    def broken(self, path: str, words: str) -> None:
        """Note a rule that is broken, by its property path."""
        self._broken.setdefault(path, []).append(words)

    @property
    def is_readable(self) -> bool:
        """Whether everything could be read so far."""
        return not self._unreadable

    def raise_all(self) -> None:
        """Refuse the request if there are faults of either kind, and tell them together.

        Raises:
            InvalidRequestError: there are.
        """
        if self._unreadable or self._broken:
            raise InvalidRequestError({**self._unreadable, **self._broken})

    def raise_any(self) -> None:
        """Refuse the request if there are faults; rules are not told of where it cannot be read.

        Raises:
            InvalidRequestError: there are.
        """
        if self._unreadable:
            raise InvalidRequestError(self._unreadable)
        if self._broken:
            raise InvalidRequestError(self._broken)
