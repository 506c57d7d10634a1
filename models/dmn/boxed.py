"""Boxed expressions: each becomes a tree of the expression language, so that one compiler does for all of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from models.dmn.document import child, children, local, name_of, text
from models.dmn.languages import NotRunError, as_feel
from models.domain.expressions import nodes
from models.domain.expressions.errors import ExpressionSyntaxError
from models.domain.expressions.parser import Scope, parse, parse_unary_tests
from models.domain.expressions.types import Type

_NOT_EXPRESSIONS = frozenset(
    {"description", "extensionElements", "variable", "question", "allowedAnswers", "informationRequirement",
     "knowledgeRequirement", "authorityRequirement", "supportedObjective", "impactedPerformanceIndicator",
     "decisionMaker", "decisionOwner", "usingProcess", "usingTask", "parameter", "formalParameter", "encapsulatedLogic"}
)  # fmt: skip
_RESULT = "\x01result"
"""The key of a context's last entry, which has no name: it is what the context gives."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression stands, and what may be named there.

    Attributes:
        report: takes element, reason and whether it is only a warning.
        wanted: the type of the decision that a decision table gives the value of.
    """

    label: str
    scope: Scope
    report: Callable[[str, str, bool], None]
    language: str = ""
    wanted: Type | None = None

    def at(self, label: str) -> "Place":
        return replace(self, label=f"{self.label}, {label}")

    def knowing(self, *names: str) -> "Place":
        return replace(self, scope=replace(self.scope, names=self.scope.names.inner(names)))

    def refuse(self, reason: str) -> nodes.Node:
        self.report(self.label, reason, False)
        return nodes.Literal(None)

    def type(self, reference: str | None) -> Type | None:
        """Return a type by name, None where none is wanted; what there is not is reported."""
        if not reference or not reference.strip():
            return None
        found = self.scope.types(reference)
        if found is None:
            self.report(self.label, f"there is no type {reference.strip()!r}", False)
        return found


def expression_in(element: Element) -> Element | None:
    """Return the child that is an expression."""
    return next((part for part in element if local(part) and local(part) not in _NOT_EXPRESSIONS), None)


def parse_text(source: str, place: Place, *, tests: bool = False) -> nodes.Node:
    """Return the tree of a text. A mistake is reported, and null stands for it."""
    doubts: list[str] = []
    try:
        tree = (parse_unary_tests if tests else parse)(source, place.scope, doubts)
    except ExpressionSyntaxError as error:
        return place.refuse(f"{_shortened(source)} cannot be read: {error}")
    for doubt in doubts:
        place.report(place.label, f"{_shortened(source)} gives null: {doubt}", True)
    return tree


def parse_expression(source: str, language: str | None, place: Place) -> nodes.Node:
    """Return the tree of an expression in a language; without one it is in that of the model. Nothing gives null."""
    try:
        feel = as_feel(source, language or place.language)
    except NotRunError as error:
        return place.refuse(str(error))
    return parse_text(feel, place) if feel else nodes.Literal(None)


def boxed(element: Element, place: Place) -> nodes.Node:
    """Return the tree of a boxed expression. What cannot be used is reported, and null stands for it."""
    kind = local(element)
    reader = _READERS.get(kind)
    if reader is None:
        return place.refuse(f"{kind} is no expression that is known")
    made = reader(element, place)
    wanted = place.type(element.get("typeRef")) if kind != "functionDefinition" else None
    return nodes.Typed(made, wanted) if wanted is not None else made


def inner(element: Element, place: Place, what: str) -> nodes.Node:
    """Return the expression inside an element."""
    found = expression_in(element)
    return boxed(found, place.at(what)) if found is not None else place.at(what).refuse("there is no expression")


def literal(element: Element, place: Place) -> nodes.Node:
    if child(element, "importedValues") is not None:
        return place.refuse("imported values are not supported")
    return parse_expression(text(element), element.get("expressionLanguage"), place)


def context(element: Element, place: Place) -> nodes.Node:
    entries: list[nodes.Entry] = []
    known = replace(place, wanted=None)
    result: nodes.Node | None = None
    for entry in children(element, "contextEntry"):
        variable = child(entry, "variable")
        if variable is None:
            result = inner(entry, known, "result of the context")
            continue
        name = name_of(variable)
        if any(name == other.key for other in entries):
            place.refuse(f"the context has the entry {name!r} twice")
            continue
        value = inner(entry, known.knowing(name), f"entry {name!r}")
        wanted = place.type(variable.get("typeRef"))
        entries.append(nodes.Entry(name, nodes.Typed(value, wanted) if wanted is not None else value))
        known = known.knowing(name)
        place.scope.attributes.add(name)
    if result is None:
        return nodes.ContextLiteral(tuple(entries))
    return nodes.Attribute(nodes.ContextLiteral((*entries, nodes.Entry(_RESULT, result))), _RESULT)


def listing(element: Element, place: Place) -> nodes.Node:
    parts = [part for part in element if local(part) not in _NOT_EXPRESSIONS]
    return nodes.ListLiteral(tuple(boxed(part, place.at(f"element {at}")) for at, part in enumerate(parts, 1)))


def relation(element: Element, place: Place) -> nodes.Node:
    columns = [name_of(column) for column in children(element, "column")]
    for name in columns:
        place.scope.attributes.add(name)
    rows: list[nodes.Node] = []
    for at, row in enumerate(children(element, "row"), 1):
        cells = [part for part in row if local(part) not in _NOT_EXPRESSIONS]
        if len(cells) != len(columns):
            return place.at(f"row {at}").refuse(f"it has {len(cells)} cells for {len(columns)} columns")
        values = (boxed(cell, place.at(f"row {at}, {name!r}")) for name, cell in zip(columns, cells, strict=True))
        rows.append(nodes.ContextLiteral(tuple(map(nodes.Entry, columns, values))))
    return nodes.ListLiteral(tuple(rows))


def invocation(element: Element, place: Place) -> nodes.Node:
    target = inner(element, place, "called function") if expression_in(element) is not None else None
    if target is None:
        return place.refuse("it calls no function")
    names: list[str] = []
    arguments: list[nodes.Node] = []
    for binding in children(element, "binding"):
        parameter = child(binding, "parameter")
        name = name_of(parameter) if parameter is not None else ""
        names.append(name)
        value = expression_in(binding)
        arguments.append(boxed(value, place.at(f"binding {name!r}")) if value is not None else nodes.Literal(None))
    if isinstance(target, nodes.Name):
        return nodes.Call(target.name, tuple(arguments), tuple(names))
    return nodes.Invocation(target, tuple(arguments), tuple(names))


def function(element: Element, place: Place) -> nodes.Node:
    kind = element.get("kind", "FEEL")
    if kind.upper() != "FEEL":
        return place.refuse(f"functions in {kind} are not run, only FEEL")
    parameters = list(children(element, "formalParameter"))
    names = tuple(name_of(parameter) for parameter in parameters)
    types = tuple(place.type(parameter.get("typeRef")) for parameter in parameters)
    body = expression_in(element)
    tree = boxed(body, place.knowing(*names)) if body is not None else nodes.Literal(None)
    return nodes.FunctionDefinition(names, types, tree)


def conditional(element: Element, place: Place) -> nodes.Node:
    parts = {name: child(element, name) for name in ("if", "then", "else")}
    made = [
        inner(part, place, name) if part is not None else place.refuse(f"it has no {name}")
        for name, part in parts.items()
    ]
    return nodes.Conditional(*made)


def iterator(element: Element, place: Place) -> nodes.Node:
    kind = local(element)
    name = " ".join(element.get("iteratorVariable", "").split())
    domain, body = child(element, "in"), child(element, "return" if kind == "for" else "satisfies")
    if not name or domain is None or body is None:
        return place.refuse(f"{kind} needs a variable, a domain and a body")
    bindings = (nodes.Binding(name, inner(domain, place, "in")),)
    return nodes.Loop(kind, bindings, inner(body, place.knowing(name, "partial"), local(body)))


def filtering(element: Element, place: Place) -> nodes.Node:
    domain, match = child(element, "in"), child(element, "match")
    if domain is None or match is None:
        return place.refuse("a filter needs a domain and a match")
    return nodes.Filter(inner(domain, place, "in"), inner(match, place.knowing("item"), "match"))


def _shortened(source: str) -> str:
    return repr(source if len(source) <= 80 else source[:77] + "...")


_READERS: dict[str, Callable[[Element, Place], nodes.Node]] = {
    "literalExpression": literal,
    "context": context,
    "list": listing,
    "relation": relation,
    "invocation": invocation,
    "functionDefinition": function,
    "conditional": conditional,
    "for": iterator,
    "some": iterator,
    "every": iterator,
    "filter": filtering,
}


def register(kind: str, reader: Callable[[Element, Place], nodes.Node]) -> None:
    """Add a kind of expression."""
    _READERS[kind] = reader
