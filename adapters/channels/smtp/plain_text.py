"""What an HTML e-mail says, for readers that show text alone.

The library takes the text apart by the rules of HTML; here is heard what its tags mean for a reader.
No tree is built, so time and memory grow with the length of the text and with nothing else: a tree of
HTML can be made to grow with the square of it.
"""

import re
from typing import Final

from turbohtml import Token, TokenType, tokenize

_SILENT: Final = frozenset(
    {"iframe", "noembed", "noframes", "noscript", "script", "style", "template", "title"}
)
_NEW_LINE: Final = frozenset({"address", "br", "dd", "div", "dt", "tr"})
_NEW_PARAGRAPH: Final = frozenset(
    {"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "ol", "p", "pre", "table", "ul"}
)
_WEB_ADDRESS: Final = re.compile(r"https?://", re.IGNORECASE)
_WHITE: Final = re.compile(r"[ \t\r\n\f\v]+")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_SPACES: Final = re.compile(r" {2,}")
_AROUND_LINE_END: Final = re.compile(r" ?\n ?")
_EMPTY_LINES: Final = re.compile(r"\n{3,}")


def plain_text_of(text: str) -> str:
    """Tell an HTML text in plain text, with the address of each link behind its words."""
    listener = _Listener()
    for token in tokenize(text):
        listener.hear(token)
    told = _SPACES.sub(" ", "".join(listener.heard))
    told = _AROUND_LINE_END.sub("\n", told)
    return _EMPTY_LINES.sub("\n\n", told).strip() + "\n"


class _Listener:
    """Hears one tag or one piece of text after the other."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._silent_in: list[str] = []
        """The elements that are not shown, one in the other."""
        self._link = ""
        self._link_began = 0

    def hear(self, token: Token) -> None:
        match token.type:
            case TokenType.TEXT if not self._silent_in:
                self._say(token.data or "")
            case TokenType.START_TAG:
                self._begin(token.tag or "", token)
            case TokenType.END_TAG:
                self._end(token.tag or "")
            case _:
                pass

    def _begin(self, name: str, token: Token) -> None:
        if name in _SILENT:
            self._silent_in.append(name)
        elif self._silent_in:
            return
        elif name == "a":
            href = _attribute(token, "href").strip()
            self._link = href if _WEB_ADDRESS.match(href) else ""
            self._link_began = len(self.heard)
        elif name == "img":
            self._say(_attribute(token, "alt"))
        elif name == "li":
            self.heard.append("\n- ")
        elif name in {"td", "th"}:
            self.heard.append(" ")
        else:
            self._break(name)

    def _end(self, name: str) -> None:
        if self._silent_in:
            if self._silent_in[-1] == name:
                self._silent_in.pop()
        elif name == "a" and self._link:
            if self._link not in "".join(self.heard[self._link_began :]):
                self.heard.append(f" ({self._link})")
            self._link = ""
        elif name != "br":
            self._break(name)

    def _say(self, text: str) -> None:
        # A number of a character may stand for one that no mail may contain.
        self.heard.append(_UNPRINTABLE.sub("", _WHITE.sub(" ", text)))

    def _break(self, name: str) -> None:
        if name in _NEW_PARAGRAPH:
            self.heard.append("\n\n")
        elif name in _NEW_LINE:
            self.heard.append("\n")


def _attribute(token: Token, name: str) -> str:
    return next((value or "" for each, value in token.attrs or () if each == name), "")
