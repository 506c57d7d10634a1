"""The inputs of an order's operations while its plan runs: put in where a fulfiller is called, and nowhere else."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from adapters.ports import FulfillerCall
from models.domain.transients import ByItem, Values, has_marks, put_in, wiped
from models.sealing import Sealer, SecretUnreadable
from models.transients import FIELD, opened

Document = dict[str, Any]
T = TypeVar("T")

# People's tasks are documents that show what is to be done: they get the marks.
_KEEPING_KINDS = frozenset({"manual"})


class Transients:
    """Those of one order."""

    def __init__(self, sealer: Sealer, order: Mapping[str, Any]) -> None:
        """Open them with this when they are asked for first."""
        self._sealer = sealer
        self._order = order
        self._opened: ByItem | None = None if FIELD in order else {}

    def check(self, value: Any) -> None:
        """Make sure that what a call's input has marks for can be put in.

        Raises:
            SecretUnreadable: it was sealed with a key that the server does not have any more.
        """
        if has_marks(value) and self._opened is None:
            self._opened = opened(self._sealer, self._order)

    def sent(self, call: FulfillerCall, kind: str) -> FulfillerCall:
        """A call with the values in the places of their marks."""
        values = self._of(call.order_item_id)
        return call if not values or kind in _KEEPING_KINDS else replace(call, input=put_in(call.input, values))

    def heard(self, item: str, told: T) -> T:
        """What a fulfiller has said, without any value that it repeats."""
        values = self._of(item)
        return wiped(told, values) if values else told

    def _of(self, item: str | None) -> Values:
        return self._all().get(item or "", {})

    def _all(self) -> ByItem:
        if self._opened is None:
            try:
                self._opened = opened(self._sealer, self._order)
            except SecretUnreadable:  # `check` says so where it matters; what was under way comes to its end
                return {}
        return self._opened
