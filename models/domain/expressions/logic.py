"""Compiled logic of decisions: it follows FEEL to the letter, null for what is wrong, over values of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.domain.expressions import nodes
from models.domain.expressions.compiler import Code, Compiler
from models.domain.expressions.runtime import Run
from models.domain.expressions.scopes import Variable


@dataclass(frozen=True, slots=True)
class Logic:
    """A compiled tree. `evaluate` runs it inside a run that others share: one budget for all of a decision."""

    code: Code
    slots: int
    weight: int
    names: frozenset[str]

    def evaluate(self, run: Run, context: Mapping[str, Any]) -> Any:
        """Return the value over a context of FEEL values. Raises ExpressionTooExpensive, and no other error."""
        run.spend(self.weight)
        outer = run.slots, run.context
        run.slots, run.context = [None] * self.slots, context
        try:
            return self.code(run)
        finally:
            run.slots, run.context = outer


def compile_logic(tree: nodes.Node) -> Logic:
    """Return the compiled tree."""
    compiler = Compiler(lenient=True)
    code = compiler.compile(tree, ())
    return Logic(code, compiler.slots, nodes.weight(tree), frozenset(compiler.names))


def compile_check(tests: nodes.UnaryTests) -> "Check":
    """Return the compiled check of allowed values."""
    compiler = Compiler(lenient=True)
    slot = compiler.slot()
    code = compiler.compile(tests, (Variable(slot, "?"),))
    return Check(code, compiler.slots)


@dataclass(frozen=True, slots=True)
class Check:
    """Whether a value is allowed."""

    code: Code
    slots: int

    def __call__(self, run: Run, value: Any) -> bool:
        run.spend(1)
        outer = run.slots, run.context
        run.slots, run.context = [value, *[None] * (self.slots - 1)], {}
        try:
            return self.code(run) is True
        finally:
            run.slots, run.context = outer
