"""Whether events can happen where they stand, and say what they wait for or throw."""

from collections.abc import Iterator

from models.domain.recipes.model import Event, EventKind, Node, Process
from models.domain.recipes.naming import at_node
from models.domain.recipes.problems import Problem

_ALLOWED: dict[str, frozenset[EventKind]] = {
    "start": frozenset({"message", "timer", "signal", "conditional"}),
    "event start": frozenset({"message", "timer", "signal", "conditional", "error", "escalation", "compensate"}),
    "catch": frozenset({"message", "timer", "signal", "conditional", "link"}),
    "throw": frozenset({"message", "signal", "escalation", "compensate", "link"}),
    "boundary": frozenset({"message", "timer", "signal", "conditional", "error", "escalation", "compensate", "cancel"}),
    "end": frozenset({"message", "signal", "escalation", "compensate", "error", "terminate", "cancel"}),
}
"""Which events can stand where (OMG table 10.93)."""


def check(process: Process) -> Iterator[Problem]:
    """Yield what is wrong with the events of a process."""
    for node in process.nodes.values():
        if node.kind in ("start", "catch", "throw", "boundary", "end"):
            for event in node.events:
                yield from _place(process, node, event)
                yield from _trigger(node, event)
            yield from _whole(process, node)
        elif node.task == "receive":
            for event in node.events:
                yield from _trigger(node, event)
        yield from _undoing(process, node)


def _place(process: Process, node: Node, event: Event) -> Iterator[Problem]:
    container = process.nodes.get(node.parent)
    where = "event start" if node.kind == "start" and container is not None and container.by_event else node.kind
    if event.kind not in _ALLOWED[where]:
        reason = f"An event of the kind {event.kind} cannot happen at this place."
        yield at_node(node, "misplaced", "refused", reason)
        return
    if event.kind == "cancel":
        around = process.nodes.get(node.attached or "") if node.kind == "boundary" else container
        if around is None or not around.transaction:
            yield at_node(node, "misplaced", "refused", "Only a transaction can be cancelled.")
    if event.kind == "error" and not node.interrupting:
        yield at_node(node, "misplaced", "incomplete", "An error always ends the activity: it has to interrupt.")
    if event.kind == "link" and node.kind == "throw" and (node.parent, event.name) not in process.links:
        yield at_node(node, "dangling", "refused", f"No link event {event.name!r} catches it.")
    if event.kind == "compensate" and event.activity is not None and event.activity not in process.nodes:
        yield at_node(node, "dangling", "refused", f"The activity {event.activity!r} that it undoes does not exist.")


def _trigger(node: Node, event: Event) -> Iterator[Problem]:
    waits = node.kind not in ("end", "throw")
    missing = ""
    if event.kind in ("message", "signal") and event.name is None and (waits or event.kind == "signal"):
        missing = f"It does not say which {event.kind}."
    elif event.kind == "timer" and event.timer is None and node.kind != "start":
        missing = "It does not say when."
    elif event.kind == "conditional" and event.condition is None:
        missing = "It does not say on which condition."
    elif event.kind == "error" and event.code is None and node.kind == "end":
        missing = "It does not say which error."
    if missing:
        yield at_node(node, "noTrigger", "incomplete", missing)


def _whole(process: Process, node: Node) -> Iterator[Problem]:
    if node.kind == "boundary" and not node.events:
        yield at_node(node, "noTrigger", "refused", "A boundary event needs something that makes it happen.")
    if node.kind == "catch" and not node.events:
        yield at_node(node, "noTrigger", "incomplete", "It waits for nothing, and is passed at once.")
    undoes = any(event.kind == "compensate" for event in node.events)
    activity = process.nodes.get(node.attached or "")
    if node.kind == "boundary" and undoes and activity is not None and activity.undone_by is None:
        yield at_node(node, "misplaced", "incomplete", f"Nothing is drawn that undoes {activity.title}.")


def _undoing(process: Process, node: Node) -> Iterator[Problem]:
    undoing = {other.undone_by for other in process.nodes.values()}
    if node.for_compensation and node.id not in undoing:
        yield at_node(node, "misplaced", "incomplete", "It undoes something, and nothing says what.")
    if node.id in undoing and node.incoming:
        yield at_node(node, "misplaced", "refused", "It undoes something, so that no flow can lead to it.")
    if node.id in undoing and node.outgoing:
        yield at_node(node, "misplaced", "refused", "It undoes something, so that no flow can leave it.")
