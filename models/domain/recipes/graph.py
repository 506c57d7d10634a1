"""What follows from how a process is drawn: where paths lead."""

from collections.abc import Iterator

from models.domain.recipes.model import Node, Process


def followers(process: Process, node: Node) -> Iterator[tuple[str, str]]:
    """Yield (flow, node) for every way on from a node: its flows, those of its boundary events, links.

    A way without a sequence flow (into a boundary event, over a link, to what undoes it) has the flow "".
    """
    for flow in node.outgoing:
        if flow in process.flows:
            yield flow, process.flows[flow].target
    for boundary in process.boundaries.get(node.id, ()):
        yield "", boundary.id
    if node.undone_by:
        yield "", node.undone_by
    for event in node.events:
        if event.kind == "link" and node.kind in ("throw", "end"):
            target = process.links.get((node.parent, event.name))
            if target is not None:
                yield "", target


def ways_to(process: Process, gateway: str) -> dict[str, frozenset[str]]:
    """Return for each node of a gateway's scope by which of the gateway's incoming flows its tokens may come there."""
    known = process.ways
    if gateway not in known:
        children = process.children[process.nodes[gateway].parent]
        others = (node for node in children if node.id != gateway)
        known[gateway] = {node.id: frozenset(_reached(process, node, gateway)) for node in others}
    return known[gateway]


def _reached(process: Process, start: Node, gateway: str) -> Iterator[str]:
    """Yield the incoming flows of a gateway that can be reached from a node without passing the gateway."""
    seen, waiting = {start.id}, [start]
    while waiting:
        node = waiting.pop()
        for flow, target in followers(process, node):
            if target == gateway:
                if flow:
                    yield flow
            elif target not in seen and target in process.nodes:
                seen.add(target)
                waiting.append(process.nodes[target])
