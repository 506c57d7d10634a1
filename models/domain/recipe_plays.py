"""Which recipes a plan runs or has run, in a list that plans are found by: one short entry for each run. Pure."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from models.domain.precedence import ENDED
from models.domain.progress import STUCK
from models.domain.recipe_visits import status_of

Document = dict[str, Any]

FIELD = "plays"


class Plays:
    """The entries of one plan: {task, recipe, version, status, held?}, in the order in which the runs began.

    An entry stays where it is, so that a change is written by its place in the list; only the holder of a plan does.
    """

    def __init__(self, stored: Iterable[Mapping[str, Any]]) -> None:
        """Take up what is stored."""
        self._written = [dict(entry) for entry in stored]
        self._place = {entry["task"]: place for place, entry in enumerate(self._written)}

    @property
    def held(self) -> set[str]:
        """The keys of the tasks whose runs are told to be held."""
        return {entry["task"] for entry in self._written if "held" in entry}

    def changes(
        self,
        recipes: Mapping[str, Mapping[str, Any]],
        states: Mapping[str, str],
        held: Collection[str] = (),
    ) -> Document:
        """What to set in the plan, by path.

        Args:
            recipes: the runs as stored, by the key of the task that runs each.
            states: of those tasks that may have moved.
            held: those of these tasks whose runs are held.
        """
        changed = {
            key: play(key, recipes[key], state, held=key in held) for key, state in states.items() if key in recipes
        }
        changed = {key: entry for key, entry in changed.items() if entry != self._known(key)}
        if not self._written:
            return {FIELD: list(changed.values())} if changed else {}
        new = (key for key in changed if key not in self._place)
        places = self._place | {key: len(self._written) + number for number, key in enumerate(new)}
        return {f"{FIELD}.{places[key]}": entry for key, entry in changed.items()}

    def settled(self, changes: Mapping[str, Any]) -> None:
        """Take on what was written of what `changes` answered."""
        for entry in changes.get(FIELD, ()):
            self._append(entry)
        placed = [
            (int(path.rpartition(".")[2]), entry) for path, entry in changes.items() if path.startswith(f"{FIELD}.")
        ]
        for place, entry in sorted(placed, key=lambda one: one[0]):
            if place < len(self._written):
                self._written[place] = entry
            else:
                self._append(entry)

    def _known(self, key: str) -> Mapping[str, Any] | None:
        place = self._place.get(key)
        return None if place is None else self._written[place]

    def _append(self, entry: Document) -> None:
        self._place[entry["task"]] = len(self._written)
        self._written.append(entry)


def play(task: str, run: Mapping[str, Any], state: str, *, held: bool = False) -> Document:
    """The entry of a run as it is stored, given the state of the task that runs it; `held` stands only where it is."""
    name, version = run["recipe"]
    entry = {"task": task, "recipe": name, "version": version, "status": status_of(run["run"]["status"], state)}
    return {**entry, "held": True} if held and state not in ENDED else entry


def leading_task(plan: Mapping[str, Any], task: str) -> str:
    """The key of the task that leads a run of a stored plan now: what undoes it, or else the one that runs it."""
    undoing = (one for one in plan.get("added", ()) if one.get("kind") == "recipe" and one.get("target") == task)
    return next((str(one["key"]) for one in undoing), task)


def is_held(plan: Mapping[str, Any], task: str) -> bool:
    """Whether a run of a stored plan waits for somebody: by itself, or with one of its steps."""
    runs, leader = plan.get("run", {}), leading_task(plan, task)
    steps = [one["key"] for one in plan.get("added", ()) if one.get("of") == task]
    states = [runs[key]["s"] for key in (leader, *steps) if key in runs]
    return runs.get(leader, {}).get("s") not in ENDED and any(state in STUCK for state in states)
