"""Elements of BPMN files: names, texts, extensions."""

import json
from collections.abc import Iterator
from math import isfinite
from typing import Any, NoReturn
from xml.etree.ElementTree import Element

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
SOM = "{urn:som:recipe:1}"
ZEEBE = "{http://camunda.org/schema/zeebe/1.0}"
CAMUNDA = (
    "{http://camunda.org/schema/1.0/bpmn}", "{http://activiti.org/bpmn}", "{http://flowable.org/bpmn}",
    "{http://operaton.org/schema/1.0/bpmn}", "{http://eximeebpms.org/schema/1.0/bpmn}", "{http://camunda.org/bpmn}",
)  # fmt: skip
"""Camunda 7, and its relatives, which use the same words."""
SPIFF = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"
JBPM = ("{http://www.jboss.org/drools}", "{http://www.jboss.org/drools/flow/gpd}")


def local(element: Element) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def named(element: Element) -> str:
    """What people call an element."""
    return element.get("name", "").strip()


def children(element: Element, name: str) -> list[Element]:
    """The BPMN elements of a name directly inside."""
    return element.findall(f"{BPMN}{name}")


def child(element: Element, name: str) -> Element | None:
    """The first BPMN element of a name directly inside."""
    return element.find(f"{BPMN}{name}")


def text_of(element: Element | None) -> str:
    """The text of an element, without blanks around it."""
    return "".join(element.itertext()).strip() if element is not None else ""


def texts(element: Element, name: str) -> list[str]:
    """The texts of all BPMN elements of a name directly inside, empty ones left out."""
    return [text for text in map(text_of, children(element, name)) if text]


def extensions(element: Element) -> Iterator[Element]:
    """The extension elements of an element."""
    for holder in children(element, "extensionElements"):
        yield from holder


def own(element: Element, name: str) -> Element | None:
    """Our own extension element of a name."""
    return next((one for one in extensions(element) if one.tag == SOM + name), None)


def zeebe(element: Element, name: str) -> Element | None:
    """The extension element of a name that Camunda 8 writes."""
    return next((one for one in extensions(element) if one.tag == ZEEBE + name), None)


def camunda(element: Element, name: str) -> list[Element]:
    """The extension elements of a name that Camunda 7 writes."""
    return [one for one in extensions(element) if one.tag in {space + name for space in CAMUNDA}]


def camunda_attribute(element: Element, name: str) -> str | None:
    """An attribute that Camunda 7 writes."""
    return next((value for space in CAMUNDA if (value := element.get(space + name)) is not None), None)


def is_true(element: Element, name: str, default: bool = False) -> bool:
    """A boolean attribute."""
    value = element.get(name)
    return default if value is None else value.strip() in ("true", "1")


def is_computed(text: str) -> bool:
    """Whether a text of another engine is an expression, or has one in it."""
    return text.startswith("=") or "${" in text or "#{" in text


def unprefixed(reference: str | None) -> str | None:
    """A QName without its prefix; None where there is nothing."""
    return (reference or "").strip().rpartition(":")[2] or None


def read_json(text: str) -> Any:
    """Read JSON that stands in a file.

    Raises:
        ValueError: it is none, or nested too deep.
    """
    try:
        return json.loads(text, parse_constant=_no_number, parse_float=_number)
    except RecursionError:
        message = "it is nested too deep"
        raise ValueError(message) from None


def _number(text: str) -> float:
    made = float(text)
    return made if isfinite(made) else _no_number(text[:30])


def _no_number(text: str) -> NoReturn:
    message = f"{text} is no number of JSON"
    raise ValueError(message)
