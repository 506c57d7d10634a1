"""From services to tasks: which task waits for which.

Between services: parts before the whole, what is relied on before what relies on it, and for delete the other way
round; each service says so in `awaits`. Between items: nothing of an item begins before the items it waits for have
ended. Both become needs between tasks here: first tasks wait for last tasks.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from models.domain.draft import AS_PLANNED_ONLY, Draft, Node, reservations
from models.domain.fulfilment import CHILD, RELIES_ON, RUN_BY_US, TaskRule, default_task, first_rules
from models.domain.graph import in_order
from models.domain.ids import task_key
from models.domain.order_items import BEGIN, END
from models.domain.plan import Capability, PlannedTask

MAX_NEEDS = 500_000
"""Needs of a plan: beyond, the plan would not fit into a document."""

Keys = tuple[str, ...]
_NONE: Keys = ()
_SERVICE = "service"
Place = tuple[str, str]
"""A beginning or an end of an item (by path), or a service (by id)."""


@dataclass(slots=True)
class _Laid:
    """What is known of a place once its tasks are laid out.

    Attributes:
        exits: keys of the tasks that whoever waits for this place has to wait for.
        guarded: whether these tasks wait for the beginning of the item already.
    """

    exits: Keys = _NONE
    guarded: bool = False


@dataclass(frozen=True, slots=True)
class _Before:
    """What comes before the tasks of a service.

    Attributes:
        below: services, by the label under which `needs` find them.
        base: all that there is to wait for.
        begin: of the item.
        first: names of the allocations that come before the other tasks.
    """

    below: list[tuple[str, _Laid]]
    base: Keys
    begin: Keys
    first: frozenset[str]


@dataclass(slots=True)
class TaskLayout:
    """Lays out the tasks of a draft.

    Attributes:
        unbegun: keys of the allocations that do not wait for the beginning of their item.
    """

    draft: Draft
    tasks: list[PlannedTask] = field(default_factory=list)
    own: dict[str, list[str]] = field(default_factory=dict)
    needed: dict[str, set[str]] = field(default_factory=dict)
    laid: dict[Place, _Laid] = field(default_factory=dict)
    count: int = 0
    unbegun: set[str] = field(default_factory=set)

    def steps(self) -> Iterator[None]:
        """Lay out all tasks, one step a service.

        Raises:
            Cyclic: there is no order in which all could be done.
        """
        graph = yield from self._graph()
        self.own = {item.path: [] for item in self.draft.items}
        self.needed = {item.path: set() for item in self.draft.items}
        for place in in_order(graph):
            kind, name = place
            if kind == _SERVICE:
                node = self.draft.nodes[name]
                self.laid[place] = self._lay_service(node)
                if self.count > MAX_NEEDS:
                    self.draft.refuse(node.item.pointer, "planTooLarge", "Too many tasks wait for each other.")
                    return
                yield
            elif kind == BEGIN:
                self.laid[place] = _Laid(merged(self.laid[other].exits for other in graph[place]))
            else:
                self.laid[place] = _Laid(self._end(name, graph[place]))

    def lay_alone(self, node: Node) -> None:
        """Lay out the tasks of one service as if it were alone."""
        path = node.item.path
        self.laid[BEGIN, path] = _Laid()
        self.own.setdefault(path, [])
        self.needed.setdefault(path, set())
        self._lay_service(node)

    def _end(self, path: str, inside: list[Place]) -> Keys:
        """Return the last tasks of an item, of the items inside it, and those that services without tasks pass on."""
        passed_on = [self.laid[_SERVICE, root.id].exits for root in self.draft.roots.get(path, ())]
        ends = [self.laid[other].exits for other in inside if other[0] == END]
        needed = self.needed[path]
        exits = tuple(key for key in merged([tuple(self.own[path]), *passed_on, *ends]) if key not in needed)
        return merged([exits, self.laid[BEGIN, path].exits]) if self.unbegun.issuperset(exits) else exits

    def _graph(self) -> Generator[None, None, dict[Place, list[Place]]]:
        """Return for every beginning, service and end what comes before it."""
        graph: dict[Place, list[Place]] = {}
        for item in self.draft.items:
            graph[BEGIN, item.path] = [(BEGIN, item.parent)] if item.parent is not None else []
            graph[END, item.path] = [(BEGIN, item.path)]
        for item in self.draft.items:
            if item.parent is not None:
                graph[END, item.parent].append((END, item.path))
        yield
        for path, others in self.draft.waits.items():
            graph[BEGIN, path].extend((END, other) for other in others)
        self._nest()
        for node in self.draft.nodes.values():
            own: Place = (_SERVICE, node.id)
            graph[own] = [(_SERVICE, other) for _, other in node.awaits if other in self.draft.nodes]
            if not node.shared:
                graph[own].append((BEGIN, node.item.path))
                graph[END, node.item.path].append(own)
            yield
        return graph

    def _nest(self) -> None:
        """Let the services of an outer item wait for those of the items inside it, or the other way round."""
        for waiter, awaited in self.draft.nesting:
            for node in self.draft.roots.get(waiter.path, ()):
                known = {other for _, other in node.awaits}
                others = self.draft.roots.get(awaited.path, ())
                node.awaits.extend((f"{CHILD}{other.role}", other.id) for other in others if other.id not in known)

    def _lay_service(self, node: Node) -> _Laid:
        below = list(self._below(node))
        begin = _NONE if node.shared else self.laid[BEGIN, node.item.path].exits
        rules = self._rules(node)
        everything = merged(laid.exits for _, laid in below)
        guarded = any(laid.guarded for _, laid in below)
        base = everything if guarded else merged([everything, begin])
        if not rules:
            return _Laid(base, guarded)
        keys = {name: task_key(*node.key, node.action, name) for name in rules}
        before = _Before(below, base, begin, first_rules(rules) if node.action != "delete" else frozenset())
        if node.action == "add":
            self.unbegun.update(keys[name] for name in before.first)
        needs = {name: self._needs(rules[name], keys, before) for name in rules}
        self.count += sum(map(len, needs.values()))
        self.tasks.extend(self._task(node, rule, keys[rule.name], needs[rule.name]) for rule in in_rule_order(rules))
        # Nobody waits for what gives resources back: it comes after everything else of the item.
        lasting = [name for name, rule in rules.items() if rule.kind != "allocate" or node.action != "delete"]
        used = {need for name in lasting for need in needs[name]}
        if not node.shared:
            self.own[node.item.path].extend(keys.values())
            self.needed[node.item.path] |= used
        sinks = tuple(keys[name] for name in lasting if keys[name] not in used)
        left = tuple(key for key in everything if key not in used)
        begun = guarded or not self.unbegun.issuperset(keys.values())
        return _Laid(merged([sinks, left]), guarded=begun and not node.shared)

    def _below(self, node: Node) -> Iterator[tuple[str, _Laid]]:
        """Yield what a service waits for. Only what is in the same item, or inside it, waits for its beginning too."""
        path = node.item.path
        for label, other in node.awaits:
            laid = self.laid.get((_SERVICE, other))
            if laid is not None:
                awaited = self.draft.nodes[other].item.path
                inside = awaited == path or awaited.startswith(f"{path}/")
                yield label, laid if inside else _Laid(laid.exits)

    def _rules(self, node: Node) -> Mapping[str, TaskRule]:
        if node.action == "noChange":
            return {}
        if node.action == "add" and node.state in AS_PLANNED_ONLY:
            return reservations(node)
        if node.specification is None:
            return {node.action: default_task(node.action)}
        rules = node.specification.tasks(node.action, node.item.operation if node.root else None)
        if node.anew:  # what was allocated for it is its own still
            return {name: rule for name, rule in rules.items() if rule.kind != "allocate"}
        return rules

    def _needs(self, rule: TaskRule, keys: Mapping[str, str], before: _Before) -> Keys:
        """Return what a task waits for: what it names; all that comes before the service where it names nothing.

        What is allocated first waits for nothing, and the other tasks of the service wait for it.
        """
        own = tuple(keys[need] for need in rule.own_needs if need in keys)
        begun = not self.unbegun.issuperset(own)
        if rule.name in before.first:
            return own if begun or self.unbegun.issuperset([keys[rule.name]]) else merged([own, before.begin])
        named = [laid for label, laid in before.below
                 if label in (rule.needs or ()) and label.startswith((CHILD, RELIES_ON))]  # fmt: skip
        if rule.needs is None:
            needs = before.base
        elif begun or any(laid.guarded for laid in named):
            needs = merged([own, *(laid.exits for laid in named)])
        else:
            needs = merged([own, *(laid.exits for laid in named), before.begin])
        waits = any(need not in before.first for need in rule.own_needs)
        return needs if waits else merged([needs, tuple(keys[name] for name in before.first)])

    def _task(self, node: Node, rule: TaskRule, key: str, needs: Keys) -> PlannedTask:
        return PlannedTask(
            key=key,
            name=rule.name,
            item=node.item.path,
            service=node.id,
            specification=self._specification_id(node),
            action=node.action,
            capability=self._capability(node, rule),
            needs=needs,
            input=rule.input,
            output=rule.output,
            deadline=rule.deadline,
            duration=rule.duration,
            retry=rule.retry,
            compensation=rule.compensation,
            point_of_no_return=rule.point_of_no_return,
            optional=rule.optional,
            milestone=rule.milestone,
            kind=rule.kind,
            recipe=rule.recipe,
        )

    def _capability(self, node: Node, rule: TaskRule) -> Capability:
        action = rule.action or (node.action if rule.kind in ("fulfil", *RUN_BY_US) else rule.kind)
        asked_for = rule.asked_for
        if asked_for is None:
            family = node.specification.name if node.specification else (node.reference or {}).get("name")
            categories = node.specification.categories if node.specification else ()
            return Capability(self._specification_id(node), action, family, categories)
        known = self.draft.snapshot.specifications.get(asked_for)
        return Capability(asked_for, action, known.name if known else None, known.categories if known else ())

    @staticmethod
    def _specification_id(node: Node) -> str:
        if node.specification is not None:
            return node.specification.id
        reference = node.reference or {}
        return str(reference.get("id") or reference.get("name") or "")


def in_rule_order(rules: Mapping[str, TaskRule]) -> Iterator[TaskRule]:
    """Yield the rules so that what one needs comes before it; the rules' own order decides between equals."""
    yield from (rules[name] for name in in_order(
        {name: [need for need in rule.own_needs if need in rules] for name, rule in rules.items()}))  # fmt: skip


def merged(parts: Iterable[Keys]) -> Keys:
    """Return all keys once, in order; a single part is returned as it is, so that thousands may share it."""
    filled = [part for part in parts if part]
    if len(filled) <= 1:
        return filled[0] if filled else _NONE
    return tuple(dict.fromkeys(key for part in filled for key in part))
