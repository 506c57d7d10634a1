"""Templates of configuration in XML: expressions stand where texts stand, so values can never become markup.

A text or an attribute's value that begins with `= ` is an expression over the call. Null leaves the element out; a list
makes it once for each entry.
"""

import copy
from collections.abc import Mapping
from typing import Any

from lxml import etree

from models.domain.expressions import compile_template

BASE = "urn:ietf:params:xml:ns:netconf:base:1.0"
OPERATION = f"{{{BASE}}}operation"
_REMOVALS = frozenset({"remove", "delete"})


class TemplateError(Exception):
    """The template is no XML, or an expression in it is none; the message says which."""


def parse(template: str) -> etree._Element:
    """The template as a tree: one element, without document types, entities and the network.

    Raises:
        TemplateError: it is no such XML.
        ExpressionSyntaxError: an expression in it cannot be read.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(template.encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise TemplateError(str(error)) from None
    if root.getroottree().docinfo.doctype:
        raise TemplateError("a document type is not allowed")
    for element in root.iter(etree.Element):
        for text in (element.text, *element.attrib.values()):
            compile_template(_expression(text))
    return root


def render(template: etree._Element, context: Mapping[str, Any]) -> etree._Element:
    """The configuration for this call.

    Raises:
        ExpressionError: an expression has no value here.
        TemplateError: a value cannot stand in XML.
    """
    made = copy.deepcopy(template)
    try:
        _fill(made, context)
    except ValueError as error:  # control characters and the like
        raise TemplateError(str(error)) from None
    return made


def without_operations(element: etree._Element) -> etree._Element:
    """The same as a filter: what it selects, without what is to be done with it."""
    plain = copy.deepcopy(element)
    for each in plain.iter(etree.Element):
        each.attrib.pop(OPERATION, None)
    return plain


def is_in_force(wanted: etree._Element, found: list[etree._Element]) -> bool:
    """Whether the configuration is as wanted: what is to be there is, what is to be removed is not."""
    if wanted.get(OPERATION) in _REMOVALS:
        return not any(_has(each, wanted) for each in found)
    return any(_has(each, wanted) for each in found)


def _has(found: etree._Element, wanted: etree._Element) -> bool:
    children = list(wanted.iterchildren(etree.Element))
    if found.tag != wanted.tag:
        return False
    if not children:
        return not (wanted.text or "").strip() or (found.text or "").strip() == (wanted.text or "").strip()
    below = list(found.iterchildren(etree.Element))
    return all(is_in_force(child, below) for child in children)


def _fill(element: etree._Element, context: Mapping[str, Any]) -> None:
    for name, given in element.attrib.items():
        element.set(name, _written(_value(given, context)))
    if _expression(element.text) is not None:
        _put(element, _value(element.text, context))
    for child in list(element.iterchildren(etree.Element)):
        _fill(child, context)


def _put(element: etree._Element, value: Any) -> None:
    """Write the value; a list makes the element as often as it has entries."""
    parent = element.getparent()
    values = value if isinstance(value, list) else [] if value is None else [value]
    if parent is None:
        element.text = _written(value)
        return
    for each in values:
        one = copy.deepcopy(element)
        one.text = _written(each)
        element.addprevious(one)
    parent.remove(element)


def _expression(text: str | None) -> str | None:
    stripped = (text or "").strip()
    return stripped if stripped.startswith("= ") else None


def _value(text: str | None, context: Mapping[str, Any]) -> Any:
    expression = _expression(text)
    return text if expression is None else compile_template(expression).evaluate(context)


def _written(value: Any) -> str:
    """A value as XML schema writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
