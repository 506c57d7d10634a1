"""What is checked when a service specification is published: whether orders of it could ever be decomposed."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from models.domain.characteristics import check_specification
from models.domain.errors import InvalidRequest
from models.domain.fulfilment import CHILD, RELIES_ON, TaskRule, first_rules
from models.domain.graph import Cyclic, in_order
from models.domain.patterns import PatternEngine
from models.domain.pointers import pointer
from models.domain.published_expressions import ExpressionCheck
from models.domain.relations import Relation
from models.domain.resource_specification import Find, check_allocations
from models.domain.specification import Mapped, Specification
from models.domain.violations import Violation

Lookup = Callable[[Relation], Specification | None]
MAX_EXPRESSIONS = 50_000
"""Characters of all expressions together: two seconds of parsing. The examples have fewer than a thousand."""

_MADE_OF = frozenset({"bundles", "dependency"})


def _none_known(_: str) -> None:
    """No resource specification is known."""


def check_publishable(
    body: Mapping[str, Any], patterns: PatternEngine, lookup: Lookup, resources: Find = _none_known
) -> list[Violation]:
    """Return everything that is wrong with a specification, with pointers into its body.

    Args:
        body: the specification, which fits the schema.
        patterns: compiles the regular expressions in it.
        lookup: finds the specifications that it is made of and relies on, and theirs in turn.
        resources: finds the resource specifications that its tasks allocate resources of.
    """
    length = sum(map(len, _expressions(body.get("fulfilment"))))
    if length > MAX_EXPRESSIONS:
        text = f"The expressions have {length} characters together; at most {MAX_EXPRESSIONS} are taken."
        return [Violation("/fulfilment", "expressionsTooLong", text)]
    found = check_specification(body, patterns)
    try:
        specification = Specification.from_body(body, patterns)
    except InvalidRequest as error:
        return [*found, *error.violations]
    check = _Check(specification, lookup)
    found.extend(check.relations())
    found.extend(check.circles())
    found.extend(check.rules())
    found.extend(check_allocations(body, resources))
    for action, tasks in specification.fulfilment.tasks.items():
        found.extend(check.tasks(action, tasks, f"/fulfilment/{action}/tasks"))
    for name, operation in specification.fulfilment.operations.items():
        at = f"/fulfilment/operations{pointer(name)}"
        inputs = {"specCharacteristic": list(operation.input)}
        found.extend(
            Violation(f"{at}/input{one.pointer.removeprefix('/specCharacteristic')}", one.code, one.message)
            for one in check_specification(inputs, patterns)
        )
        names = frozenset(specification.operations[name].rules)
        found.extend(check.tasks("modify", operation.tasks, f"{at}/tasks", names))
    return found


def _expressions(value: Any) -> Iterator[str]:
    """Yield all texts that are expressions, at any depth."""
    if isinstance(value, str):
        if value.startswith("="):
            yield value
    elif isinstance(value, Mapping | list):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _expressions(part)


class _Check:
    def __init__(self, specification: Specification, lookup: Lookup) -> None:
        self._specification = specification
        self._lookup = lookup
        self._children = {relation.name: lookup(relation) for relation in specification.bundled}
        self._reliances = {relation.name: lookup(relation) for relation in specification.dependencies}
        self._expressions = ExpressionCheck(specification, self._children, self._reliances)

    def relations(self) -> Iterator[Violation]:
        """Yield relationships to what the catalogue does not have, and names that are used twice."""
        seen: set[tuple[str, str]] = set()
        for relation in self._specification.relations:
            at = f"/serviceSpecRelationship/{relation.index}"
            if relation.kind not in _MADE_OF:
                continue
            if self._lookup(relation) is None and relation.id != self._specification.id:
                named = relation.id or relation.name
                yield Violation(at, "unknownSpecification", f"The catalogue has no service specification {named!r}.")
            if (relation.kind, relation.name) in seen:
                text = f"Two relationships are called {relation.name!r}; give each a `role` of its own."
                yield Violation(f"{at}/role", "duplicateName", text)
            seen.add((relation.kind, relation.name))

    def circles(self) -> Iterator[Violation]:
        """Yield the circle in which specifications are made of, or rely on, each other."""
        graph: dict[str, list[str]] = {}
        waiting = [self._specification]
        while waiting:
            specification = waiting.pop()
            if specification.id in graph:
                continue
            graph[specification.id] = []
            for relation in specification.relations:
                other = self._lookup(relation) if relation.id != self._specification.id else self._specification
                if relation.kind in _MADE_OF and other is not None:
                    graph[specification.id].append(other.id)
                    waiting.append(other)
        try:
            for _ in in_order(graph):
                continue
        except Cyclic as cyclic:
            text = f"Specifications are made of, or rely on, each other: {cyclic}."
            yield Violation("/serviceSpecRelationship", "cycle", text)

    def rules(self) -> Iterator[Violation]:
        """Yield what is wrong with how values flow down."""
        specification = self._specification
        for name in specification.fulfilment.children:
            if name not in self._children:
                yield _unknown(f"/fulfilment/children{pointer(name)}", name, "is made of", self._children)
        for name in specification.fulfilment.relies_on:
            if name not in self._reliances:
                yield _unknown(f"/fulfilment/reliesOn{pointer(name)}", name, "relies on", self._reliances)
        for name, child in self._children.items():
            at = f"/fulfilment/children{pointer(name)}"
            yield from self._mapped(at, specification.children.get(name, Mapped({})), child, complete=True)
        for name, other in self._reliances.items():
            at = f"/fulfilment/reliesOn{pointer(name)}"
            rule = specification.fulfilment.relies_on.get(name)
            mapped = specification.reliances.get(name, Mapped({}))
            # What can be re-used may always be there already; what is made for one alone needs all its values.
            complete = rule is not None and rule.create and not rule.reuse
            yield from self._mapped(at, mapped, other, complete=complete)

    def _mapped(self, at: str, mapped: Mapped, target: Specification | None, *, complete: bool) -> Iterator[Violation]:
        yield from self._expressions.of_mapping(at, mapped)
        if target is None:
            return
        for name in mapped.characteristic:
            if name not in target.rules.rules and not target.rules.open:
                text = f"{target.name} has no characteristic {name!r}."
                yield Violation(f"{at}/characteristic{pointer(name)}", "unknownCharacteristic", text)
            else:
                yield from self._expressions.fitting(f"{at}/characteristic{pointer(name)}", mapped, name, target)
        for name, rule in target.rules.rules.items() if complete else ():
            if rule.mandatory() and name not in mapped.characteristic:
                text = f"{target.name} needs a value for {name}, and none is handed down."
                yield Violation(f"{at}/characteristic{pointer(name)}", "missingValue", text)

    def tasks(
        self, action: str, tasks: Mapping[str, TaskRule], at: str, inputs: frozenset[str] | None = None
    ) -> Iterator[Violation]:
        """Yield what is wrong with the tasks of an action, or of an operation that has these inputs."""
        for name, task in tasks.items():
            for index, need in enumerate(task.needs or ()):
                problem = self._need(action, need, tasks)
                if problem is not None:
                    yield Violation(f"{at}{pointer(name)}/needs/{index}", "unknownNeed", problem)
        before = {name: [need for need in task.own_needs if need in tasks] for name, task in tasks.items()}
        try:
            order = list(in_order(before))
        except Cyclic as cyclic:
            yield Violation(at, "cycle", f"Tasks wait for each other: {cyclic}.")
            return
        awaited: dict[str, set[str]] = {}
        first = first_rules(tasks) if action != "delete" else frozenset()
        for name in order:
            awaited[name] = {other for need in before[name] for other in (need, *awaited[need])}
            awaited[name] |= first if name not in first else set()
            place = f"{at}{pointer(name)}"
            yield from self._expressions.of_task(place, tasks[name], awaited[name], set(tasks), inputs)

    def _need(self, action: str, need: str, tasks: Mapping[str, TaskRule]) -> str | None:
        for prefix, known in ((CHILD, self._children), (RELIES_ON, self._reliances)):
            if need.startswith(prefix):
                if action == "delete":
                    return f"In delete nothing can wait for {need}: what a service is made of goes after it."
                name = need.removeprefix(prefix)
                return None if name in known else f"There is no {need}; known are {_listed(known)}."
        return None if need in tasks else f"There is no task {need!r}; known are {_listed(tasks)}."


def _unknown(at: str, name: str, verb: str, known: Mapping[str, Any]) -> Violation:
    text = f"The specification {verb} nothing called {name!r}; it {verb} {_listed(known)}."
    return Violation(at, "unknownRelationship", text)


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(names) or "nothing"
