"""Personal data by class: words that may be read here, and stored only sealed.

The two classes have lives of their own: `Content` is kept for a short time after the order has ended,
`Contact` for as long as a complaint may come.
Where either has been erased, `ERASED` stands in its place, and the history still rebuilds.
"""

from typing import ClassVar, Final, Literal, TypeAlias

ERASED: Final = "(erased)"
"""What is read where the words were."""

PersonalClass: TypeAlias = Literal["content", "contact"]
"""Which of the two classes of personal data a word belongs to."""


class _Personal:
    """Words that never show themselves: not in a log, an exception or a `repr`."""

    __slots__ = ("_text",)
    kind: ClassVar[PersonalClass]

    def __init__(self, text: str | None) -> None:
        self._text = text

    @property
    def text(self) -> str:
        """The words themselves; `ERASED` if they are gone."""
        return ERASED if self._text is None else self._text

    @property
    def is_erased(self) -> bool:
        """Whether the words are gone for good."""
        return self._text is None

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._text == self._text

    def __hash__(self) -> int:
        return hash((self.kind, self._text))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'erased' if self._text is None else '…'})"


class Content(_Personal):
    """What a notification says: its subject, its body, where its attachments and condition lie."""

    __slots__ = ()
    kind = "content"


class Contact(_Personal):
    """Who somebody is and where they are reached: national number, address, name."""

    __slots__ = ()
    kind = "contact"
