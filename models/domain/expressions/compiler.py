"""From syntax tree to closures: what can be decided once is decided here, and evaluation only calls functions.

Each loop variable, filtered element and context under construction has a slot of the run, known when compiling. A name
in a filter may mean an attribute of the element, which only the element can tell: such names try their elements first.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from models.domain.expressions import calls, closures, loops, nodes
from models.domain.expressions.functions import FUNCTIONS
from models.domain.expressions.operators import ARITHMETIC, COMPARISON, negate
from models.domain.expressions.runtime import Run
from models.domain.expressions.scopes import Building, Element, Scope, Variable
from models.domain.expressions.types import converted

Code = Callable[[Run], Any]
Path = tuple[str, ...]


@dataclass(slots=True)
class Compiler:
    """Compiles one expression and notes what it reads."""

    lenient: bool = False
    """Whether FEEL's null stands for what does not fit, as in decisions."""
    slots: int = 0
    names: set[str] = field(default_factory=set)
    paths: set[Path] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    """Every variable that was read since somebody looked."""

    def slot(self) -> int:
        self.slots += 1
        return self.slots - 1

    def compile(self, node: nodes.Node, scope: Scope, tail: Path = ()) -> Code:
        """Return the closure of a node. `tail` holds the attributes read from it, for the paths."""
        code = RULES[type(node)](self, node, scope, tail)
        return closures.tolerant(code) if self.lenient and type(node) in _FALLIBLE else code

    def rule_literal(self, node: nodes.Literal, _scope: Scope, _tail: Path) -> Code:
        value = node.value
        return lambda _: value

    def rule_attribute(self, node: nodes.Attribute, scope: Scope, tail: Path) -> Code:
        return closures.attribute(self.compile(node.base, scope, (node.name, *tail)), node.name)

    def rule_negation(self, node: nodes.Negation, scope: Scope, _: Path) -> Code:
        operand = self.compile(node.operand, scope)
        return lambda run: negate(run, operand(run))

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
                    self.read.add(name)
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
        builtin = FUNCTIONS.get(name)
        if builtin is not None and self.lenient:
            value = builtin.as_value()
            return closures.element_or(elements, name, lambda run: run.context.get(name, value))
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
        bound = any(
            (isinstance(frame, Variable) and frame.name == node.function)
            or (isinstance(frame, Building) and node.function in frame.keys)
            for frame in scope
        )
        function = FUNCTIONS.get(node.function)
        if bound or function is None:
            return self.rule_invocation(
                nodes.Invocation(nodes.Name(node.function), node.arguments, node.names), scope, ()
            )
        if not function.takes(len(node.arguments), node.names):
            return lambda _: None
        if node.function == "is defined":
            return self._is_defined(node.arguments[0], scope)
        return function.bound(self._all(node.arguments, scope), node.names)

    def rule_invocation(self, node: nodes.Invocation, scope: Scope, _: Path) -> Code:
        target, arguments, names = self.compile(node.target, scope), self._all(node.arguments, scope), node.names
        return lambda run: calls.invoke(run, target(run), [argument(run) for argument in arguments], names)

    def rule_function(self, node: nodes.FunctionDefinition, scope: Scope, _: Path) -> Code:
        slots = tuple(self.slot() for _ in node.parameters)
        inner = (*(Variable(slot, name) for slot, name in zip(slots, node.parameters, strict=True)), *scope)
        body = self.compile(node.body, inner)
        cost = nodes.weight(node.body)
        return calls.closure(calls.Definition(node.parameters, node.types, node.returns, slots, body, cost))

    def rule_instance(self, node: nodes.InstanceOf, scope: Scope, _: Path) -> Code:
        value, wanted = self.compile(node.value, scope), node.type
        return lambda run: wanted.holds(run, value(run))

    def rule_typed(self, node: nodes.Typed, scope: Scope, tail: Path) -> Code:
        value, wanted = self.compile(node.value, scope, tail), node.type
        return lambda run: converted(run, wanted, value(run))

    def rule_interval(self, node: nodes.Interval, scope: Scope, _: Path) -> Code:
        low, high = self._all((node.low, node.high), scope)
        return closures.range_value(low, high, low_closed=node.low_closed, high_closed=node.high_closed)

    def rule_test(self, node: nodes.Test, scope: Scope, _: Path) -> Code:
        return closures.half_line(node.operator, self.compile(node.operand, scope))

    def rule_unary_tests(self, node: nodes.UnaryTests, scope: Scope, _: Path) -> Code:
        """Return the closure of a cell: whether the value in `?`, which the scope has to hold, passes."""
        if not node.tests:
            return lambda _: True
        slot = next(frame.slot for frame in scope if isinstance(frame, Variable) and frame.name == "?")
        check = closures.all_checks(tuple(self._cell(test, scope) for test in node.tests))
        if node.negated:
            return lambda run: check(run, run.slots[slot]) is False
        return lambda run: check(run, run.slots[slot]) is True

    def _cell(self, test: nodes.Node, scope: Scope) -> closures.Check:
        """Return the check of one test of a cell: an expression that asks for `?` answers itself."""
        before, self.read = self.read, set()
        check = self._test(test, scope)
        asked = "?" in self.read
        self.read |= before
        if not asked or isinstance(test, nodes.Test | nodes.Interval):
            return check
        code = self.compile(test, scope)
        return lambda run, _: code(run) is True

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
            own = {entry.key} if isinstance(entry.value, nodes.FunctionDefinition) else set()  # it may call itself
            parts.append((entry.key, self.compile(entry.value, (Building(slot, seen | own), *scope))))
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
        cost = nodes.weight(node.body)
        if node.kind != "for":
            return loops.quantified(node.kind == "some")(tuple(domains), self.compile(node.body, scope), cost)
        slot = self.slot()
        before, self.read = self.read, set()
        body = self.compile(node.body, (*scope[: len(domains)], Variable(slot, "partial"), *scope[len(domains) :]))
        partial = slot if "partial" in self.read else None
        self.read |= before
        return loops.for_each(tuple(domains), body, cost, partial)

    def rule_membership(self, node: nodes.Membership, scope: Scope, _: Path) -> Code:
        subject = self.compile(node.value, scope)
        check = closures.all_checks(tuple(self._test(test, scope) for test in node.tests))
        return lambda run: check(run, subject(run))

    def _test(self, test: nodes.Node, scope: Scope) -> closures.Check:
        match test:
            case nodes.Interval(low, high, low_closed, high_closed):
                ends = self._all((low, high), scope)
                return closures.inside(*ends, low_closed=low_closed, high_closed=high_closed)
            case nodes.Test(sign, operand):
                compare, other = COMPARISON[sign], self.compile(operand, scope)
                return lambda run, value: compare(run, value, other(run))
            case _:
                return closures.one_of(self.compile(test, scope))


RULES: dict[type[nodes.Node], Callable[[Compiler, Any, Scope, Path], Code]] = {
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
    nodes.Invocation: Compiler.rule_invocation,
    nodes.FunctionDefinition: Compiler.rule_function,
    nodes.InstanceOf: Compiler.rule_instance,
    nodes.Typed: Compiler.rule_typed,
    nodes.Interval: Compiler.rule_interval,
    nodes.Test: Compiler.rule_test,
    nodes.UnaryTests: Compiler.rule_unary_tests,
}
"""What compiles which node. Decisions add their tables."""

_FALLIBLE = frozenset(
    {nodes.Arithmetic, nodes.Negation, nodes.Call, nodes.Invocation, nodes.Interval, nodes.Test, nodes.Loop}
)
"""Nodes that can meet operands which do not fit."""
