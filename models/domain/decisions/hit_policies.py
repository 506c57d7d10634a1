"""Hit policies: what a table answers when several rules match, or none (DMN 1.5, 8.2.11)."""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from models.domain.expressions.compiler import Code
from models.domain.expressions.errors import ExpressionTypeError, ExpressionValueError
from models.domain.expressions.functions import FUNCTIONS
from models.domain.expressions.runtime import Run, checked_list, same

Values = tuple[Any, ...]


class Policy(enum.Enum):
    """Which of the matching rules count."""

    UNIQUE = "UNIQUE"
    """One rule at most may match; else the answer is null."""
    ANY = "ANY"
    """Those that match must agree; else the answer is null."""
    PRIORITY = "PRIORITY"
    """The one whose output stands first among the allowed values."""
    FIRST = "FIRST"
    """The first one in the table."""
    RULE_ORDER = "RULE ORDER"
    """All, in the order of the table."""
    OUTPUT_ORDER = "OUTPUT ORDER"
    """All, in the order of the allowed values of the output."""
    COLLECT = "COLLECT"
    """All, in no order that is promised (it is the table's)."""
    SUM = "COLLECT SUM"
    MIN = "COLLECT MIN"
    MAX = "COLLECT MAX"
    COUNT = "COLLECT COUNT"


_LISTS = frozenset({Policy.RULE_ORDER, Policy.OUTPUT_ORDER, Policy.COLLECT})
_AGGREGATES = {Policy.SUM: "sum", Policy.MIN: "min", Policy.MAX: "max"}


@dataclass(frozen=True, slots=True)
class Hits:
    """Makes an answer of the rules that match.

    Attributes:
        names: of the outputs; one output needs none.
        ranked: for each output its allowed values, the highest priority first.
        defaults: the outputs where no rule matches.
        convert: makes outputs fit their types.
    """

    policy: Policy
    names: tuple[str, ...]
    ranked: tuple[tuple[Code, ...], ...]
    defaults: tuple[Code, ...] | None
    convert: Callable[[Run, Values], Values]

    @property
    def first_only(self) -> bool:
        return self.policy is Policy.FIRST

    def decide(self, run: Run, matching: list[Code]) -> Any:  # noqa: PLR0911  # one for each kind
        if not matching:
            return self._without_match(run)
        if self.policy is Policy.UNIQUE and len(matching) > 1:
            return None
        rows = [self.convert(run, result(run)) for result in matching]
        match self.policy:
            case Policy.ANY:
                agreed = all(same(run, list(rows[0]), list(row)) for row in rows[1:])
                return self._answer(rows[0]) if agreed else None
            case Policy.PRIORITY:
                return self._answer(self._by_rank(run, rows)[0])
            case Policy.OUTPUT_ORDER:
                return [self._answer(row) for row in self._by_rank(run, rows)]
            case Policy.RULE_ORDER | Policy.COLLECT:
                return checked_list([self._answer(row) for row in rows])
            case Policy.COUNT:
                return len(rows)
            case Policy.SUM | Policy.MIN | Policy.MAX:
                return self._answer(tuple(self._aggregated(run, list(column)) for column in zip(*rows, strict=True)))
            case _:
                return self._answer(rows[0])

    def _without_match(self, run: Run) -> Any:
        if self.defaults is not None:
            default = self._answer(self.convert(run, tuple(code(run) for code in self.defaults)))
            return [default] if self.policy in _LISTS and not isinstance(default, list) else default
        if self.policy is Policy.COUNT:
            return 0
        return [] if self.policy in _LISTS else None

    def _answer(self, row: Values) -> Any:
        return row[0] if len(self.names) == 1 else dict(zip(self.names, row, strict=True))

    def _by_rank(self, run: Run, rows: list[Values]) -> list[Values]:
        ranks = tuple([code(run) for code in codes] for codes in self.ranked)

        def rank(row: Values) -> tuple[int, ...]:
            return tuple(
                next((place for place, allowed in enumerate(order) if same(run, allowed, value)), len(order))
                for order, value in zip(ranks, row, strict=True)
            )

        return sorted(rows, key=rank)

    def _aggregated(self, run: Run, column: list[Any]) -> Any:
        try:
            return FUNCTIONS[_AGGREGATES[self.policy]].call(run, column)
        except (ExpressionTypeError, ExpressionValueError):
            return None
