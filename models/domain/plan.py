"""A plan: what must be done for an order, in which order, and on which services.

A plan is static data, made once by decomposition and written once; its running state (`Progress`) stands apart and is
small. A plan belongs to an owner, which need not be an order.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal

Operation = Literal["fulfil", "compensate", "cancel"]
Kind = Literal["fulfil", "allocate", "order", "monitor", "change", "person", "recipe"]
Compensation = Literal["none", "operation", "delete", "recipe"]

FORMAT = 1
KINDS: Mapping[Kind, str] = {
    "fulfil": "Works on the service.",
    "allocate": "Sets resources of a pool aside for the service; in delete, gives them back.",
    "order": "Orders something of another system.",
    "monitor": "Makes, changes or removes a monitor of the service.",
    "change": "Opens, awaits and closes a change request of another system.",
    "person": "Is done by a person: a step of a recipe.",
    "recipe": "Runs a recipe, whose steps become tasks as their turn comes.",
}
"""What sort of thing a task does. It decides when the task has its turn and what follows from it, never who does it."""


@dataclass(frozen=True, slots=True)
class Capability:
    """What a fulfiller must be able to do: an action on services of a specification (its id, or its family's name).

    `category` has the ids and names of the categories that the specification belongs to.
    """

    specification: str
    action: str
    name: str | None = None
    category: tuple[str, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """As stored with a task."""
        stored: dict[str, Any] = {"specification": self.specification, "action": self.action, "name": self.name}
        return {**stored, "category": list(self.category)} if self.category else stored

    @classmethod
    def from_document(cls, stored: Mapping[str, Any]) -> "Capability":
        """Read what `to_document` wrote."""
        return cls(stored["specification"], stored["action"], stored.get("name"), tuple(stored.get("category", ())))

    def also_of(self, category: Any) -> "Capability":
        """The same for a service that is of this category itself; what is no text says nothing."""
        if not isinstance(category, str) or category in self.category:
            return self
        return replace(self, category=(*self.category, category))


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """One thing to be done by one fulfiller.

    Attributes:
        key: derived identity inside the plan (`ids.task_key`).
        name: its name in the specification's fulfilment rules, as people read it.
        item: path of the order item it belongs to, such as `1` or `1/2`.
        service: id of the service it works on.
        needs: keys of the tasks that must be done before it starts.
        input: template of its input (expressions are texts that begin with `=`); None stands for the service itself.
        output: template of what its outputs become on the service; None keeps what the fulfiller reports.
        deadline: seconds that an accepted task may stay open; None leaves it to the fulfiller's definition.
        duration: expected seconds.
        retry: delays in seconds between attempts; None leaves it to the fulfiller's definition.
        compensation: how it is undone: not at all, by `compensate` at the same fulfiller, or by the specification's
            delete tasks (for add), or, for a step of a recipe, by what that says.
        optional: a refusal skips it instead of holding the item.
        milestone: the milestone that it reaches.
        kind: see KINDS.
        target: for `compensate` and `cancel`: key of the task it undoes or stops.
        recipe: for one that runs a recipe: its name and version.
        of: for a step of a recipe: key of the task that runs it; `input` is no template then, but the input itself.
        step: the step's key in the run.
        secrets: names of the secrets that the recipe names in the input of a step; see `models.domain.secrets`.
        fulfiller: id or name of the fulfiller that the recipe wants for a step, whoever else could do it.
        sources: of a step, by variable that its input was computed from: the key of the step that had produced the
            value, empty where the run began with it.
        undoing: of a step: the recipe undoes something by it.
    """

    key: str
    name: str
    item: str
    service: str
    specification: str
    action: str
    capability: Capability
    needs: tuple[str, ...] = ()
    input: Any = None
    output: Any = None
    operation: Operation = "fulfil"
    deadline: float | None = None
    duration: float | None = None
    retry: tuple[float, ...] | None = None
    compensation: Compensation = "none"
    point_of_no_return: bool = False
    optional: bool = False
    milestone: str | None = None
    target: str | None = None
    kind: Kind = "fulfil"
    recipe: tuple[str, str] | None = None
    of: str | None = None
    step: str | None = None
    fulfiller: str | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    undoing: bool = False

    def to_document(self) -> dict[str, Any]:
        """As stored: only what differs from the default."""
        given = ((name, getattr(self, name)) for name in _TASK_ATTRIBUTES)
        stored = {name: value for name, value in given if value != _TASK_DEFAULTS.get(name, _REQUIRED)}
        return {**stored, "capability": self.capability.to_document()}

    @classmethod
    def from_document(cls, stored: Mapping[str, Any]) -> "PlannedTask":
        """Read what `to_document` wrote."""
        values = dict(stored)
        values["capability"] = Capability.from_document(values["capability"])
        values["needs"] = tuple(values.get("needs", ()))
        values["secrets"] = tuple(values.get("secrets", ()))
        if values.get("retry") is not None:
            values["retry"] = tuple(values["retry"])
        if values.get("recipe") is not None:
            name, version = values["recipe"]
            values["recipe"] = (name, version)
        return cls(**values)


_TASK_ATTRIBUTES = tuple(one.name for one in fields(PlannedTask))
_REQUIRED = object()
_TASK_DEFAULTS: Mapping[str, Any] = {
    "needs": (),
    "input": None,
    "output": None,
    "operation": "fulfil",
    "deadline": None,
    "duration": None,
    "retry": None,
    "compensation": "none",
    "point_of_no_return": False,
    "optional": False,
    "milestone": None,
    "target": None,
    "kind": "fulfil",
    "recipe": None,
    "of": None,
    "step": None,
    "fulfiller": None,
    "sources": {},
    "secrets": (),
    "undoing": False,
}


@dataclass(frozen=True, slots=True)
class PlannedService:
    """What becomes of one service.

    Attributes:
        id: its id in the inventory; derived for a new one.
        item: path of the order item that asks for it.
        action: add, modify, delete or noChange.
        specification: {id, name, version}, or None where the order names none.
        body: the desired TMF638 body for add, the delta for modify, empty otherwise.
        state: the state it shall have at the end.
        path: specification path from the item's service down, such as `internet-access/access-line`.
        parent: id of the service it is a part of.
        relies_on: ids of the services that it relies on, re-used ones included.
        name: short name under which siblings and parents find it in expressions.
        share: for one that is built for whoever needs it, what was asked for (`Wish.key`); it is built once at a time.
        anew: an existing one that is gone, and is built again: taken and changed as with modify, by the tasks of add.
    """

    id: str
    item: str
    action: str
    specification: Mapping[str, Any] | None
    body: Mapping[str, Any]
    state: str
    path: str
    parent: str | None = None
    relies_on: tuple[str, ...] = ()
    name: str = ""
    share: str = ""
    anew: bool = False

    def to_document(self) -> dict[str, Any]:
        """As stored in the plan."""
        given = ((name, getattr(self, name)) for name in _SERVICE_ATTRIBUTES)
        return {name: value for name, value in given if value not in (None, (), "", False)}

    @classmethod
    def from_document(cls, stored: Mapping[str, Any]) -> "PlannedService":
        """Read what `to_document` wrote."""
        values = {"body": {}, "specification": None, "path": "", **stored}
        values["relies_on"] = tuple(values.get("relies_on", ()))
        return cls(**values)


_SERVICE_ATTRIBUTES = tuple(field.name for field in fields(PlannedService))


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """One order item in the plan.

    Attributes:
        path: ids from the top, such as `1` or `1/2`.
        pointer: where it stands in the order, as list indexes from the top.
        services: ids of all services it is about, its own first.
        needs: paths of the items whose tasks come first.
    """

    path: str
    pointer: tuple[int, ...]
    action: str
    services: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """As stored."""
        return asdict(self)

    @classmethod
    def from_document(cls, stored: Mapping[str, Any]) -> "PlannedItem":
        """Read what `to_document` wrote."""
        return cls(
            path=stored["path"],
            pointer=tuple(stored["pointer"]),
            action=stored["action"],
            services=tuple(stored["services"]),
            needs=tuple(stored["needs"]),
        )


@dataclass(frozen=True, slots=True)
class Awaited:
    """A service to rely on that another order is building.

    Attributes:
        key: what was asked for (`Wish.key`).
        service: its id.
        order: who builds it.
    """

    key: str
    service: str
    order: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Items, services and tasks of one owner.

    Attributes:
        awaits: what has to be in use before the plan can be carried out; it is made anew then, and never stored so.
    """

    items: tuple[PlannedItem, ...]
    services: tuple[PlannedService, ...]
    tasks: tuple[PlannedTask, ...]
    awaits: tuple[Awaited, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """The static part of the stored plan."""
        return {
            "items": [item.to_document() for item in self.items],
            "services": [service.to_document() for service in self.services],
            "tasks": [task.to_document() for task in self.tasks],
        }

    @classmethod
    def from_document(cls, stored: Mapping[str, Any]) -> "Plan":
        """Read what `to_document` wrote."""
        return cls(
            items=tuple(PlannedItem.from_document(item) for item in stored["items"]),
            services=tuple(PlannedService.from_document(service) for service in stored["services"]),
            tasks=tuple(PlannedTask.from_document(task) for task in stored["tasks"]),
        )
