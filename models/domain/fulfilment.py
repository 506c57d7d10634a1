"""The `fulfilment` extension of a service specification: what has to be done, and how values flow down.

Its schema is `Fulfilment` in `api_specs/tmf633/v4.yaml`; `docs/reference/fulfilment.md` explains every attribute.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from models.domain.plan import KINDS, Compensation, Kind

ReconcilePolicy = Literal["off", "propose", "repair"]
POLICIES: tuple[ReconcilePolicy, ...] = ("off", "propose", "repair")

ACTIONS = ("add", "modify", "delete")
CHILD = "child:"
RELIES_ON = "reliesOn:"
RUN_BY_US = ("recipe",)
"""Kinds of tasks that no fulfiller is engaged for."""
CAPABILITY_ACTIONS = (*ACTIONS, *(kind for kind in KINDS if kind not in ("fulfil", *RUN_BY_US)))
"""What a capability can be about: an action on a service, or a kind of task that is no work on one."""
OnChange = Literal["propose", "place", "none"]
ON_CHANGE: tuple[OnChange, ...] = ("propose", "place", "none")


@dataclass(frozen=True, slots=True)
class TaskRule:
    """One task of one action.

    Attributes:
        name: unique among the tasks of its action.
        specification: id or family name that the capability is about; None stands for the specification itself.
        action: the capability's action; None stands for the action of the rules, or for the kind where it is no work on
            the service itself.
        needs: names of tasks of the same service, `child:<name>`, `reliesOn:<name>`; None stands for all that comes
            before the service.
        compensation: how it is undone; see PlannedTask.
        kind: see plan.KINDS.
        recipe: name and version of the recipe that it runs.
    """

    name: str
    specification: str | None = None
    action: str | None = None
    needs: tuple[str, ...] | None = None
    input: Any = None
    output: Any = None
    compensation: Compensation = "none"
    point_of_no_return: bool = False
    duration: float | None = None
    deadline: float | None = None
    retry: tuple[float, ...] | None = None
    optional: bool = False
    milestone: str | None = None
    kind: Kind = "fulfil"
    recipe: tuple[str, str] | None = None

    @property
    def own_needs(self) -> tuple[str, ...]:
        """The needs that name tasks of the same service."""
        return tuple(need for need in self.needs or () if not need.startswith((CHILD, RELIES_ON)))

    @property
    def asked_for(self) -> str | None:
        """The capability's specification: as given; of an allocation else the resource specification, or the pool."""
        if self.specification is not None or self.kind != "allocate" or not isinstance(self.input, Mapping):
            return self.specification
        named = (self.input.get(name) for name in ("resourceSpecification", "pool"))
        return next((name for name in named if isinstance(name, str) and name and not name.startswith("=")), None)


@dataclass(frozen=True, slots=True)
class ChildRule:
    """How a service of a bundle comes to be.

    Attributes:
        characteristic: templates of its characteristic values by name.
        quantity: template of how many there are.
        condition: expression that says whether there is any.
    """

    characteristic: Mapping[str, Any] = field(default_factory=dict)
    quantity: Any = 1
    condition: str | None = None


@dataclass(frozen=True, slots=True)
class RelianceRule:
    """How a service that another relies on is found, or made.

    Attributes:
        reuse: take an existing active one and leave it in place when the service that relies on it goes.
        create: make one where none is found.
        match: templates of the characteristic values that an existing one must have.
        characteristic: templates of the values of one that is made; those of `match` are among them.
        condition: expression that says whether it is needed.
        on_change: what follows where a fulfiller has to act on a change of it: a modification of the service that
            relies on it is proposed, placed, or neither.
    """

    reuse: bool = True
    create: bool = True
    match: Mapping[str, Any] = field(default_factory=dict)
    characteristic: Mapping[str, Any] = field(default_factory=dict)
    condition: str | None = None
    on_change: OnChange = "propose"


@dataclass(frozen=True, slots=True)
class OperationRule:
    """A named operation on a service: something that is done with it, and changes no characteristic.

    Attributes:
        input: what it takes, as TMF633 describes characteristics; of the values nothing is kept.
        tasks: by name, like those of an action.
    """

    input: tuple[Mapping[str, Any], ...] = ()
    tasks: Mapping[str, TaskRule] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReconcileRule:
    """What is done to find and to repair drift of services of the specification.

    Attributes:
        policy: off: they are not read; propose: a repair is proposed; repair: it is placed.
        interval: seconds between two reads of one service; None leaves it to the fulfillers.
    """

    policy: ReconcilePolicy = "propose"
    interval: float | None = None


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """The whole extension, typed.

    Attributes:
        tasks: by action, then by name; an action that is not there has no rules.
        children: by the name of the child, which is the role of the relationship or the name it gives.
        relies_on: likewise.
        operations: what a `modify` may name, by that name.
        reconcile: what is done about drift.
    """

    tasks: Mapping[str, Mapping[str, TaskRule]] = field(default_factory=dict)
    children: Mapping[str, ChildRule] = field(default_factory=dict)
    relies_on: Mapping[str, RelianceRule] = field(default_factory=dict)
    operations: Mapping[str, OperationRule] = field(default_factory=dict)
    reconcile: ReconcileRule = field(default_factory=ReconcileRule)


def default_task(action: str) -> TaskRule:
    """What a leaf does where its specification says nothing: one task for whoever has the capability."""
    return TaskRule(name=action, compensation=default_compensation(action))


def default_compensation(action: str, kind: Kind = "fulfil") -> Compensation:
    """RULES: what `add` did is undone by the specification's delete tasks; the rest only where it is declared.

    What another system or a pool was asked for is taken back there.
    """
    if kind != "fulfil":
        return "operation" if action != "delete" else "none"
    return "delete" if action == "add" else "none"


def first_rules(rules: Mapping[str, TaskRule]) -> frozenset[str]:
    """Names of the allocations that need nothing but each other: they have their turn as the order is taken on."""
    first = {name: rule for name, rule in rules.items() if rule.kind == "allocate"}
    while late := [name for name, rule in first.items() if not first.keys() >= set(rule.needs or ())]:
        for name in late:
            del first[name]
    return frozenset(first)


def with_releases(delete: Mapping[str, TaskRule], others: Iterable[TaskRule]) -> dict[str, TaskRule]:
    """The tasks of delete, with one more for each allocation of the other actions: what it has taken is given back.

    It has the allocation's name and comes after all else, unless the rules have an `allocate` task of this name.
    """
    rules = dict(delete)
    needs = tuple(name for name, rule in delete.items() if rule.kind != "allocate") or None
    for rule in others:
        given = rules.get(rule.name)
        if rule.kind != "allocate" or (given is not None and given.kind == "allocate"):
            continue
        name = rule.name if given is None else f"release-{rule.name}"
        rules[name] = TaskRule(name, rule.asked_for, rule.action, needs, retry=rule.retry, kind="allocate")
    return rules
