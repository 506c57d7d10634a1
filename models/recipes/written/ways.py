"""What a drawing says of its ways: where they part and come together, and what is marked in it."""

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as ET

from models.domain.errors import SomError
from models.domain.recipes.model import Node, Process
from models.recipes.elements import BPMN, own, text_of


class CannotSay(SomError):
    """The YAML has no words for this."""

    code = "cannotSay"


class Drawn:
    """A process as it is drawn; marked jumps that are `stale` count as plain flows."""

    def __init__(self, process: Process, root: ET.Element, stale: set[str]) -> None:
        self.process, self.stale = process, stale
        self.elements = {one.get("id", ""): one for one in root.iter()}
        self.said: dict[str, dict[str, Any]] = {}

    @staticmethod
    def _is_undo(node: Node) -> bool:
        return node.kind == "boundary" and any(event.kind == "compensate" for event in node.events)

    def _no(self, node: Node, reason: str) -> CannotSay:
        tag = self.elements[node.id].tag.rpartition("}")[2]
        return CannotSay(f"{tag} {node.title!r} {node.id}: {reason}")

    def _note(self, identity: str) -> dict[str, Any]:
        note = text_of(self.elements[identity].find(BPMN + "documentation"))
        return {"note": note} if note else {}

    def _passed(self, node: Node) -> bool:
        """Whether a gateway only brings ways together, of which one comes at a time."""
        return node.kind == "exclusive" and len(node.outgoing) == 1 and self._condition(node.outgoing[0]) is None

    def _joins(self, node: Node) -> bool:
        return node.kind in ("parallel", "inclusive") and len(node.outgoing) == 1 and len(node.incoming) > 1

    def _condition(self, flow: str) -> str | None:
        return self.process.flows[flow].condition

    def _resolved(self, identity: str | None) -> str | None:
        """What stands behind gateways that only bring ways together, as far as no goto leaves them."""
        seen: set[str | None] = set()
        while identity in self.process.nodes and identity not in seen:
            seen.add(identity)
            node = self.process.nodes[identity or ""]
            if not self._passed(node) or self._is_marked(node.outgoing[0]):
                return identity
            identity = self.process.flows[node.outgoing[0]].target
        return identity

    def _final(self, flow: str) -> str:
        """The flow that leads into what `_resolved` finds behind another one."""
        seen: set[str] = set()
        goal = self._resolved(self.process.flows[flow].target)
        while self.process.flows[flow].target != goal and flow not in seen:
            seen.add(flow)
            flow = self.process.nodes[self.process.flows[flow].target].outgoing[0]
        return flow

    def _is_marked(self, flow: str) -> bool:
        """Whether a flow is a goto where the YAML goes on elsewhere."""
        return flow not in self.stale and own(self.elements[flow], "goto") is not None

    def _join(self, node: Node) -> str | None:
        """Where the ways of a gateway come together: as marked, else the nearest that most of them reach."""
        mark = own(self.elements[node.id], "block")
        if mark is not None and mark.get("join") in self.process.nodes:
            return mark.get("join")
        if mark is not None and mark.get("ends") == "all":
            return None
        reached = [self._reached(self.process.flows[flow].target) for flow in node.outgoing]
        counts = {one: sum(one in way for way in reached) for way in reached for one in way}
        shared = [one for one, count in counts.items() if count > 1 and one not in self.said]
        return min(shared, key=lambda one: (-counts[one], sum(way.get(one, 0) for way in reached)), default=None)

    def _reached(self, first: str) -> dict[str, int]:
        """Nodes by their distance."""
        distance, waiting = {first: 0}, [first]
        for one in waiting:
            ways: Sequence[Any] = [*self.process.nodes[one].outgoing]
            for boundary in self.process.boundaries.get(one, ()):
                ways = [*ways, *boundary.outgoing]
            for flow in ways:
                target = self.process.flows[flow].target
                if target not in distance:
                    distance[target] = distance[one] + 1
                    waiting.append(target)
        return {one: steps for one, steps in distance.items() if not self._passed(self.process.nodes[one])}
