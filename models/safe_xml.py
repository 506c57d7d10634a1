"""XML from strangers: parsed without document types, entities or external references, bounded in size and depth."""

from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from models.domain.errors import SomError

MAX_BYTES = 4_000_000
MAX_ELEMENTS = 100_000
MAX_DEPTH = 100
"""Elements in each other."""


class InvalidXml(SomError):
    """This is no XML that is read here."""

    code = "invalidXml"


class _Bounded(TreeBuilder):
    """Builds the tree as long as it stays in its bounds."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = self._count = 0

    def start(self, tag: Any, attrs: dict[Any, Any], /) -> Any:
        """Begin an element."""
        self._depth += 1
        self._count += 1
        if self._depth > MAX_DEPTH:
            raise InvalidXml(f"The XML has elements deeper in each other than {MAX_DEPTH}.")
        if self._count > MAX_ELEMENTS:
            raise InvalidXml(f"The XML has more than {MAX_ELEMENTS} elements.")
        return super().start(tag, attrs)

    def end(self, tag: Any, /) -> Any:
        """End an element."""
        self._depth -= 1
        return super().end(tag)


def parse(source: bytes | str) -> Element:
    """Return the root element of a document.

    Raises:
        InvalidXml: it is malformed, too big or too deep, or has a document type, entities or external references.
    """
    raw = source.encode() if isinstance(source, str) else source
    if len(raw) > MAX_BYTES:
        raise InvalidXml(f"The XML has {len(raw)} bytes; {MAX_BYTES} are allowed.")
    # A text has lost its encoding; what its declaration says of one is not true any more.
    encoding = "utf-8" if isinstance(source, str) else None
    parser = DefusedXMLParser(target=_Bounded(), encoding=encoding, forbid_dtd=True)
    try:
        parser.feed(raw)
        root = parser.close()
    except DefusedXmlException as error:
        what = type(error).__name__
        raise InvalidXml(f"The XML has what is not allowed here, a document type or entities ({what}).") from None
    except (ParseError, ValueError, LookupError) as error:
        raise InvalidXml(f"This is no well-formed XML: {error}.") from None
    if not isinstance(root, Element):
        raise InvalidXml("This is no XML: it has no element.")
    return root
