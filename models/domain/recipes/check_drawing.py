"""Whether what is drawn hangs together: flows, beginnings, ends, ways."""

from collections.abc import Iterator

from models.domain.recipes.graph import followers
from models.domain.recipes.model import Flow, Node, Process
from models.domain.recipes.naming import at_flow, at_node
from models.domain.recipes.problems import Problem

_MANY = 3
_MAX_WAYS = 5_000_000
"""Steps from node to node that finding out which paths lead to inclusive gateways may take: some seconds, once."""


def check(process: Process) -> Iterator[Problem]:
    """Yield what is wrong with the drawing of one process."""
    dangling = list(_dangling(process))
    yield from dangling
    yield from _entangled(process)
    if any(problem.severity == "refused" for problem in dangling):
        return  # what follows from the ways would only repeat it
    for scope in process.children:
        yield from _beginning(process, scope)
    yield from _unreachable(process)
    for node in process.nodes.values():
        yield from _ways(process, node)


def _dangling(process: Process) -> Iterator[Problem]:
    for flow in process.flows.values():
        yield from (at_flow(flow, "dangling", "refused", reason) for reason in _wrong_ends(process, flow))
    for node in process.nodes.values():
        if node.kind == "boundary":
            activity = process.nodes.get(node.attached or "")
            if activity is None or not activity.is_activity:
                yield at_node(node, "dangling", "refused", f"It is attached to {node.attached!r}, no activity.")
        if node.default is not None and node.default not in node.outgoing:
            yield at_node(node, "dangling", "refused", f"Its default flow {node.default!r} does not leave it.")


def _entangled(process: Process) -> Iterator[Problem]:
    """Refuse what nobody could say in good time of: which paths can still come to each inclusive gateway."""
    joins = [node for node in process.nodes.values() if node.kind == "inclusive" and len(node.incoming) > 1]
    if len(joins) * len(process.nodes) * (len(process.nodes) + len(process.flows)) > _MAX_WAYS:
        reason = f"{len(joins)} inclusive gateways bring ways together, which is too many beside so many flows."
        yield at_node(joins[0], "unsupported", "refused", reason)


def _wrong_ends(process: Process, flow: Flow) -> Iterator[str]:
    source, target = process.nodes.get(flow.source), process.nodes.get(flow.target)
    if source is None:
        yield f"Its source {flow.source!r} is no flow node of the process."
    elif source.kind == "end":
        yield f"It leads out of the end event {source.title}."
    if target is None:
        yield f"Its target {flow.target!r} is no flow node of the process."
    elif target.kind in ("start", "boundary"):
        yield f"It leads into {target.title}, which begins by itself."
    if source is not None and target is not None and source.parent != target.parent:
        yield "It crosses the border of a sub-process."


def _beginning(process: Process, scope: str) -> Iterator[Problem]:
    container = process.nodes.get(scope)
    nodes = process.children[scope]
    starts = [node for node in nodes if node.kind == "start"]
    if container is not None and container.by_event:
        if len(starts) != 1 or not starts[0].events:
            reason = "An event sub-process needs one start event, with the event that begins it."
            yield at_node(container, "noStart", "refused", reason)
        return
    begins = any(node.instantiate for node in nodes)
    where = f"the sub-process {container.title}" if container is not None else f"the process {process.id}"
    if not starts and not begins and len(nodes) > 1:
        reason = f"There is no start event in {where}: everything that no flow leads to begins at once."
        yield _at(process, container, "noStart", "incomplete", reason)
    if sum(not start.events for start in starts) > 1:
        names = ", ".join(start.title for start in starts if not start.events)
        reason = f"Several start events without a trigger in {where}: {names}."
        yield _at(process, container, "severalStarts", "incomplete", reason)
    if not process.starts(scope):
        yield _at(process, container, "noStart", "refused", f"There is nothing in {where} that could begin.")


def _at(process: Process, container: Node | None, kind: str, severity: str, reason: str) -> Problem:
    if container is not None:
        return at_node(container, kind, severity, reason)  # type: ignore[arg-type]
    return Problem(process.id, process.name, "process", kind, severity, reason)  # type: ignore[arg-type]


def _unreachable(process: Process) -> Iterator[Problem]:
    seen = {node.id for scope in process.children for node in process.starts(scope)}
    seen |= {node.id for node in process.nodes.values() if node.by_event}
    waiting = list(seen)
    while waiting:
        for _, target in followers(process, process.nodes[waiting.pop()]):
            if target in process.nodes and target not in seen:
                seen.add(target)
                waiting.append(target)
    for node in process.nodes.values():
        if node.id not in seen:
            yield at_node(node, "unreachable", "incomplete", "No path leads there.")


def _titled(process: Process, node: str) -> str:
    return process.nodes[node].title if node in process.nodes else node


def _ways(process: Process, node: Node) -> Iterator[Problem]:
    if node.kind == "process" and not process.children.get(node.id):
        yield at_node(node, "empty", "incomplete", "There is nothing in it: it is passed at once.")
    if node.kind in ("exclusive", "inclusive") and len(node.outgoing) > 1:
        flows = [process.flows[flow] for flow in node.outgoing]
        silent = [flow for flow in flows if flow.condition is None and flow.id != node.default and not flow.unread]
        if len(silent) > (0 if node.default else 1):
            names = ", ".join(flow.name or _titled(process, flow.target) for flow in silent[:_MANY])
            yield at_node(node, "noChoice", "incomplete", f"Nothing says when it goes on to {names}.")
    if node.kind == "events":
        yield from _events_behind(process, node)
    ends = node.kind == "end" or node.by_event or node.for_compensation or node.outgoing
    linked = any(event.kind == "link" for event in node.events)
    undoes = any(event.kind == "compensate" for event in node.events) and node.kind == "boundary"
    if not (ends or linked or undoes) and len(process.nodes) > 1:
        yield at_node(node, "noEnd", "remark", "The path ends here without an end event.")


def _events_behind(process: Process, node: Node) -> Iterator[Problem]:
    targets = [process.nodes[process.flows[flow].target] for flow in node.outgoing]
    for target in targets:
        if target.kind != "catch" and target.task != "receive":
            reason = f"Behind it stands {target.title}, which waits for nothing."
            yield at_node(node, "misplaced", "refused", reason)
    if not targets:
        yield at_node(node, "misplaced", "refused", "No event stands behind it.")
