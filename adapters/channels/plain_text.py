"""What an HTML e-mail says, for readers that show text alone.

A listener to tags and no parser: its time grows with the length of the text and with nothing else.
The parser of the standard library takes minutes for some texts of a few hundred kilobytes, during
which nothing else would be sent.
"""

import html
import re
from typing import Final

_SILENT: Final = frozenset({"head", "script", "style", "template", "title"})
_NEW_LINE: Final = frozenset({"address", "br", "dd", "div", "dt", "tr"})
_NEW_PARAGRAPH: Final = frozenset(
    {"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "ol", "p", "pre", "table", "ul"}
)
_TAG: Final = re.compile(r"(/?)([A-Za-z][A-Za-z0-9:-]*)")
_HREF: Final = re.compile(r"""\shref\s*=\s*(["']?)(https?://[^\s"'>]+)\1""", re.IGNORECASE)
_WHITE: Final = re.compile(r"[ \t\r\n\f]+")
_SPACES: Final = re.compile(r" {2,}")
_AROUND_LINE_END: Final = re.compile(r" ?\n ?")
_EMPTY_LINES: Final = re.compile(r"\n{3,}")


def plain_text_of(text: str) -> str:
    """Tell an HTML text in plain text, with the address of each link behind its words."""
    listener = _Listener()
    first, *others = text.split("<")
    listener.hear_text(first)
    for other in others:
        listener.hear(other)
    told = _SPACES.sub(" ", "".join(listener.heard))
    told = _AROUND_LINE_END.sub("\n", told)
    return _EMPTY_LINES.sub("\n\n", told).strip() + "\n"


class _Listener:
    """Hears what stands between one `<` and the next."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._silent_until = ""
        self._link = ""
        self._link_began = 0

    def hear(self, part: str) -> None:
        if self._silent_until:
            self._listen_for_the_end(part)
        elif part.startswith("!--"):
            self._silent_until = "-->"
            self._listen_for_the_end(part)
        else:
            self._hear_tag(part)

    def _listen_for_the_end(self, part: str) -> None:
        if self._silent_until == "-->":
            _, end, text = part.partition("-->")
        elif part[: len(self._silent_until)].lower() == self._silent_until:
            _, end, text = part.partition(">")
        else:
            return
        if end:
            self._silent_until = ""
            self.hear_text(text)

    def _hear_tag(self, part: str) -> None:
        tag, end, text = part.partition(">")
        found = _TAG.match(tag)
        if not end or (found is None and tag[:1] not in {"!", "?", "/"}):
            self.hear_text(f"<{part}")
            return
        if found is not None:
            name = found[2].lower()
            if found[1]:
                self._end(name)
            else:
                self._begin(name, tag)
        if not self._silent_until:
            self.hear_text(text)

    def hear_text(self, text: str) -> None:
        self.heard.append(_WHITE.sub(" ", html.unescape(text)))

    def _begin(self, name: str, tag: str) -> None:
        if name in _SILENT:
            self._silent_until = f"/{name}"
        elif name == "a":
            href = _HREF.search(tag)
            self._link = html.unescape(href[2]) if href else ""
            self._link_began = len(self.heard)
        elif name == "li":
            self.heard.append("\n- ")
        elif name in {"td", "th"}:
            self.heard.append(" ")
        else:
            self._break(name)

    def _end(self, name: str) -> None:
        if name == "a" and self._link:
            if self._link not in "".join(self.heard[self._link_began :]):
                self.heard.append(f" ({self._link})")
            self._link = ""
        elif name != "br":
            self._break(name)

    def _break(self, name: str) -> None:
        if name in _NEW_PARAGRAPH:
            self.heard.append("\n\n")
        elif name in _NEW_LINE:
            self.heard.append("\n")
