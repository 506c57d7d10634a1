"""Whether the expressions of a specification read what can exist, and whether values fit where they go."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from models.domain.expressions import ExpressionSyntaxError, Template, compile_template
from models.domain.fulfilment import TaskRule
from models.domain.pointers import pointer
from models.domain.specification import Mapped, Specification
from models.domain.violations import Violation

Path = tuple[str, ...]
Related = Mapping[str, Specification | None]

MAPPING_ROOTS = frozenset({"order", "item", "service", "parent", "index"})
TASK_ROOTS = frozenset({"order", "item", "service", "parent", "task", "child", "reliesOn"})
OUTPUT_PARTS = frozenset({"characteristic", "supportingResource"})
_NUMBERS = frozenset({"integer", "number"})


class ExpressionCheck:
    """Checks the templates of one specification."""

    def __init__(self, specification: Specification, children: Related, reliances: Related) -> None:
        self._specification = specification
        self._related = {"child": children, "reliesOn": reliances}

    def of_mapping(self, at: str, mapped: Mapped) -> Iterator[Violation]:
        """Yield what cannot exist in the templates by which values flow down."""
        for name, template in mapped.characteristic.items():
            yield from self._paths(f"{at}/characteristic{pointer(name)}", template, MAPPING_ROOTS)
        for part, single in (("quantity", mapped.quantity), ("condition", mapped.condition)):
            if single is not None:
                yield from self._paths(f"{at}/{part}", single, MAPPING_ROOTS)

    def fitting(self, at: str, mapped: Mapped, name: str, target: Specification) -> Iterator[Violation]:
        """Yield that a value cannot fit the characteristic it is handed down to."""
        template, rule = mapped.characteristic[name], target.rules.rules.get(name)
        if rule is None:
            return
        if not template.expressions:
            value = template.evaluate({})
            given = [{"name": name, "value": value}]
            for violation in target.rules.check(given, pointer=at, partial=True):
                yield Violation(at, violation.code, violation.message)
            return
        source = self._source(template)
        if source is not None and not _alike(source, rule.value_type_text):
            text = f"{name} of {target.name} is of type {rule.value_type_text}; what is handed down is of {source}."
            yield Violation(at, "typeMismatch", text)

    def _source(self, template: Template) -> str | None:
        """Return the type of a template that is nothing but one of the specification's own characteristics."""
        if len(template.expressions) == len(template.paths) == 1:
            (path,) = template.paths
            plain = template.expressions[0].source.strip() == ".".join(path)
            if plain and len(path) == 3 and path[:2] == ("service", "characteristic"):
                rule = self._specification.rules.rules.get(path[2])
                return rule.value_type_text if rule is not None else None
        return None

    def of_task(
        self, at: str, task: TaskRule, awaited: set[str], tasks: set[str], inputs: frozenset[str] | None = None
    ) -> Iterator[Violation]:
        """Yield what cannot exist in the templates of a task, given the tasks that are done before it.

        `inputs` are those of the operation that it belongs to; None for a task of an action.
        """
        if task.input is not None:
            roots = TASK_ROOTS if inputs is None else TASK_ROOTS | {"operation"}
            yield from self._template(f"{at}/input", task.input, roots, tasks, awaited)
            yield from _transient(f"{at}/input", task.input, inputs or frozenset())
        if task.output is None:
            return
        if not isinstance(task.output, Mapping) or not task.output.keys() <= OUTPUT_PARTS:
            text = "An output is an object of `characteristic` and `supportingResource`."
            yield Violation(f"{at}/output", "invalidValue", text)
            return
        yield from self._template(f"{at}/output", task.output, TASK_ROOTS | {"output"}, tasks, awaited | {task.name})
        values = task.output.get("characteristic")
        rules = self._specification.rules
        for name in values if isinstance(values, Mapping) else ():
            if name not in rules.rules and not rules.open:
                text = f"{self._specification.name} has no characteristic {name!r}."
                yield Violation(f"{at}/output/characteristic{pointer(name)}", "unknownCharacteristic", text)

    def _template(
        self, at: str, value: Any, roots: frozenset[str], tasks: set[str], awaited: set[str]
    ) -> Iterator[Violation]:
        try:
            template = compile_template(value)
        except ExpressionSyntaxError as error:
            yield Violation(at + error.pointer, error.code, str(error))
            return
        yield from self._paths(at, template, roots)
        for path in sorted(template.paths):
            if path[0] == "task" and len(path) > 1 and path[1] not in awaited:
                reason = "which is not done before" if path[1] in tasks else "which does not exist"
                yield Violation(at, "unknownPath", f"{'.'.join(path)} reads the task {path[1]}, {reason}.")

    def _paths(self, at: str, template: Template, roots: frozenset[str]) -> Iterator[Violation]:
        for name in sorted(template.names - roots):
            text = f"An expression reads {name!r}; it can read {_listed(roots)}."
            yield Violation(at, "unknownPath", text)
        for path in sorted(template.paths):
            problem = self._problem(path)
            if problem is not None:
                yield Violation(at, "unknownPath", f"{'.'.join(path)} cannot exist: {problem}.")

    def _problem(self, path: Path) -> str | None:
        if path[:2] == ("service", "characteristic") and len(path) > 2:
            return _unknown_value(self._specification, path[2])
        related = self._related.get(path[0])
        if related is None or len(path) < 2:
            return None
        if path[1] not in related:
            return f"the specification has {_listed(related)} there"
        other = related[path[1]]
        if other is not None and len(path) > 3 and path[2] == "characteristic":
            return _unknown_value(other, path[3])
        return None


def _transient(at: str, value: Any, inputs: frozenset[str]) -> Iterator[Violation]:
    """Yield where an operation's input is not just handed on.

    Where a call is written down a mark stands for the value, so that nothing can be computed from it.
    """
    try:
        expressions = compile_template(value).expressions
    except ExpressionSyntaxError:
        return
    for expression in expressions:
        source = expression.source.strip()
        if "operation" in expression.names and source not in {f"operation.input.{name}" for name in inputs}:
            text = (
                f"An operation's input is handed on as it is, by =operation.input.<name>; there are {_listed(inputs)}."
            )
            yield Violation(at, "unknownPath", text)


def _unknown_value(specification: Specification, name: str) -> str | None:
    if specification.rules.open or name in specification.rules.rules:
        return None
    return f"{specification.name} has the characteristics {_listed(specification.rules.rules)}"


def _alike(source: str, target: str | None) -> bool:
    if target is None or source.lower() == target.lower():
        return True
    kinds = {source.lower(), target.lower()}
    # Other names of types are the catalogue's own, and cannot be compared.
    return not kinds <= _NUMBERS | {"string", "boolean"} or kinds <= _NUMBERS


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
