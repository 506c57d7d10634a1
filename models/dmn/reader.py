"""Reads a decision model: elements, what they require, and their logic, with everything that is wrong named."""

from dataclasses import dataclass, field, replace
from xml.etree.ElementTree import Element

import models.dmn.tables  # noqa: F401  # decision tables are one kind of boxed expression
from models.dmn.aliases import known_as, other_names, output_names
from models.dmn.boxed import Place, boxed, expression_in, function
from models.dmn.document import child, children, local, name_of, parsed, reference
from models.dmn.item_definitions import ItemDefinitions
from models.domain.decisions import Decision, Decisions, DecisionsRefused, InputData, Knowledge, Problem, Service
from models.domain.decisions.model import Element as Part
from models.domain.decisions.model import requirements
from models.domain.expressions.logic import Logic, compile_logic
from models.domain.expressions.names import Names
from models.domain.expressions.nodes import FunctionDefinition, Node, nesting
from models.domain.expressions.parser import Scope
from models.domain.expressions.types import Type, result_type

_KINDS = {
    "decision": "decision", "inputData": "input data", "businessKnowledgeModel": "business knowledge model",
    "decisionService": "decision service",
}  # fmt: skip
_MAX_LEVELS = 120
"""Of boxed expressions and the texts in them, together."""


def read(source: bytes) -> Decisions:
    """Return a decision model that can be used as a whole.

    Raises:
        DecisionsRefused: something in it is wrong or not supported; each element and reason is named.
    """
    decisions, problems = survey(source)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise DecisionsRefused(errors)
    return decisions


def survey(source: bytes) -> tuple[Decisions, tuple[Problem, ...]]:
    """Return a decision model of which parts may be unusable, and all that is wrong or odd.

    Raises:
        DecisionsRefused: it is no decision model at all.
    """
    root = parsed(source)
    reader = _Reader(root)
    return reader.decisions(), tuple(reader.problems)


@dataclass(slots=True)
class _Reader:
    root: Element
    problems: list[Problem] = field(default_factory=list)
    broken: dict[str, Problem] = field(default_factory=dict)
    parts: dict[str, Element] = field(default_factory=dict)

    def decisions(self) -> Decisions:
        types = ItemDefinitions(self.root, lambda label, reason: self.report("", label, reason))
        types.check()
        for element in children(self.root, "import"):
            label = f"import {name_of(element) or element.get('namespace', '')!r}"
            self.report("", label, "other models are not imported: put what is needed into this one")
        self.parts = {
            element.get("id") or f"{local(element)}-{at}": element
            for at, element in enumerate(children(self.root, *_KINDS))
        }
        attributes = types.attributes()
        found: dict[str, Part] = {}
        for id_, element in self.parts.items():
            found[id_] = self.part(id_, element, types, attributes)
        self.cycles(found)
        return Decisions(name_of(self.root), self.root.get("namespace", ""), found, self.broken)

    def report(self, id_: str, label: str, reason: str, warning: bool = False) -> None:
        problem = Problem(label, reason, "warning" if warning else "error", id_)
        self.problems.append(problem)
        if id_ and not warning:
            self.broken.setdefault(id_, problem)

    def part(self, id_: str, element: Element, types: ItemDefinitions, attributes: Names) -> Part:
        label = f"{_KINDS[local(element)]} {name_of(element)!r}"
        if not name_of(element):
            self.report(id_, label, "it has no name")
        required = self.required(id_, element, label)
        names = Names(name for other in required for name in known_as(self.parts[other]))
        place = Place(
            label,
            Scope(names, attributes, lenient=True, types=types.find),
            lambda at, reason, warning: self.report(id_, at, reason, warning),
            self.root.get("expressionLanguage", ""),
        )
        variable = child(element, "variable")
        reference_ = variable.get("typeRef") if variable is not None else element.get("typeRef")
        wanted = place.type(reference_)
        match local(element):
            case "inputData":
                return InputData(id_, name_of(element), wanted, (reference_ or "").strip(), other_names(element))
            case "decision":
                logic = self.logic(element, replace(place, wanted=wanted))
                several = output_names(element)
                several = several if len(several) > 1 else ()
                return Decision(id_, name_of(element), wanted, required, logic, other_names(element), several)
            case "businessKnowledgeModel":
                return Knowledge(id_, name_of(element), required, self.knowledge(element, place, wanted))
            case _:
                return self.service(id_, element, place, wanted)

    def required(self, id_: str, element: Element, label: str) -> tuple[str, ...]:
        found: list[str] = []
        for requirement in children(element, "informationRequirement", "knowledgeRequirement"):
            for target in children(requirement, "requiredInput", "requiredDecision", "requiredKnowledge"):
                other = reference(target.get("href", ""), self.root.get("namespace", ""))
                if other in self.parts:
                    found.append(other)
                else:
                    self.report(id_, label, f"it requires {target.get('href')!r}, which is not in the model")
        return tuple(dict.fromkeys(found))

    def logic(self, element: Element, place: Place) -> Logic | None:
        expression = expression_in(element)
        if expression is None:
            place.report(place.label, "it has no logic: its value is null", True)
            return None
        return self.compiled(boxed(expression, place), place)

    def knowledge(self, element: Element, place: Place, wanted: Type | None) -> Logic | None:
        logic = child(element, "encapsulatedLogic")
        if logic is None:
            place.report(place.label, "it has no logic: its value is null", True)
            return None
        tree = function(logic, place.knowing(name_of(element)))
        if isinstance(tree, FunctionDefinition):
            tree = replace(tree, returns=result_type(wanted))
        return self.compiled(tree, place)

    def compiled(self, tree: Node, place: Place) -> Logic | None:
        if nesting(tree) > _MAX_LEVELS:
            place.refuse(f"it is nested deeper than {_MAX_LEVELS} levels")
            return None
        return compile_logic(tree)

    def service(self, id_: str, element: Element, place: Place, wanted: Type | None) -> Service:
        def ids(kind: str) -> tuple[str, ...]:
            found = []
            for target in children(element, kind):
                other = reference(target.get("href", ""), self.root.get("namespace", ""))
                if other in self.parts:
                    found.append(other)
                else:
                    place.refuse(f"{kind} names {target.get('href')!r}, which is not in the model")
            return tuple(found)

        outputs = ids("outputDecision")
        if not outputs:
            place.refuse("it has no output decision")
        return Service(id_, name_of(element), outputs, (*ids("inputData"), *ids("inputDecision")), wanted)

    def cycles(self, found: dict[str, Part]) -> None:
        """Report what requires itself, directly or by others: white, grey and black, without recursion."""
        done: set[str] = set()
        for start in found:
            path: dict[str, None] = {}
            waiting = [(start, False)]
            while waiting:
                id_, leaving = waiting.pop()
                if leaving:
                    path.pop(id_, None)
                    done.add(id_)
                elif id_ in path:
                    self.report(id_, f"{_KINDS[local(self.parts[id_])]} {found[id_].name!r}", "it requires itself")
                elif id_ not in done:
                    path[id_] = None
                    waiting.append((id_, True))
                    waiting.extend((other, False) for other in requirements(found[id_]))
