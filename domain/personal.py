"""Personal data by class: words that may be read here, and stored only sealed.

The three classes have lives of their own: `Content` is kept for a short time after the order has
ended, `Contact` for as long as a complaint may come, `Identifier` for as long as it must be told whom
an order was for.
Where one has been erased, `ERASED` stands in its place, and the history still rebuilds.
"""

from typing import ClassVar, Final, Literal, TypeAlias

ERASED: Final = "(erased)"
"""What is read where the words were."""

PersonalClass: TypeAlias = Literal["content", "contact", "identity"]
"""Which of the three classes of personal data a word belongs to."""


class Personal:
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


class Content(Personal):
    """What a notification says: its subject, its body, where its attachments and condition lie."""

    __slots__ = ()
    kind = "content"


class Contact(Personal):
    """Where somebody is reached: an e-mail address, a mobile number."""

    __slots__ = ()
    kind = "contact"


class Identifier(Personal):
    """Who somebody is: national number, URN of the login service, name, an end user's id.

    What the GDPR calls an identifier (Article 4 (1)).
    """

    __slots__ = ()
    kind = "identity"
