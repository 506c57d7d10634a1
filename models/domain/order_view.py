"""What a plan's progress makes of its order: item states, messages, milestones and the order's own state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from models.domain.lifecycles import ORDER_ITEM, SERVICE_ORDER
from models.domain.plan import PlannedItem

MAX_FIELD_PATH = 4096  # the envelope's limit

Document = dict[str, Any]
Body = Mapping[str, Any]


@dataclass(slots=True)
class ItemState:
    """What an item shall say: its state and, while it is held, why."""

    state: str
    errors: list[Document] = field(default_factory=list)


@dataclass(slots=True)
class OrderChange:
    """The difference between an order as stored and as its plan makes it.

    Attributes:
        fields: body attributes to set, by path; paths are made of list indexes and our own names only.
        unset: body attributes to remove, by path.
        states: the states that the order passes through, in order; empty when it stays.
        items: item path → (before, after) of those whose state changes.
    """

    fields: Document = field(default_factory=dict)
    unset: list[str] = field(default_factory=list)
    states: tuple[str, ...] = ()
    items: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything changes."""
        return bool(self.fields or self.unset or self.states)


def item_at(body: Body, pointer: Sequence[int]) -> Mapping[str, Any]:
    """The item at a position, such as (0, 1) for the second item inside the first."""
    item: Mapping[str, Any] = body
    for index in pointer:
        item = item["serviceOrderItem"][index]
    return item


def item_path(pointer: Sequence[int]) -> str:
    """The path of an item inside the body, as a database update names it."""
    return ".".join(f"serviceOrderItem.{index}" for index in pointer)


def built_services(body: Body, item: PlannedItem) -> Document:
    """What an added item says of the services that it builds: the id of the first, and all instances of several.

    RULES: `quantity` n makes n services; item.service.id is the first, serviceRelationship `instance` lists all.
    """
    ordered = item_at(body, item.pointer)
    if item.action != "add" or not item.services or ordered.get("service", {}).get("id"):
        return {}
    path = f"{item_path(item.pointer)}.service"
    fields: Document = {f"{path}.id": item.services[0]}
    quantity = ordered.get("quantity", 1)
    if quantity > 1:
        instances = [
            {"relationshipType": "instance", "service": {"id": key, "@referredType": "Service"}}
            for key in item.services[:quantity]
        ]
        fields[f"{path}.serviceRelationship"] = [*ordered["service"].get("serviceRelationship", ()), *instances]
    return fields


@dataclass(frozen=True, slots=True)
class Course:
    """Where an order is to go.

    Attributes:
        steps: states that it shall pass through.
        phase: `working`: the roll-up of the items decides where it ends, and they say how their tasks stand; `undoing`:
            a cancellation decides, and the items wait for its end; `cancelled`: all is undone.
        errors: why the undoing cannot go on, as the order's errorMessage.
        reason: why it is cancelled, as the order's cancellationReason.
    """

    steps: tuple[str, ...] = ()
    phase: Literal["working", "undoing", "cancelled"] = "working"
    errors: tuple[Document, ...] = ()
    reason: str | None = None

    def item_state(self, before: str, made: str) -> str:
        """The state that an item shall say, which said `before`, and of which its tasks make `made`."""
        match self.phase:
            case "cancelled":
                return before if before == "failed" else "cancelled"
            case "undoing":
                return before if before in ORDER_ITEM.final else _while_undoing(before, made)
        return made


def _while_undoing(before: str, made: str) -> str:
    """An item that is being undone stands where it was, unless its undoing is held."""
    if made == "held":
        return "held"
    return "inProgress" if before == "held" else before


def item_steps(before: str, after: str) -> tuple[str, ...]:
    """The states an item passes through. A compensated item takes the one extra edge from completed to cancelled."""
    if before == "completed" and after == "cancelled":
        return (after,)
    return ORDER_ITEM.path(before, after, through="inProgress")


def order_change(
    body: Body,
    items: Mapping[tuple[int, ...], ItemState],
    target: Sequence[str],
    now: str,
    errors: Sequence[Document] = (),
) -> OrderChange:
    """Compare an order with what its plan says.

    Args:
        body: the order as stored.
        items: the states of the items that may have changed, by position.
        target: the states that the order shall pass through, the last being where it shall stand; a repeated state
            is no move.
        now: the present moment as text.
        errors: what the order's own errorMessage shall say; one is there only while a cancellation cannot go on.

    Raises:
        IllegalTransition: the life cycle does not draw a move that is asked for.
    """
    change = OrderChange()
    for pointer, wanted in items.items():
        _change_item(change, body, pointer, wanted)
    state = body["state"]
    steps: list[str] = []
    for wanted_state in target:
        reached = SERVICE_ORDER.path(state, wanted_state, through="inProgress")
        steps += reached
        state = reached[-1] if reached else state
    change.states = tuple(steps)
    if steps:
        change.fields["state"] = state
        change.fields.update(_dates(body, steps, now))
    if errors and body.get("errorMessage") != list(errors):
        change.fields["errorMessage"] = list(errors)
    if not errors and body.get("errorMessage"):
        change.unset.append("errorMessage")
    return change


def _change_item(change: OrderChange, body: Body, pointer: tuple[int, ...], wanted: ItemState) -> None:
    item, path = item_at(body, pointer), item_path(pointer)
    before = item.get("state", "acknowledged")
    if item_steps(before, wanted.state):
        change.fields[f"{path}.state"] = wanted.state
        change.items[path] = (before, wanted.state)
    if wanted.errors and item.get("errorMessage") != wanted.errors:
        change.fields[f"{path}.errorMessage"] = wanted.errors
    if not wanted.errors and item.get("errorMessage"):
        change.unset.append(f"{path}.errorMessage")


def _dates(body: Body, steps: Sequence[str], now: str) -> Document:
    dates = {}
    if "startDate" not in body and "inProgress" in steps:
        dates["startDate"] = now
    if steps[-1] in SERVICE_ORDER.final:
        dates["completionDate"] = now
    if steps[-1] == "cancelled":
        dates["cancellationDate"] = now
    return dates


def field_path(body: Body, pointer: Sequence[int], missing: Sequence[Mapping[str, Any]]) -> str:
    """Which attributes of an item are meant, as JSONPaths in the order; several are separated by commas."""
    item, place = body, "$"
    for index in pointer:
        item = item["serviceOrderItem"][index]
        place += f".serviceOrderItem[?(@.id=={_quoted(item.get('id'))})]"
    names = [str(entry["characteristic"]) for entry in missing]
    paths = [f"{place}.service.serviceCharacteristic[?(@.name=={_quoted(name)})]" for name in names]
    return ",".join(paths or [place])[:MAX_FIELD_PATH]


def _quoted(text: object) -> str:
    escaped = str(text).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def error_message(  # noqa: PLR0913, PLR0917 - the attributes of an entry
    code: str,
    reason: str,
    message: str,
    at: str,
    of: Literal["ServiceOrderItem", "ServiceOrder"] = "ServiceOrderItem",
    missing: Sequence[Mapping[str, Any]] = (),
    pools: Sequence[str] = (),  # noqa: ARG001 - named in the message already
) -> Document:
    """An entry of errorMessage as TMF641 v4 has it; `missing`, of ours, lists the characteristics that are wanted."""
    wanted = {"missing": [dict(entry) for entry in missing]} if missing else {}
    return wanted | {
        "@type": f"{of}ErrorMessage",
        "code": code,
        "reason": reason,
        "message": message,
        "timestamp": at,
    }
