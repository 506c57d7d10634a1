"""From syntax tree to closures: what can be decided once is decided here, and evaluation only calls functions.

Each loop variable, filtered element and context under construction has a slot of the run, known when compiling. A name
in a filter may mean an attribute of the element, which only the element can tell: such names try their elements first.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from models.domain.expressions import closures, loops, nodes
from models.domain.expressions.functions import FUNCTIONS
from models.domain.expressions.operators import ARITHMETIC, COMPARISON, both, negate
from models.domain.expressions.runtime import Run

Code = Callable[[Run], Any]
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """A name that a loop binds."""

    slot: int
    name: str


@dataclass(frozen=True, slots=True)
class Element:
    """What a filter looks at: `item`, and its attributes by their bare names."""

    slot: int


@dataclass(frozen=True, slots=True)
class Building:
    """A context under construction, whose earlier entries have names."""

    slot: int
    keys: frozenset[str]


Scope = tuple[Variable | Element | Building, ...]
"""The innermost first."""


@dataclass(slots=True)
class Compiler:
    """Compiles one expression and notes what it reads."""

    slots: int = 0
    names: set[str] = field(default_factory=set)
    paths: set[Path] = field(default_factory=set)

    def slot(self) -> int:
        self.slots += 1
        return self.slots - 1

    def compile(self, node: nodes.Node, scope: Scope, tail: Path = ()) -> Code:
        """Return the closure of a node. `tail` holds the attributes read from it, for the paths."""
        return _RULES[type(node)](self, node, scope, tail)

    def rule_literal(self, node: nodes.Literal, _scope: Scope, _tail: Path) -> Code:
        value = node.value
        return lambda _: value

    def rule_attribute(self, node: nodes.Attribute, scope: Scope, tail: Path) -> Code:
        return closures.attribute(self.compile(node.base, scope, (node.name, *tail)), node.name)

    def rule_negation(self, node: nodes.Negation, scope: Scope, _: Path) -> Code:
        operand = self.compile(node.operand, scope)
        return lambda run: negate(operand(run))

    def rule_list(self, node: nodes.ListLiteral, scope: Scope, _: Path) -> Code:
        items = self._all(node.items, scope)
        return lambda run: [item(run) for item in items]

    def rule_conditional(self, node: nodes.Conditional, scope: Scope, _: Path) -> Code:
        test, yes, no = self._all((node.condition, node.then, node.otherwise), scope)
        return lambda run: yes(run) if test(run) is True else no(run)

    def rule_comparison(self, node: nodes.Comparison, scope: Scope, _: Path) -> Code:
        compare, left, right = COMPARISON[node.operator], *self._all((node.left, node.right), scope)
        return lambda run: compare(run, left(run), right(run))

    def rule_logic(self, node: nodes.Logic, scope: Scope, _: Path) -> Code:
        return (closures.all_true if node.operator == "and" else closures.any_true)(self._all(node.operands, scope))

    def rule_between(self, node: nodes.Between, scope: Scope, _: Path) -> Code:
        interval = nodes.Interval(node.low, node.high, low_closed=True, high_closed=True)
        return self.compile(nodes.Membership(node.value, (interval,)), scope)

    def _all(self, parts: tuple[nodes.Node, ...], scope: Scope) -> tuple[Code, ...]:
        return tuple(self.compile(part, scope) for part in parts)

    def rule_name(self, node: nodes.Name, scope: Scope, tail: Path) -> Code:
        name = node.name
        elements: list[int] = []
        for frame in scope:
            match frame:
                case Variable(slot, bound) if bound == name:
                    return closures.element_or(elements, name, closures.slot_value(slot))
                case Element(slot) if name == "item":
                    return closures.slot_value(slot)
                case Element(slot):
                    elements.append(slot)
                case Building(slot, keys) if name in keys:
                    return closures.element_or(elements, name, closures.attribute(closures.slot_value(slot), name))
        self.paths.add((name, *tail))
        if not elements:
            self.names.add(name)
        return closures.element_or(elements, name, lambda run: run.context.get(name))

    def rule_filter(self, node: nodes.Filter, scope: Scope, tail: Path) -> Code:
        items, condition = self.compile(node.base, scope, tail), node.condition
        if isinstance(condition, nodes.Literal) and type(condition.value) is int:
            position = condition.value
            return lambda run: loops.element(items(run), position)
        slot = self.slot()
        test = self.compile(condition, (Element(slot), *scope))
        return loops.filtered(items, slot, test, nodes.weight(condition))

    def rule_call(self, node: nodes.Call, scope: Scope, _: Path) -> Code:
        if node.function == "is defined":
            return self._is_defined(node.arguments[0], scope)
        return FUNCTIONS[node.function].bound(self._all(node.arguments, scope))

    def _is_defined(self, node: nodes.Node, scope: Scope) -> Code:
        if isinstance(node, nodes.Attribute):
            owner, key = self.compile(node.base, scope, (node.name,)), node.name
            return lambda run: isinstance(value := owner(run), dict) and key in value
        code = self.compile(node, scope)
        if isinstance(node, nodes.Name) and not scope:
            name = node.name
            return lambda run: name in run.context
        return lambda run: code(run) is not None

    def rule_arithmetic(self, node: nodes.Arithmetic, scope: Scope, _: Path) -> Code:
        start = self.compile(node.first, scope)
        rest = tuple((ARITHMETIC[step.operator], self.compile(step.operand, scope)) for step in node.steps)
        if len(rest) == 1:
            operation, operand = rest[0]
            return lambda run: operation(run, start(run), operand(run))

        def chain(run: Run) -> Any:
            value = start(run)
            for operation, operand in rest:
                value = operation(run, value, operand(run))
            return value

        return chain

    def rule_context(self, node: nodes.ContextLiteral, scope: Scope, _: Path) -> Code:
        slot = self.slot()
        seen: frozenset[str] = frozenset()
        parts: list[tuple[str, Code]] = []
        for entry in node.entries:
            parts.append((entry.key, self.compile(entry.value, (Building(slot, seen), *scope))))
            seen |= {entry.key}

        def build(run: Run) -> dict[str, Any]:
            made: dict[str, Any] = {}
            for key, code in parts:
                run.slots[slot] = made
                made[key] = code(run)
            return made

        return build

    def rule_loop(self, node: nodes.Loop, scope: Scope, _: Path) -> Code:
        domains: list[loops.Domain] = []
        for binding in node.bindings:
            domain, slot = binding.domain, self.slot()
            if isinstance(domain, nodes.Range):
                code = loops.counting(self.compile(domain.start, scope), self.compile(domain.end, scope))
            else:
                code = self.compile(domain, scope)
            domains.append(loops.Domain(slot, code, nodes.weight(domain)))
            scope = (Variable(slot, binding.name), *scope)
        return loops.LOOPS[node.kind](tuple(domains), self.compile(node.body, scope), nodes.weight(node.body))

    def rule_membership(self, node: nodes.Membership, scope: Scope, _: Path) -> Code:
        subject = self.compile(node.value, scope)
        checks = tuple(self._test(test, scope) for test in node.tests)
        if len(checks) == 1:
            check = checks[0]
            return lambda run: check(run, subject(run))

        def member(run: Run) -> bool | None:
            tested = subject(run)
            outcomes = [check(run, tested) for check in checks]
            return True if True in outcomes else None if None in outcomes else False

        return member

    def _test(self, test: nodes.Node, scope: Scope) -> Callable[[Run, Any], bool | None]:
        match test:
            case nodes.Interval(low, high, low_closed, high_closed):
                above, below = COMPARISON[">=" if low_closed else ">"], COMPARISON["<=" if high_closed else "<"]
                bottom, top = self.compile(low, scope), self.compile(high, scope)
                return lambda run, value: both(above(run, value, bottom(run)), below(run, value, top(run)))
            case nodes.Test(sign, operand):
                compare, other = COMPARISON[sign], self.compile(operand, scope)
                return lambda run, value: compare(run, value, other(run))
            case _:
                return closures.one_of(self.compile(test, scope))


_RULES: dict[type[nodes.Node], Callable[[Compiler, Any, Scope, Path], Code]] = {
    nodes.Literal: Compiler.rule_literal,
    nodes.Name: Compiler.rule_name,
    nodes.Attribute: Compiler.rule_attribute,
    nodes.Filter: Compiler.rule_filter,
    nodes.Call: Compiler.rule_call,
    nodes.Arithmetic: Compiler.rule_arithmetic,
    nodes.Negation: Compiler.rule_negation,
    nodes.ListLiteral: Compiler.rule_list,
    nodes.ContextLiteral: Compiler.rule_context,
    nodes.Loop: Compiler.rule_loop,
    nodes.Conditional: Compiler.rule_conditional,
    nodes.Comparison: Compiler.rule_comparison,
    nodes.Logic: Compiler.rule_logic,
    nodes.Between: Compiler.rule_between,
    nodes.Membership: Compiler.rule_membership,
}
