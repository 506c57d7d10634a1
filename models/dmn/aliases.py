"""Under which names elements of a decision model are known to others: by the standard their own, in tools more."""

from xml.etree.ElementTree import Element

from models.dmn.document import child, children, name_of


def output_names(element: Element) -> tuple[str, ...]:
    """Return the names of the outputs of a decision that is a table."""
    table = child(element, "decisionTable")
    found = map(name_of, children(table, "output")) if table is not None else ()
    return tuple(name for name in found if name)


def other_names(element: Element) -> tuple[str, ...]:
    """Return the names that tools write for an element beside its own.

    Camunda 8 writes that of its variable, or its id; Camunda 7 that of its output, if there is one alone.
    """
    variable = child(element, "variable")
    outputs = output_names(element)
    names = (
        element.get("id") or "",
        *(outputs if len(outputs) == 1 else ()),
        name_of(variable) if variable is not None else "",
    )
    return tuple(dict.fromkeys(name for name in names if name and name != name_of(element)))


def known_as(element: Element) -> tuple[str, ...]:
    """Return all names under which others may know an element."""
    return name_of(element), *other_names(element), *output_names(element)
