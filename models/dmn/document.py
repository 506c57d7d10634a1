"""The XML of a decision model: its elements by their local names, whatever version of DMN they are of."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from models.domain.decisions import DecisionsRefused, Problem
from models.safe_xml import InvalidXml, parse

NAMESPACES = {
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20151101/dmn11.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
    "https://www.omg.org/spec/DMN/20240513/MODEL/": "1.6",
}


def parsed(source: bytes) -> Element:
    """Return the root of a decision model.

    Raises:
        DecisionsRefused: it is no XML, has a document type or entities, is too big or too deep, or is no DMN.
    """
    try:
        root = parse(source)
    except InvalidXml as error:
        raise _refused(str(error)) from None
    namespace, _, name = root.tag.rpartition("}")
    if name != "definitions" or namespace.lstrip("{") not in NAMESPACES:
        known = ", ".join(dict.fromkeys(NAMESPACES.values()))
        raise _refused(f"its root is {name} of {namespace.lstrip('{') or 'no namespace'}, and not of DMN {known}")
    return root


def _refused(reason: str) -> DecisionsRefused:
    return DecisionsRefused([Problem("the file", reason)])


def local(element: Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def children(element: Element, *names: str) -> Iterator[Element]:
    """Yield the children with one of these local names."""
    return (child for child in element if local(child) in names)


def child(element: Element, *names: str) -> Element | None:
    """Return the first child with one of these local names."""
    return next(children(element, *names), None)


def text(element: Element | None) -> str:
    """Return what the `text` inside an element says, or an empty text."""
    inner = child(element, "text") if element is not None else None
    return (inner.text or "").strip() if inner is not None else ""


def name_of(element: Element) -> str:
    """Return an element's name, white space made single."""
    return " ".join(element.get("name", "").split())


def reference(href: str, namespace: str) -> str:
    """Return the id that a reference names: those inside this model may be written with its namespace."""
    before, _, id_ = href.rpartition("#")
    return id_ if before in ("", namespace) else href
