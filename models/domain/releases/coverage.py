"""Which work nobody can do: the capabilities that specifications ask for, held against those that are registered."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from models.domain.fulfilment import ACTIONS
from models.domain.plan import Capability
from models.domain.specification import Specification

Fits = Callable[[Capability], bool]
Find = Callable[[str], Specification | None]


class Uncovered(NamedTuple):
    """A task that no fulfiller can do.

    Attributes:
        specification: id of the specification whose rules have the task.
        action: of the rules.
        task: its name.
        capability: what a fulfiller would have to be able to do.
    """

    specification: str
    action: str
    task: str
    capability: Capability


def capability_of(name: str, action: str, known: Specification | None) -> Capability:
    """The capability for work on what has this id or name; `known` is its specification, where services have one."""
    return Capability(name, action) if known is None else Capability(known.id, action, known.name, known.categories)


def uncovered(specifications: Iterable[Specification], find: Find, fits: Fits) -> Iterator[Uncovered]:
    """Yield the tasks of these specifications that nobody can do; `find` knows specifications by id and by name."""
    for specification in specifications:
        for action in ACTIONS:
            for name, task in specification.tasks(action).items():
                about = task.specification or specification.id
                wanted = capability_of(about, task.action or action, find(about))
                if not fits(wanted):
                    yield Uncovered(specification.id, action, name, wanted)
