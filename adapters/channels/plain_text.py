"""What an HTML e-mail says, for readers that show text alone."""

import re
from html.parser import HTMLParser
from typing import Final

from typing_extensions import override

_SILENT: Final = frozenset({"head", "script", "style", "template", "title"})
_NEW_LINE: Final = frozenset({"address", "br", "dd", "div", "dt", "li", "tr"})
_NEW_PARAGRAPH: Final = frozenset(
    {"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "ol", "p", "pre", "table", "ul"}
)
_WHITE: Final = re.compile(r"[ \t\r\n\f]+")
_AROUND_LINE_ENDS: Final = re.compile(r" *\n *")
_EMPTY_LINES: Final = re.compile(r"\n{3,}")


def plain_text_of(html: str) -> str:
    """Tell an HTML text in plain text, with the address of each link behind its words."""
    listener = _Listener()
    listener.feed(html)
    listener.close()
    text = _AROUND_LINE_ENDS.sub("\n", "".join(listener.heard))
    return _EMPTY_LINES.sub("\n\n", text).strip() + "\n"


class _Listener(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.heard: list[str] = []
        self._silent: list[str] = []
        self._link = ""
        self._link_began = 0

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent.append(tag)
        elif tag == "a":
            self._link = dict(attrs).get("href") or ""
            self._link_began = len(self.heard)
        elif tag == "li":
            self.heard.append("\n- ")
        elif tag in {"td", "th"}:
            self.heard.append(" ")
        else:
            self._break(tag)

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag in self._silent:
            while self._silent.pop() != tag:
                pass
        elif tag == "a":
            words = "".join(self.heard[self._link_began :])
            if self._link.startswith(("http://", "https://")) and self._link not in words:
                self.heard.append(f" ({self._link})")
            self._link = ""
        elif tag not in {"br", "li"}:
            self._break(tag)

    @override
    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.heard.append(_WHITE.sub(" ", data))

    @override
    def parse_marked_section(self, i: int, report: bool = True) -> int:
        # The inherited one stumbles over what word processors write as `<![if …]>`.
        end = self.rawdata.find(">", i)
        return end + 1

    def _break(self, tag: str) -> None:
        if tag in _NEW_PARAGRAPH:
            self.heard.append("\n\n")
        elif tag in _NEW_LINE:
            self.heard.append("\n")
