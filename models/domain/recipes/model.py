"""What a recipe is: the processes of a BPMN 2.0 file, as immutable values.

Words are BPMN's (OMG formal/2013-12-09). Expressions are texts in our one language (`models.domain.expressions`),
without a leading `=`; None stands for what the file leaves open.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from models.domain.recipes.problems import Problem

TaskKind = Literal["service", "user", "manual", "rule", "send", "receive", "script", "call"]
NodeKind = Literal[
    "task", "process", "start", "end", "catch", "throw", "boundary", "exclusive", "parallel", "inclusive", "events"
]
EventKind = Literal[
    "message", "timer", "signal", "conditional", "error", "escalation", "compensate", "cancel", "terminate", "link"
]
TimerKind = Literal["date", "duration", "cycle"]

Undoing = Literal["none", "operation", "delete", "recipe"]
"""How a task is undone: not at all; by the operation `compensate` at whoever has done it; by the delete tasks of its
service's specification; by what the recipe says, which may be that nothing has to be."""

CATCHABLE: frozenset[EventKind] = frozenset({"message", "timer", "signal", "conditional"})
"""What is waited for, rather than passed up from scope to scope."""


@dataclass(frozen=True, slots=True)
class Timer:
    """When a timer is due: `value` is an ISO 8601 text, or an expression that makes one."""

    kind: TimerKind
    value: str
    expression: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One event definition.

    Attributes:
        name: of the message, signal or link; None where the file names none.
        code: of the error or escalation; None catches any.
        condition: of a conditional event.
        correlation: expression for what a message has to carry to be meant.
        activity: whose completed work a compensation undoes; None stands for all of the scope.
        values: expressions for the data that a thrown event carries, by name.
    """

    kind: EventKind
    name: str | None = None
    code: str | None = None
    timer: Timer | None = None
    condition: str | None = None
    correlation: str | None = None
    activity: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence flow; `condition` is None where there is none, or none that can be read (`unread` has its text)."""

    id: str
    source: str
    target: str
    name: str = ""
    condition: str | None = None
    unread: str | None = None


@dataclass(frozen=True, slots=True)
class Loop:
    """That an activity is carried out several times.

    Attributes:
        kind: `standard` (while a condition holds), `sequential` or `parallel` (for each element, or so many times).
        collection, cardinality: expressions for the list, or for the number.
        element: name of the element's variable.
        collected: variable that becomes the list of results.
        result: expression for what one round adds to it.
        until: completion condition of a multi-instance activity.
        condition: of a standard loop; tested before the first round where `before`.
        maximum: rounds of a standard loop at most.
    """

    kind: Literal["standard", "sequential", "parallel"]
    collection: str | None = None
    cardinality: str | None = None
    element: str | None = None
    collected: str | None = None
    result: str | None = None
    until: str | None = None
    condition: str | None = None
    before: bool = False
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """What a task has somebody do.

    Attributes:
        specification, action: the capability that a fulfiller must have.
        fulfiller: a fulfiller by name, instead.
        type: the named type of another engine's job: a topic, a job type, a Java class.
        inputs: templates by target path, in order; None passes on what the input schema names, else all.
        outputs: templates by target path; None keeps what the output schema names, else all that is answered.
        input_schema, output_schema: JSON Schemas.
        retry: seconds between attempts. deadline: seconds.
        compensation: how it is undone, where the drawing joins nothing to it; see `Undoing`. None: as its action says.
        form, queue, assignee, groups: of a person's task.
        decision: which decision a rule task asks. result: variable that takes the whole answer.
        script: expression of a script task.
        process: which process, global task or recipe is called, in which versions. passes, returns: whether a call
            gives and takes all variables, beside those that are mapped.
        message, correlation: what a receive task waits for.
    """

    specification: str | None = None
    action: str | None = None
    fulfiller: str | None = None
    type: str | None = None
    inputs: tuple[tuple[str, Any], ...] | None = None
    outputs: tuple[tuple[str, Any], ...] | None = None
    input_schema: Mapping[str, Any] | None = None
    output_schema: Mapping[str, Any] | None = None
    retry: tuple[float, ...] | None = None
    deadline: float | None = None
    compensation: Undoing | None = None
    form: str | None = None
    queue: str | None = None
    assignee: str | None = None
    groups: tuple[str, ...] = ()
    decision: str | None = None
    result: str | None = None
    script: str | None = None
    process: str | None = None
    versions: str | None = None
    passes: bool = True
    returns: bool = True
    message: str | None = None
    correlation: str | None = None

    @property
    def is_named(self) -> bool:
        """Whether it says who does it: a capability, a fulfiller, or another engine's job."""
        return not (self.specification is None and self.fulfiller is None and self.type is None)

    @property
    def by(self) -> str | None:
        """Name of the fulfiller that does it: the one it names, else another engine's job type, which counts as one."""
        return self.fulfiller or (None if self.specification else self.type)


NO_WORK = Work()


@dataclass(frozen=True, slots=True)
class Node:
    """A flow node.

    Attributes:
        kind: what it is; for a task, `task` says which.
        parent: id of the sub-process that it stands in, or of the process.
        incoming, outgoing: ids of sequence flows, in the file's order.
        default: the flow that is taken when no condition holds.
        events: event definitions; none for a none event. Several mean: any of them.
        work: what a task does, or the mappings of a sub-process or event.
        attached: for a boundary event, the activity it is at.
        interrupting: whether a boundary event, or the start of an event sub-process, ends what goes on.
        by_event: an event sub-process. transaction: a sub-process that can be cancelled.
        for_compensation: it undoes something, and is never reached by flows.
        undone_by: id of the activity that undoes this one.
        instantiate: a receive task or event gateway that starts the process.
        milestone: what is reached when it is left. lane: whose job it is.
        loop: that it is carried out several times.
    """

    id: str
    kind: NodeKind
    parent: str
    name: str = ""
    task: TaskKind | None = None
    incoming: tuple[str, ...] = ()
    outgoing: tuple[str, ...] = ()
    default: str | None = None
    events: tuple[Event, ...] = ()
    work: Work = NO_WORK
    attached: str | None = None
    interrupting: bool = True
    by_event: bool = False
    transaction: bool = False
    for_compensation: bool = False
    undone_by: str | None = None
    instantiate: bool = False
    milestone: str | None = None
    lane: str | None = None
    loop: Loop | None = None

    @property
    def title(self) -> str:
        """Its name as people know it, else its id."""
        return " ".join(self.name.split()) or self.id

    @property
    def is_activity(self) -> bool:
        """Whether it is a task or a sub-process."""
        return self.kind in ("task", "process")


@dataclass(frozen=True)
class Process:
    """One process: its nodes, those of its sub-processes included, and how they hang together.

    Attributes:
        executable: what the file says of itself; None where it is silent.
        pool: name of the participant. lanes: ids of nodes by lane.
        input_schema, output_schema: of the data it is started with, and that it leaves.
        objects: names of data objects and stores, which count as values that exist.
        problems: what could not be read.
    """

    id: str
    name: str
    nodes: Mapping[str, Node]
    flows: Mapping[str, Flow]
    executable: bool | None = None
    pool: str = ""
    lanes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    input_schema: Mapping[str, Any] | None = None
    output_schema: Mapping[str, Any] | None = None
    objects: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()

    @cached_property
    def children(self) -> Mapping[str, tuple[Node, ...]]:
        """The nodes that stand directly in the process or one of its sub-processes."""
        found: dict[str, list[Node]] = {self.id: []}
        for node in self.nodes.values():
            found.setdefault(node.parent, []).append(node)
        return {parent: tuple(nodes) for parent, nodes in found.items()}

    @cached_property
    def boundaries(self) -> Mapping[str, tuple[Node, ...]]:
        """The boundary events at each activity."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes.values():
            if node.kind == "boundary" and node.attached:
                found.setdefault(node.attached, []).append(node)
        return {activity: tuple(nodes) for activity, nodes in found.items()}

    @cached_property
    def links(self) -> Mapping[tuple[str, str | None], str]:
        """Where a link leads: the catching node by scope and name."""
        return {
            (node.parent, event.name): node.id
            for node in self.nodes.values()
            if node.kind == "catch"
            for event in node.events
            if event.kind == "link"
        }

    @cached_property
    def ways(self) -> dict[str, dict[str, frozenset[str]]]:
        """What `graph.ways_to` has found out so far."""
        return {}

    def event_processes(self, scope: str) -> tuple[tuple[Node, Node], ...]:
        """The event sub-processes of a scope, each with its start event."""
        return self._event_processes.get(scope, ())

    @cached_property
    def _event_processes(self) -> Mapping[str, tuple[tuple[Node, Node], ...]]:
        found: dict[str, list[tuple[Node, Node]]] = {}
        for node in self.nodes.values():
            if node.by_event:
                starts = (child for child in self.children.get(node.id, ()) if child.kind == "start")
                found.setdefault(node.parent, []).extend((node, start) for start in starts)
        return {scope: tuple(pairs) for scope, pairs in found.items()}

    def starts(self, scope: str) -> tuple[Node, ...]:
        """Where a token can begin in a process or sub-process, the none start event first.

        Without a start event, every node that no flow leads to (OMG 13.3.2); those that are reached in other ways, such
        as boundary events, are left out.
        """
        children = self.children.get(scope, ())
        starts = [node for node in children if node.kind == "start" or node.instantiate]
        if starts:
            return tuple(sorted(starts, key=lambda node: bool(node.events) or node.kind != "start"))
        return tuple(node for node in children if not (node.incoming or _comes_by_itself(node)))


def _comes_by_itself(node: Node) -> bool:
    linked = any(event.kind == "link" for event in node.events) and node.kind == "catch"
    return node.kind == "boundary" or node.by_event or node.for_compensation or linked


@dataclass(frozen=True)
class Recipe:
    """A BPMN file: its processes, of which one is run, and what it calls.

    Attributes:
        main: id of the process that is run.
        processes: by id; those of other recipes that are called may be among them (`linked`).
        problems: what could not be read, beyond single processes.
    """

    main: str
    processes: Mapping[str, Process]
    problems: tuple[Problem, ...] = ()

    @property
    def process(self) -> Process:
        """The process that is run."""
        return self.processes[self.main]

    def of(self, process: str) -> "Recipe":
        """The same with another process to run."""
        return Recipe(process, self.processes, self.problems)

    def linked(self, others: Mapping[str, "Recipe"]) -> "Recipe":
        """The same with the processes of called recipes in it; others are named as calls name them."""
        processes = dict(self.processes)
        for name, other in others.items():
            processes |= {key: process for key, process in other.processes.items() if key not in processes}
            processes.setdefault(name, other.process)
        return Recipe(self.main, processes, self.problems)

    @cached_property
    def called(self) -> frozenset[str]:
        """The processes that processes of this recipe call."""
        return frozenset(
            node.work.process
            for process in self.processes.values()
            for node in process.nodes.values()
            if node.task == "call" and node.work.process
        )

    @cached_property
    def calls(self) -> tuple[tuple[str, str | None], ...]:
        """What the processes of this recipe call, and in which range of versions; None for any."""
        works = (
            node.work for process in self.processes.values() for node in process.nodes.values() if node.task == "call"
        )
        return tuple(dict.fromkeys((work.process, work.versions) for work in works if work.process is not None))

    @cached_property
    def unlinked(self) -> tuple[str, ...]:
        """What the process that is run calls, directly or not, and is not known."""
        nodes = (node for key in self.closure for node in self.processes[key].nodes.values() if node.task == "call")
        called = (node.work.process for node in nodes)
        return tuple(dict.fromkeys(one for one in called if one is not None and one not in self.processes))

    @cached_property
    def closure(self) -> tuple[str, ...]:
        """The process that is run and those that it calls, directly or not, as far as they are known."""
        found = [self.main]
        for key in found:
            for node in self.processes[key].nodes.values():
                called = node.work.process if node.task == "call" else None
                if called is not None and called in self.processes and called not in found:
                    found.append(called)
        return tuple(found)

    @cached_property
    def runnable(self) -> tuple[str, ...]:
        """Ids of the processes that can be run: with nodes, and not only there to be called."""
        filled = [key for key, process in self.processes.items() if process.nodes]
        return tuple(key for key in filled if key not in self.called) or tuple(filled)
