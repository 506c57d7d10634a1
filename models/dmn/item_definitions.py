"""Item definitions: the types of a model, found by name."""

from collections.abc import Callable
from xml.etree.ElementTree import Element

from models.dmn.document import child, children, local, name_of, text
from models.domain.expressions.errors import ExpressionSyntaxError
from models.domain.expressions.logic import Check, compile_check
from models.domain.expressions.names import Names
from models.domain.expressions.nodes import Node, UnaryTests
from models.domain.expressions.parser import Scope, parse_unary_tests
from models.domain.expressions.types import AnyType, Constrained, ContextOf, FunctionOf, ListOf, Type, named

Report = Callable[[str, str], None]
"""Takes an element in words and what is wrong with it."""

_MAX_DEPTH = 30
_OTHER_NUMBERS = dict.fromkeys(("integer", "long", "double"), "number")
"""The types of numbers that Camunda 7 has, and its modeler writes."""

_UNDEFINED = "<Undefined>"
"""What the editors of KIE (Drools, Kogito) write where no type was chosen."""


class ItemDefinitions:
    """The types of one model; each is made when it is first asked for."""

    def __init__(self, root: Element, report: Report) -> None:
        self._elements = {name_of(element): element for element in children(root, "itemDefinition")}
        self._report = report
        self._made: dict[str, Type | None] = {}
        self._making: list[str] = []

    def attributes(self) -> Names:
        """Return the names of all components, which may stand behind a point."""
        found = Names(["time offset", "start included", "end included"])
        for element in self._elements.values():
            for part in element.iter():
                if local(part) == "itemComponent":
                    found.add(name_of(part))
        return found

    def check(self) -> None:
        """Make all types, so that what is wrong with any is reported."""
        for name in self._elements:
            self.find(name)

    def find(self, reference: str) -> Type | None:
        """Return a type by its name, as `typeRef` and FEEL write it; None for what there is not."""
        name = " ".join(reference.split())
        if name.startswith("{"):  # as Drools wrote in DMN 1.1: with the whole namespace
            name = name.rpartition("}")[2].strip()
        if name == _UNDEFINED:
            return AnyType()
        if name in self._made:
            return self._made[name]
        if name in self._elements:
            if name in self._making or len(self._making) > _MAX_DEPTH:
                self._report(f"item definition {name!r}", "it is made of itself, or of too many others")
                return AnyType()
            self._making.append(name)
            self._made[name] = self._type(self._elements[name], f"item definition {name!r}", 0)
            self._making.pop()
            return self._made[name]
        prefix, colon, rest = name.rpartition(":")
        bare = rest if colon and prefix else name
        return named(_OTHER_NUMBERS.get(bare, bare))

    def _type(self, element: Element, label: str, depth: int) -> Type:
        base = self._base(element, label, depth)
        allowed = self._allowed(element, "allowedValues", label)
        base = Constrained(base, *allowed) if allowed else base
        if element.get("isCollection") == "true":
            base = ListOf(base)
        constraint = self._allowed(element, "typeConstraint", label)
        return Constrained(base, *constraint) if constraint else base

    def _base(self, element: Element, label: str, depth: int) -> Type:
        if depth > _MAX_DEPTH:
            self._report(label, f"it has more than {_MAX_DEPTH} levels")
            return AnyType()
        components = list(children(element, "itemComponent"))
        if components:
            fields = (
                (name_of(part), self._type(part, f"{label}, {name_of(part)!r}", depth + 1)) for part in components
            )
            return ContextOf(tuple(fields))
        function = child(element, "functionItem")
        if function is not None:
            parameters = tuple(self._named(part.get("typeRef"), label) for part in children(function, "parameters"))
            return FunctionOf(parameters, self._named(function.get("outputTypeRef"), label))
        reference = child(element, "typeRef")
        return self._named(reference.text if reference is not None else element.get("typeRef"), label)

    def _named(self, reference: str | None, label: str) -> Type:
        if not reference or not reference.strip():
            return AnyType()
        found = self.find(reference)
        if found is None:
            self._report(label, f"there is no type {reference.strip()!r}")
        return found or AnyType()

    def _allowed(self, element: Element, kind: str, label: str) -> tuple[Check, tuple[Node, ...]] | None:
        source = text(child(element, kind))
        if not source:
            return None
        try:
            tests = parse_unary_tests(source, Scope(attributes=Names(), lenient=True, types=named))
        except ExpressionSyntaxError as error:
            self._report(f"{label}, allowed values", str(error))
            return None
        return (compile_check(tests), tests.tests) if isinstance(tests, UnaryTests) else None
