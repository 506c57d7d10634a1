"""The variables of a run while a step computes: nothing is changed in place, so that a step can be taken back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.domain.recipes.state import USERS, Data


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What `Variables.restore` goes back to."""

    values: dict[int, Mapping[str, Any]]
    made: dict[int, Mapping[str, str]]
    used: dict[str, tuple[str, ...]]
    results: dict[int, Mapping[str, Any]]
    answers: dict[int, Any]


class Variables:
    """Variables by scope, and who made and used them. A chain lists scopes from the outermost to the innermost."""

    def __init__(self, data: Data) -> None:
        self._values = dict(data.values)
        self._made = dict(data.made)
        self._used = dict(data.used)
        self.results = dict(data.results)
        self.answers = dict(data.answers)

    def visible(self, chain: Sequence[int]) -> dict[str, Any]:
        """All that is visible at the end of a chain; inner variables hide outer ones."""
        merged: dict[str, Any] = {}
        for scope in chain:
            merged |= self._values.get(scope, {})
        return merged

    def of(self, scope: int) -> Mapping[str, Any]:
        """The variables of one scope alone."""
        return self._values.get(scope, {})

    def declare(self, scope: int, values: Mapping[str, Any], by: str) -> None:
        """Set variables of this very scope."""
        self._values[scope] = {**self._values.get(scope, {}), **values}
        self._made[scope] = {**self._made.get(scope, {}), **dict.fromkeys(values, by)}

    def assign(self, chain: Sequence[int], values: Mapping[str, Any], by: str) -> None:
        """Set variables where they are, innermost first; new ones belong to the outermost scope."""
        for name, value in values.items():
            home = next((scope for scope in reversed(chain) if name in self._values.get(scope, {})), chain[0])
            self.declare(home, {name: value}, by)

    def used(self, chain: Sequence[int], names: Iterable[str], by: str) -> dict[str, str]:
        """Note who uses these names, and return who made them; names without a value are left out."""
        sources: dict[str, str] = {}
        for name in sorted(names):
            home = next((scope for scope in reversed(chain) if name in self._values.get(scope, {})), None)
            if home is None:
                continue
            sources[name] = self._made[home].get(name, "")
            users = self._used.get(name, ())
            if len(users) < USERS and by not in users:
                self._used[name] = (*users, by)
        return sources

    def drop(self, scope: int) -> None:
        """Forget a scope's variables."""
        self._values.pop(scope, None)
        self._made.pop(scope, None)

    def snapshot(self) -> Snapshot:
        """What there is now."""
        return Snapshot(dict(self._values), dict(self._made), dict(self._used), dict(self.results), dict(self.answers))

    def restore(self, saved: Snapshot) -> None:
        """Go back to what there was."""
        self._values, self._made, self._used = saved.values, saved.made, saved.used
        self.results, self.answers = saved.results, saved.answers

    def to_data(self) -> Data:
        """As values of the state."""
        return Data(self._values, self._made, self._used, self.results, self.answers)
