"""Small XML documents from outside, read without the dangers of XML.

No entity is ever declared or expanded, no attribute comes from a declaration, nothing is fetched, and a
document is neither deep nor long; a DOCTYPE by itself is let pass.
"""

from typing import Final
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

LARGEST: Final = 1 << 20
"""The longest document that is read, in bytes."""

_DEEPEST: Final = 8


class XmlError(ValueError):
    """The document is not one that is read here."""


def read_xml(document: bytes) -> Element:
    """Read a document.

    Raises:
        XmlError: it is not well-formed, too long, too deep, or declares entities or attributes.
    """
    if len(document) > LARGEST:
        raise XmlError("the document is too long")
    builder = TreeBuilder()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise XmlError("the document is too deep")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = _refuse_declarations
    # Each element would be given every attribute that was declared for it, whether it has it or not.
    parser.AttlistDeclHandler = _refuse_declarations
    try:
        parser.Parse(document, True)  # noqa: FBT003  # by position only
        return builder.close()
    except XmlError:
        raise
    except (expat.ExpatError, LookupError, ValueError, AssertionError):
        raise XmlError("the document is not well-formed") from None


def text_of(element: Element, tag: str) -> str:
    """Tell the text of an element's child, without space around it; empty if there is none."""
    return (element.findtext(tag) or "").strip()


def _refuse_declarations(*_: object) -> None:
    raise XmlError("the document declares entities or attributes")
