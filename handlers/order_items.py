"""The items of an order body, as handlers walk and compare them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.domain.errors import Conflict, IllegalTransition

Item = dict[str, Any]

RESUMABLE = frozenset({"held", "pending"})


def walk(holder: Mapping[str, Any], path: str = "", pointer: str = "") -> Iterator[tuple[str, str, Item]]:
    """Every item with its path (`1/2`) and JSON pointer, outer ones first."""
    for index, item in enumerate(holder.get("serviceOrderItem") or ()):
        here = f"{path}/{item.get('id')}" if path else str(item.get("id"))
        place = f"{pointer}/serviceOrderItem/{index}"
        yield here, place, item
        yield from walk(item, here, place)


ANSWERABLE = frozenset(
    ["serviceCharacteristic", "feature", "place", "relatedParty", "note", "name", "description", "startDate", "endDate"]
)
"""What of an ordered service its customer may still say while the item waits for information."""


@dataclass(frozen=True, slots=True)
class Resumption:
    """An item that a change sets going again.

    Attributes:
        path: of the item.
        pointer: where it stands in the order.
        item: the item as it is to be.
        given: attributes of its service that the customer has added or changed; of characteristics the changed ones.
    """

    path: str
    pointer: str
    item: Item
    given: Mapping[str, Any]


def resumed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Resumption]:
    """The items that a change sets from held or pending to inProgress.

    One that is pending waits for information: giving it sets it going too.

    Raises:
        Conflict: the change does anything else to the items.
    """
    old, new = list(walk(before)), list(walk(after))
    if [path for path, _, _ in old] != [path for path, _, _ in new]:
        raise _amendment("/serviceOrderItem")
    found = []
    for (path, pointer, item), (_, _, changed) in zip(old, new, strict=True):
        given = _given(item, changed, pointer)
        if _moved(item, changed, f"{pointer}/state") or given:
            found.append(Resumption(path, pointer, changed, given))
    return found


def _given(item: Item, changed: Item, pointer: str) -> Mapping[str, Any]:
    """What a change of an item that waits for information says of its service."""
    if _own(item) == _own(changed):
        return {}
    if item.get("state") != "pending" or _own(item, "service") != _own(changed, "service"):
        raise _amendment(pointer)
    old, new = item.get("service") or {}, changed.get("service") or {}
    names = {name for name in (*old, *new) if old.get(name) != new.get(name)}
    for name in sorted(names - ANSWERABLE):
        raise _amendment(f"{pointer}/service/{name}")
    given = {name: new.get(name) for name in names}
    if "serviceCharacteristic" in given:
        given["serviceCharacteristic"] = _changed_values(old, new)
    return given


def _changed_values(old: Item, new: Item) -> list[Item]:
    """The characteristics that are new or other ones; one that is gone has the value null."""
    before = {entry["name"]: entry for entry in old.get("serviceCharacteristic") or ()}
    after = {entry["name"]: entry for entry in new.get("serviceCharacteristic") or ()}
    gone = [{"name": name, "value": None} for name in before if name not in after]
    return [entry for name, entry in after.items() if before.get(name) != entry] + gone


def _own(item: Item, *besides: str) -> Item:
    return {name: value for name, value in item.items() if name not in ("state", "serviceOrderItem", *besides)}


def _moved(item: Item, changed: Item, pointer: str) -> bool:
    state, to = item.get("state"), changed.get("state")
    if state == to:
        return False
    check_resumption("item", str(state), to, pointer)
    return True


def check_resumption(what: str, state: str, to: object, pointer: str) -> None:
    """A client may set held or pending to inProgress, and no other state.

    Raises:
        IllegalTransition: it is another change; the message names the way to what may be meant.
    """
    if state in RESUMABLE and to == "inProgress":
        return
    if to in ("cancelled", "assessingCancellation", "pendingCancellation"):
        hint = "To cancel the order, create a cancelServiceOrder."
    elif state in RESUMABLE:
        hint = "The only state that a client may set now is inProgress, which resumes it."
    else:
        hint = "A client may only set what is held or pending to inProgress; all other states follow from the work."
    raise IllegalTransition(f"{pointer}: the state of this {what} cannot be changed from {state} to {to}. {hint}")


def _amendment(pointer: str) -> Conflict:
    return Conflict(
        f"{pointer}: what is ordered cannot be changed any more, because work on the order has been planned; "
        "amendments are not supported. Cancel the order, or place another one."
    )
