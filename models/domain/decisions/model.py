"""What a decision model holds: input data, decisions, business knowledge, decision services, and what they require."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.domain.errors import SomError
from models.domain.expressions.logic import Logic
from models.domain.expressions.types import Type


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a model.

    Attributes:
        element: where, in words: `decision "Approval", rule 2, column Age`.
        reason: what, in words.
        severity: `error`: the element cannot be used; `warning`: it can, but gives null.
        id: the XML id of the decision or other element, where it has one.
    """

    element: str
    reason: str
    severity: str = "error"
    id: str = ""

    def __str__(self) -> str:
        return f"{self.element}: {self.reason}"


class DecisionsRefused(SomError):
    """The decision model cannot be used."""

    code = "invalidDecisions"

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Carry every problem found, the first one first."""
        self.problems = tuple(problems)
        more = f"; and {len(self.problems) - 5} more" if len(self.problems) > 5 else ""
        super().__init__("; ".join(str(problem) for problem in self.problems[:5]) + more)


class NoSuchDecision(SomError):
    """The model has no such decision."""

    code = "noSuchDecision"


class UnusableDecision(SomError):
    """The decision, or one that it requires, cannot be used."""

    code = "unusableDecision"


@dataclass(frozen=True, slots=True)
class InputData:
    """What has to be given, by its name; `aliases` are others that tools write: of its variable, its id."""

    id: str
    name: str
    type: Type | None = None
    type_name: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision. `requires` holds ids of what it needs; without `logic` its value is null.

    By the standard, others see its value under its name. `aliases` are the other names that tools write there: of its
    variable, its id, its only output; `outputs` those of several outputs, as Camunda 7 sees them.
    """

    id: str
    name: str
    type: Type | None
    requires: tuple[str, ...]
    logic: Logic | None
    aliases: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Knowledge:
    """A business knowledge model: a function. Its logic makes the function."""

    id: str
    name: str
    requires: tuple[str, ...]
    logic: Logic | None


@dataclass(frozen=True, slots=True)
class Service:
    """A decision service: decisions that can be called as one function of its input data and input decisions."""

    id: str
    name: str
    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    """Ids of input decisions and input data, in the order of the parameters: data first (DMN 1.5, 10.4.5)."""
    type: Type | None = None
    requires: tuple[str, ...] = ()


Element = InputData | Decision | Knowledge | Service


@dataclass(frozen=True, slots=True)
class Decisions:
    """A model. What stands in `broken` cannot be used; a model that `read` returns has nothing there.

    Attributes:
        elements: by id.
        broken: problems by the id of the element that has them.
    """

    name: str
    namespace: str
    elements: Mapping[str, Element]
    broken: Mapping[str, Problem]

    @property
    def decisions(self) -> tuple[Decision, ...]:
        return tuple(element for element in self.elements.values() if isinstance(element, Decision))

    @property
    def services(self) -> tuple[Service, ...]:
        return tuple(element for element in self.elements.values() if isinstance(element, Service))

    def find(self, name: str) -> Decision | Service:
        """Return a decision or a service by its name or id. Raises NoSuchDecision, which names those there are."""
        wanted = " ".join(name.split())
        candidates = [element for element in self.elements.values() if isinstance(element, Decision | Service)]
        for element in candidates:
            if name == element.id or wanted == " ".join(element.name.split()):
                return element
        names = ", ".join(sorted(element.name for element in candidates)) or "none"
        raise NoSuchDecision(f"The model {self.name} has no decision {name!r}; it has {names}")

    def inputs_of(self, name: str) -> tuple[InputData, ...]:
        """Return the input data that a decision needs, itself or through others."""
        return tuple(
            element for id_ in self.order((self.find(name).id,)) if isinstance(element := self.elements[id_], InputData)
        )

    def order(self, roots: Iterable[str], given: Iterable[str] = ()) -> list[str]:
        """Return all that these elements require and themselves, each behind what it requires.

        `given` need not be evaluated, nor what they require. Iterative: a chain may be long.
        """
        done = dict.fromkeys(given, True)
        ordered: list[str] = []
        waiting = [(root, False) for root in roots]
        while waiting:
            id_, ready = waiting.pop()
            if ready:
                ordered.append(id_)
            elif id_ not in done and id_ in self.elements:
                done[id_] = True
                waiting.append((id_, True))
                waiting.extend((required, False) for required in requirements(self.elements[id_]))
        return ordered


def requirements(element: Element) -> tuple[str, ...]:
    """Return the ids of what an element requires directly."""
    return () if isinstance(element, InputData) else element.requires


Inputs = Mapping[str, Any]
