"""From BPMN to the YAML that says the same; what it has no words for is refused."""

from collections.abc import Callable
from typing import Any, cast
from xml.etree import ElementTree as ET

from models.domain.recipes.model import Node, Process
from models.recipes.elements import own
from models.recipes.reading import read_recipe
from models.recipes.written.load import InvalidWriting, dump, load
from models.recipes.written.said import event, inputs_and_outputs, task
from models.recipes.written.ways import CannotSay, Drawn
from models.recipes.written.words import Body, identify, slug

_GATEWAYS = {"exclusive": "choose", "inclusive": "several", "parallel": "parallel", "events": "first"}


def say(text: str) -> Body:
    """Return the recipe of a BPMN file as YAML says it.

    Raises:
        InvalidRecipe: no recipe can be read from it.
        CannotSay: the YAML has no words for an element; the message names it, and the reason.
    """
    recipe = read_recipe(text)
    filled = [process for process in recipe.processes.values() if process.nodes]
    if len(filled) > 1:
        raise CannotSay(f"process {filled[1].id}: There is more than one process in the file.")
    problems = (*recipe.problems, *recipe.process.problems)
    for problem in problems:
        if problem.severity != "remark":
            raise CannotSay(str(problem))
    for flow in recipe.process.flows.values():
        if not {flow.source, flow.target} <= recipe.process.nodes.keys():
            raise CannotSay(f"sequenceFlow {flow.id}: It does not lead from one element to another.")
    root = ET.fromstring(text)  # noqa: S314 - read_recipe has refused what is dangerous
    stale: set[str] = set()
    while True:
        saying = _Saying(recipe.process, root, stale)
        body = saying.whole()
        missing = saying.missing()
        if not missing:
            return _identified(body, saying)
        stale |= missing


def _identified(body: Body, saying: "_Saying") -> Body:
    """Give ids where those made of names would be others; then name the targets of gotos."""
    process = saying.process
    if slug(body["recipe"]) != process.id:
        _put(body, "id", process.id, after="recipe")
    while True:
        known = [(step, saying.ids.get(id(step), made), made) for step, made in identify(body)[0]]
        wrong = [(step, drawn) for step, drawn, made in known if drawn != made]
        if not wrong:
            break
        _put(wrong[0][0], "id", wrong[0][1], after=next(iter(wrong[0][0])))
    for step, word in saying.references:
        node = process.nodes[step[word]]
        alike = [one for one in saying.said if node.name and node.name in (one, process.nodes[one].name)]
        step[word] = node.name if len(alike) == 1 else node.id
    try:
        return load(dump(body))
    except InvalidWriting as error:
        raise CannotSay(_lacking(body, saying, error)) from None


def _lacking(body: Body, saying: "_Saying", error: InvalidWriting) -> str:
    """Name the element which the YAML wants to know more of than the file says."""
    value: Any = body  # lists and objects in turn, as the path goes
    element = saying.process.id
    for key in error.path:
        value = value[cast("int", key)]
        element = saying.ids.get(id(value), element)
    tag = saying.elements[element].tag.rpartition("}")[2]
    return f"{tag} {element}: {error.reason}"


def _put(body: Body, key: str, value: str, *, after: str) -> None:
    """Put a key behind another one."""
    items = list(body.items())
    body.clear()
    for name, given in items:
        body[name] = given
        if name == after:
            body[key] = value


class _Saying(Drawn):
    """One attempt; jumps that are marked in the file and lead to what stands nowhere else are `stale`."""

    def __init__(self, process: Process, root: ET.Element, stale: set[str]) -> None:
        super().__init__(process, root, stale)
        self.ids: dict[int, str] = {}
        self.references: list[tuple[Body, str]] = []
        self.marked: set[tuple[str, str]] = set()

    def whole(self) -> Body:
        """The document, with ids where names will stand in gotos."""
        process, element = self.process, self.elements[self.process.id]
        body: Body = {"recipe": " ".join(process.name.split()) or process.id}
        body |= self._note(process.id)
        recipe = own(element, "recipe")
        if recipe is not None:
            body |= {n: recipe.get(n) for n in ("version", "specification", "action", "versions") if recipe.get(n)}
            body |= {"byPolicy": True} if recipe.get("byPolicy") == "true" else {}
        body |= {"input": process.input_schema} if process.input_schema is not None else {}
        body |= {"output": process.output_schema} if process.output_schema is not None else {}
        body["steps"] = self._scope(process.id)
        left = [node for node in process.nodes.values() if self._counts(node) and node.id not in self.said]
        if left and not self.missing():
            raise self._no(left[0], "No way leads there that can be written.")
        return body

    def missing(self) -> set[str]:
        """Marked jumps that lead to what is said nowhere."""
        return {flow for flow, target in self.marked if target not in self.said}

    def _counts(self, node: Node) -> bool:
        return not (node.kind in ("start", "end") or self._passed(node) or self._joins(node) or self._is_undo(node))

    def _scope(self, scope: str) -> list[Body]:
        starts = self.process.starts(scope)
        for node in self.process.children.get(scope, ()):
            if node.by_event:
                raise self._no(node, "Event sub-processes are not written.")
        if len(starts) != 1 or starts[0].kind != "start" or starts[0].events:
            where = starts[0] if starts else self.process.nodes.get(scope)
            reason = "The YAML begins at one start event without a trigger."
            raise self._no(where, reason) if where is not None else CannotSay(f"process {scope}: {reason}")
        steps, _ = self._behind(starts[0], None)
        if steps and steps[-1] == {"end": None}:
            self.said.pop(self.ids.pop(id(steps.pop()), ""), None)
        return steps

    def _behind(self, node: Node, stop: str | None) -> tuple[list[Body], frozenset[str]]:
        """What follows a node that one way leaves, up to `stop`, and the flows by which it comes there."""
        if not node.outgoing:
            return [self._end()], frozenset()
        if len(node.outgoing) > 1:
            raise self._no(node, "Several flows leave it: draw a gateway.")
        if self._condition(node.outgoing[0]) is not None:
            raise self._no(node, "The flow that leaves it has a condition.")
        return self._along(node.outgoing[0], stop)

    @staticmethod
    def _end() -> Body:
        return {"end": None}

    def _along(self, flow: str, stop: str | None) -> tuple[list[Body], frozenset[str]]:
        """The steps along a flow, up to `stop`, and the flow by which they come there."""
        steps: list[Body] = []
        passed: set[str] = set()
        at: str | None = flow
        while at is not None:
            target = self._resolved(self.process.flows[at].target) or ""
            if self._is_marked(at):
                self.marked.add((at, target))
            elif target == stop:
                return steps, frozenset({self._final(at)})
            node = self.process.nodes[target]
            if self._is_marked(at) or target in self.said:
                steps.append(self._goto(target))
                return steps, frozenset()
            if node.id in passed:
                raise self._no(node, "It leads to nothing but itself.")
            if self._passed(node):
                passed.add(node.id)
                at = node.outgoing[0]
            else:
                at = self._step(node, steps, stop)
        return steps, frozenset()

    def _goto(self, target: str) -> Body:
        self._one_way(self.process.nodes[target])
        step: Body = {"goto": target}
        self.references.append((step, "goto"))
        return step

    def _step(self, node: Node, steps: list[Body], stop: str | None) -> str | None:
        """Add a node's step; return the flow behind it; None where nothing is left to say."""
        self._one_way(node)
        if node.instantiate:
            raise self._no(node, "It begins the process.")
        step: Body = {}
        self.said[node.id], self.ids[id(step)] = step, node.id
        steps.append(step)
        if node.kind in _GATEWAYS:
            return self._block(node, step, stop)
        name = node.title
        if node.is_activity:
            self._activity(node, step, name)
            return self._next(node, steps, stop)
        if node.kind not in ("end", "catch", "throw"):
            raise self._no(node, "The YAML has no word for it.")
        said = event(node, self.elements[node.id])
        if said is None:
            raise self._no(node, "The YAML has no word for this event.")
        step |= said if node.name or "end" in said else {key: name if v is None else v for key, v in said.items()}
        if "of" in step:
            self.references.append((step, "of"))
        step |= self._common(node)
        step |= inputs_and_outputs(node)
        return None if node.kind == "end" else self._next(node, steps, stop)

    def _common(self, node: Node) -> Body:
        return ({"milestone": node.milestone} if node.milestone else {}) | self._note(node.id)

    def _next(self, node: Node, steps: list[Body], stop: str | None) -> str | None:
        """The flow behind a node, after what is caught at it is said."""
        flow = node.outgoing[0] if len(node.outgoing) == 1 else None
        after = None
        if flow is not None and not self._is_marked(flow):
            after = self._resolved(self.process.flows[flow].target)
        if after in self.said and after != stop:
            after = None
        caught = [one for one in self.process.boundaries.get(node.id, ()) if not self._is_undo(one)]
        if caught:
            self.said[node.id]["catch"] = said = []
            for one in caught:
                step, came = self._caught(one, after)
                said.append(step)
                if flow is not None and after is not None and came - {self._final(flow)}:
                    self._one_way(self.process.nodes[after])
        if flow is None or self._condition(flow) is not None:
            more, _ = self._behind(node, stop)
            steps += more
            return None
        return flow

    def _caught(self, node: Node, after: str | None) -> tuple[Body, frozenset[str]]:
        step = event(node, self.elements[node.id])
        if step is None:
            raise self._no(node, "The YAML has no word for this event.")
        self.said[node.id], self.ids[id(step)] = step, node.id
        step |= {"name": node.title} if node.name else {}
        step |= self._common(node)
        step |= inputs_and_outputs(node)
        steps, came = self._behind(node, after if node.interrupting else None)
        if not node.interrupting:
            step["beside"] = True
            if steps and steps[-1] == {"end": None}:
                self.said.pop(self.ids.pop(id(steps.pop()), ""), None)
        step["do"] = steps
        return step, came

    def _one_way(self, node: Node) -> None:
        """Refuse a node that waits for each of its flows, where several come to it that are one in the YAML."""
        if self._joins(node):
            raise self._no(node, "It brings ways together that do not all come from one gateway.")

    def _activity(self, node: Node, step: Body, name: str) -> None:
        kind = task(node, self.elements[node.id])
        if kind is None:
            raise self._no(node, "The YAML has no word for it: a standard loop, or work of another engine.")
        head = next(iter(kind))
        step |= {head: name} | {key: value for key, value in kind.items() if key != head}
        step |= self._common(node)
        if node.kind == "process":
            step["do"] = self._scope(node.id)
        if node.undone_by is not None:
            undo: Body = {}
            by = self.process.nodes[node.undone_by]
            if by.kind == "process":
                raise self._no(by, "What undoes a step is one step.")
            self.said[by.id], self.ids[id(undo)] = undo, by.id
            self._activity(by, undo, by.title)
            step["undo"] = undo

    def _block(self, node: Node, step: Body, stop: str | None) -> str | None:
        """Say a gateway with its ways; it goes on where these come together."""
        kind = _GATEWAYS[node.kind]
        if len(node.incoming) > 1 and kind in ("several", "parallel"):
            raise self._no(node, "It brings ways together and parts them at once.")
        step |= {kind: node.title} | self._common(node) | {"ways": []}
        join = self._join(node)
        inner = self._resolved(join) if join is not None else stop
        came: frozenset[str] = frozenset()
        for flow in node.outgoing:
            way, steps_of = self._way(node, flow, kind)
            way["do"], number = steps_of(inner)
            step["ways"].append(way)
            came |= number
        if not came:
            return None
        target = self.process.nodes[inner or ""]
        if self._joins(target) and inner != stop:
            if target.kind != node.kind or set(target.incoming) != came:
                self._one_way(target)
            return target.outgoing[0]
        if len(came) > 1:
            self._one_way(target)
        return min(came)

    def _way(
        self, node: Node, flow: str, kind: str
    ) -> tuple[Body, Callable[[str | None], tuple[list[Body], frozenset[str]]]]:
        drawn = self.process.flows[flow]
        way: Body = {}
        condition = drawn.condition if flow != node.default else None
        if kind in ("choose", "several") and condition is not None:
            way["if"] = condition
        elif kind in ("choose", "several") and flow != node.default:
            raise self._no(node, "A way has no condition and is not the default.")
        if drawn.name:
            way["as"] = drawn.name
        if kind != "first":
            return way, lambda stop: self._along(flow, stop)
        caught = self.process.nodes[drawn.target]
        said = event(caught, self.elements[caught.id]) if caught.kind == "catch" else None
        if said is None:
            raise self._no(caught, "Behind an event-based gateway, the YAML has words for catching events only.")
        said.pop("wait", None)
        said |= {"name": caught.title} if caught.name else {}
        said |= self._common(caught) | inputs_and_outputs(caught)
        self.said[caught.id], self.ids[id(said)] = said, caught.id
        return said, lambda stop: self._behind(caught, stop)
