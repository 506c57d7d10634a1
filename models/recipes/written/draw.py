"""From a recipe in YAML to BPMN: steps become nodes, and what follows from their order becomes flows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from models.recipes.elements import BPMN
from models.recipes.written.elements import activity, event, thrown
from models.recipes.written.layout import lay_out
from models.recipes.written.load import InvalidWriting
from models.recipes.written.tree import Definitions, as_json, element, formal, own, text_of
from models.recipes.written.words import BLOCKS, ENDS, TASKS, Body, identify, kind_of, slug

_BOUND = ("version", "specification", "action", "versions", "byPolicy")


def _attribute(value: str | bool | None) -> str | None:
    """A value as an attribute has it; false is left out."""
    return ("true" if value else None) if isinstance(value, bool) else value


@dataclass(slots=True)
class Tail:
    """A flow that has no target yet.

    Attributes:
        blocks: gateways whose ways all end here: the YAML goes on behind them with the target.
        number: its place among the ways of a gateway, which are tried in this order.
    """

    source: str
    name: str | None = None
    condition: str | None = None
    default: ET.Element | None = None
    blocks: list[ET.Element] = field(default_factory=list)
    number: int = 0


@dataclass(slots=True)
class Scope:
    """The process or a group, being drawn; `labels` are ids by what a goto may say."""

    element: ET.Element
    labels: dict[str, set[str]] = field(default_factory=dict)
    jumps: list[tuple[Tail, str]] = field(default_factory=list)


def draw(body: Body) -> str:
    """Return the BPMN file of a recipe, with its diagram; the same recipe gives the same text.

    Raises:
        InvalidWriting: a goto leads nowhere, something stands behind an end, or ids are not unique.
    """
    return lay_out(text_of(_Drawing(body).root))


class _Drawing:
    """One file, being drawn."""

    def __init__(self, body: Body) -> None:
        steps, self.ids = identify(body)
        self.names = {id(step): identity for step, identity in steps}
        self.order: dict[str, int] = {}
        self._unique([identity for _, identity in steps])
        process = body.get("id") or slug(body["recipe"])
        self.root = ET.Element(
            BPMN + "definitions",
            {"id": self.ids.new("definitions"), "targetNamespace": "urn:som:recipe", "exporter": "som"},
        )
        made = element(self.root, "process", id=process, name=body["recipe"], isExecutable="true")
        self.definitions = Definitions(self.root, self.ids)
        if "note" in body:
            element(made, "documentation").text = body["note"]
        own(made, "recipe", {name: _attribute(body.get(name)) for name in _BOUND})
        for word, tag in (("input", "inputSchema"), ("output", "outputSchema")):
            own(made, tag, {}, as_json(body[word]) if word in body else None)
        self._whole(made, body["steps"])

    @staticmethod
    def _unique(identities: Sequence[str]) -> None:
        twice = sorted({one for one in identities if identities.count(one) > 1})
        if twice:
            raise InvalidWriting(f"The id {twice[0]} stands at two steps.")

    def _whole(self, holder: ET.Element, steps: list[Body]) -> None:
        """Draw what is in the process or a group, from its start to its end."""
        scope = Scope(holder)
        start = self.ids.new("start" if holder.tag == BPMN + "process" else f"{holder.get('id')}_start")
        element(holder, "startEvent", id=start)
        tails = self._steps(scope, steps, [Tail(start)])
        if tails:
            self._implicit_end(scope, tails, "end" if holder.tag == BPMN + "process" else f"{holder.get('id')}_end")
        for tail, label in scope.jumps:
            self._jump(scope, tail, label)
        self._sort(holder)

    def _sort(self, holder: ET.Element) -> None:
        """Put flows behind the nodes, those of a gateway in the order of its ways."""
        flows = holder.findall(BPMN + "sequenceFlow")
        nodes = {one.get("id"): place for place, one in enumerate(holder)}
        for flow in flows:
            holder.remove(flow)
        holder.extend(sorted(flows, key=lambda one: (nodes[one.get("sourceRef")], self.order[one.get("id", "")])))

    def _implicit_end(self, scope: Scope, tails: list[Tail], base: str) -> None:
        end = self.ids.new(base)
        element(scope.element, "endEvent", id=end)
        self._connect(scope, tails, end)

    def _steps(self, scope: Scope, steps: list[Body], tails: list[Tail]) -> list[Tail]:
        for step in steps:
            if not tails:
                raise InvalidWriting(
                    f"{kind_of(step)} {step[kind_of(step)]}: Nothing leads here. What a goto leads to stands where it "
                    "is reached first."
                )
            tails = self._step(scope, step, tails)
        return tails

    def _step(self, scope: Scope, step: Body, tails: list[Tail]) -> list[Tail]:
        kind = kind_of(step)
        if kind == "goto":
            if tails[0].blocks:
                tails = self._merge(scope, tails, f"{tails[0].blocks[0].get('id')}_join", least=1)
            scope.jumps += [(tail, step["goto"]) for tail in tails]
            return []
        identity, name = self.names[id(step)], step[kind]
        for label in {identity, name} - {None}:
            scope.labels.setdefault(label, set()).add(identity)
        if kind in TASKS or kind == "group":
            return self._activity(scope, step, tails)
        if kind in BLOCKS:
            return self._block(scope, step, tails)
        tag = "endEvent" if kind in ENDS else "intermediateCatchEvent" if kind == "wait" else "intermediateThrowEvent"
        made = element(scope.element, tag, id=identity, name=name)
        self._connect(scope, tails, identity)
        self._common(made, step)
        if kind == "wait":
            event(made, step, self.definitions)
        else:
            thrown(made, step, self.definitions, self._undone(scope, step))
        return [] if kind in ENDS else [Tail(identity)]

    def _undone(self, scope: Scope, step: Body) -> str | None:
        """The activity that a rollback names."""
        return self._target(scope, step["of"]) if "of" in step else None

    def _activity(self, scope: Scope, step: Body, tails: list[Tail]) -> list[Tail]:
        identity = self.names[id(step)]
        made = activity(scope.element, step, identity, self.definitions)
        self._connect(scope, tails, identity)
        self._common(made, step)
        if "group" in step:
            self._whole(made, step["do"])
        if "undo" in step:
            self._undo(scope, step["undo"], identity)
        after = [Tail(identity)]
        for caught in step.get("catch", ()):
            after += self._caught(scope, caught, identity)
        return self._merge(scope, after, f"{identity}_after")

    def _undo(self, scope: Scope, step: Body, host: str) -> None:
        boundary = self.ids.new(f"{host}_undo")
        made = element(scope.element, "boundaryEvent", id=boundary, attachedToRef=host)
        element(made, "compensateEventDefinition")
        undo = activity(scope.element, step, self.names[id(step)], self.definitions)
        undo.set("isForCompensation", "true")
        self._common(undo, step)
        element(
            scope.element,
            "association",
            id=self.ids.new(f"{boundary}_by"),
            associationDirection="One",
            sourceRef=boundary,
            targetRef=self.names[id(step)],
        )

    def _caught(self, scope: Scope, caught: Body, host: str) -> list[Tail]:
        identity, beside = self.names[id(caught)], caught.get("beside") is True
        made = element(
            scope.element,
            "boundaryEvent",
            id=identity,
            name=caught.get("name"),
            attachedToRef=host,
            cancelActivity="false" if beside else None,
        )
        event(made, caught, self.definitions)
        self._common(made, caught)
        tails = self._steps(scope, caught["do"], [Tail(identity)])
        if beside and tails:
            self._implicit_end(scope, tails, f"{identity}_end")
        return [] if beside else tails

    def _block(self, scope: Scope, step: Body, tails: list[Tail]) -> list[Tail]:
        kind, identity = kind_of(step), self.names[id(step)]
        made = element(scope.element, BLOCKS[kind], id=identity, name=step[kind])
        self._connect(scope, tails, identity)
        self._common(made, step)
        after: list[Tail] = []
        for number, way in enumerate(step["ways"]):
            tail = Tail(identity, way.get("as"), way.get("if"), number=number)
            if kind in ("choose", "several") and "if" not in way:
                tail.default = made
            if kind == "first":
                waiting = self.names[id(way)]
                caught = element(scope.element, "intermediateCatchEvent", id=waiting, name=way.get("name"))
                event(caught, way, self.definitions)
                self._common(caught, way)
                self._connect(scope, [tail], waiting)
                tail = Tail(waiting)
            after += self._steps(scope, way["do"], [tail])
        merged = self._merge(scope, after, f"{identity}_join", BLOCKS[kind] if kind != "first" else "exclusiveGateway")
        if not after:
            own(made, "block", {"ends": "all"})
        elif len(after) > 1:
            own(made, "block", {"join": merged[0].source})
        for tail in merged if len(after) == 1 else ():
            tail.blocks.append(made)
        return merged

    def _merge(
        self, scope: Scope, tails: list[Tail], base: str, tag: str = "exclusiveGateway", *, least: int = 2
    ) -> list[Tail]:
        if len(tails) < least:
            return tails
        gateway = self.ids.new(base)
        element(scope.element, tag, id=gateway)
        self._connect(scope, tails, gateway)
        return [Tail(gateway)]

    def _connect(self, scope: Scope, tails: list[Tail], target: str, *, jump: bool = False) -> None:
        for tail in tails:
            identity = self.ids.new(f"{tail.source}__{target}")
            made = element(
                scope.element, "sequenceFlow", id=identity, name=tail.name, sourceRef=tail.source, targetRef=target
            )
            self.order[identity] = tail.number
            if tail.condition is not None:
                formal(made, "conditionExpression", f"={tail.condition}")
            if tail.default is not None:
                tail.default.set("default", identity)
            if jump:
                own(made, "goto", {"target": target})
            for block in () if jump else tail.blocks:
                own(block, "block", {"join": target})

    def _target(self, scope: Scope, label: str) -> str:
        found = scope.labels.get(label, set())
        if label in found:
            return label
        if len(found) != 1:
            why = "several steps have that name; give the id" if found else "there is no such step in the same group"
            raise InvalidWriting(f"{label}: No step can be told by this: {why}.")
        return next(iter(found))

    def _jump(self, scope: Scope, tail: Tail, label: str) -> None:
        target = self._target(scope, label)
        gateway = next(one for one in scope.element if one.get("id") == target)
        if gateway.tag in (BPMN + "parallelGateway", BPMN + "inclusiveGateway"):
            target = self._entry(scope, target)
        self._connect(scope, [tail], target, jump=True)

    def _entry(self, scope: Scope, gateway: str) -> str:
        """Return what a jump to a gateway leads to that would else wait for all its flows."""
        flows = [one for one in scope.element.iter(BPMN + "sequenceFlow") if one.get("targetRef") == gateway]
        before = flows[0].get("sourceRef", "")
        if before == f"{gateway}_entry":
            return before
        entry = self.ids.new(f"{gateway}_entry")
        element(scope.element, "exclusiveGateway", id=entry)
        for flow in flows:
            flow.set("targetRef", entry)
        self._connect(scope, [Tail(entry)], gateway)
        return entry

    @staticmethod
    def _common(made: ET.Element, step: Body) -> None:
        """Add what every step may have."""
        if "note" in step:
            note = ET.Element(BPMN + "documentation")
            note.text = step["note"]
            made.insert(0, note)
        own(made, "milestone", {"name": step.get("milestone")})
