"""The items of an order body, as handlers walk and compare them."""

from collections.abc import Iterator, Mapping
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


def resumed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The paths of the items that a change sets from held or pending to inProgress.

    Raises:
        Conflict: the change does anything else to the items.
    """
    old, new = list(walk(before)), list(walk(after))
    if [path for path, _, _ in old] != [path for path, _, _ in new]:
        raise _amendment("/serviceOrderItem")
    found = []
    for (path, pointer, item), (_, _, changed) in zip(old, new, strict=True):
        if _own(item) != _own(changed):
            raise _amendment(pointer)
        if _moved(item, changed, f"{pointer}/state"):
            found.append(path)
    return found


def _own(item: Item) -> Item:
    return {name: value for name, value in item.items() if name not in ("state", "serviceOrderItem")}


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
