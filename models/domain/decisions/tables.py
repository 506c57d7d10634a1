"""Decision tables: a node of the language like any other, compiled to checks and results."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from models.domain.decisions.hit_policies import Hits, Policy
from models.domain.decisions.values import typed
from models.domain.expressions import nodes
from models.domain.expressions.compiler import RULES, Code, Compiler, Path
from models.domain.expressions.runtime import Run
from models.domain.expressions.scopes import Scope, Variable
from models.domain.expressions.types import Simple, Type, converted
from models.domain.expressions.values.calendar import Moment
from models.domain.expressions.values.calendar_text import moment_of

Check = Callable[[Run], bool]
_DATE = Simple("date")


@dataclass(frozen=True, slots=True)
class Column:
    """An input: what is asked, which values are allowed, and of which type they are."""

    asked: nodes.Node
    allowed: nodes.UnaryTests | None = None
    type: Type | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """An output. `ranked` are its allowed values, the first of the highest priority."""

    name: str
    type: Type | None = None
    default: nodes.Node | None = None
    ranked: tuple[nodes.Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    tests: tuple[nodes.UnaryTests, ...]
    results: tuple[nodes.Node, ...]


@dataclass(frozen=True, slots=True)
class Table(nodes.Node):
    """A decision table. Its parts are no nodes: each rule is paid for when it is tried."""

    columns: tuple[Column, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]
    policy: Policy


def _compile(compiler: Compiler, table: Table, scope: Scope, _: Path) -> Code:
    slots = tuple(compiler.slot() for _ in table.columns)
    asked = tuple(compiler.compile(column.asked, scope) for column in table.columns)
    scopes = tuple((Variable(slot, "?"), *scope) for slot in slots)
    allowed = tuple(
        compiler.compile(column.allowed, inner) if column.allowed is not None else None
        for column, inner in zip(table.columns, scopes, strict=True)
    )
    rules = tuple(_compiled_rule(compiler, rule, scopes, scope) for rule in table.rules)
    hits = _hits(compiler, table, scope)
    types = tuple(column.type for column in table.columns)
    fixed = sum(nodes.weight(column.asked) for column in table.columns)

    def decide(run: Run) -> Any:
        run.spend(fixed)
        for slot, question, wanted in zip(slots, asked, types, strict=True):
            run.slots[slot] = question(run) if wanted is None else _of_type(run, wanted, question(run))
        for slot, check in zip(slots, allowed, strict=True):
            if check is not None and run.slots[slot] is not None and not check(run):
                return None
        return hits.decide(run, _matching(run, rules, hits.first_only))

    return decide


def _of_type(run: Run, wanted: Type, value: Any) -> Any:
    """Return what was asked as the column's type has it.

    Tables that are drawn alone declare no input data: their columns are what says that a text is a date. With Camunda
    7, a date is a date and time, too.
    """
    read = typed(wanted, value)
    if wanted == _DATE:
        moment = moment_of(read, relaxed=True) if isinstance(read, str) else read
        if isinstance(moment, Moment):
            return moment
    return converted(run, wanted, read)


def _matching(run: Run, rules: tuple[tuple[tuple[Check, ...], int, Code], ...], first_only: bool) -> list[Code]:
    found: list[Code] = []
    for checks, cost, result in rules:
        run.spend(cost)
        for check in checks:
            if not check(run):
                break
        else:
            found.append(result)
            if first_only:
                break
    return found


def _compiled_rule(
    compiler: Compiler, rule: Rule, scopes: tuple[Scope, ...], scope: Scope
) -> tuple[tuple[Check, ...], int, Code]:
    """Return the checks of a rule (of `-` there is none), what trying it costs, and its results."""
    pairs = [(cell, inner) for cell, inner in zip(rule.tests, scopes, strict=True) if cell.tests]
    checks = tuple(compiler.compile(cell, inner) for cell, inner in pairs)
    cost = 1 + sum(nodes.weight(test) for cell, _ in pairs for test in cell.tests)
    results = tuple(compiler.compile(node, scope) for node in rule.results)
    price = sum(nodes.weight(node) for node in rule.results)

    def result(run: Run) -> tuple[Any, ...]:
        run.spend(price)
        return tuple(code(run) for code in results)

    return checks, cost, result


def _hits(compiler: Compiler, table: Table, scope: Scope) -> Hits:
    outputs = table.outputs
    defaults = None
    if any(output.default is not None for output in outputs):
        parts = tuple(compiler.compile(output.default or nodes.Literal(None), scope) for output in outputs)
        defaults = parts
    types = tuple(output.type for output in outputs)
    return Hits(
        policy=table.policy,
        names=tuple(output.name for output in outputs),
        ranked=tuple(tuple(compiler.compile(node, scope) for node in output.ranked) for output in outputs),
        defaults=defaults,
        convert=lambda run, values: tuple(
            converted(run, wanted, value) for wanted, value in zip(types, values, strict=True)
        ),
    )


RULES[Table] = _compile
