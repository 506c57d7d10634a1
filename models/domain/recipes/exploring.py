"""Trying a recipe in many ways, to see what of it can be reached, and where it ends."""

from collections.abc import Iterator
from dataclasses import dataclass

from models.domain.recipes.cases import Answer, Case
from models.domain.recipes.model import Event, Node, Process, Recipe
from models.domain.recipes.outcome import Outcome
from models.domain.recipes.run import Decide
from models.domain.recipes.simulation import simulate

TURNS = 12
"""How often what a recipe leaves open is answered in another way."""

MAX_CASES = 500
"""Runs of one exploration."""

MAX_PASSED = 200_000
"""Steps of all its runs together, after which no other is begun."""

WELL = frozenset({"completed", "terminated"})


@dataclass(frozen=True, slots=True)
class Exploration:
    """What came of it.

    Attributes:
        outcomes: each case with what came of it.
        missed: nodes that no run entered.
    """

    outcomes: tuple[tuple[Case, Outcome], ...]
    missed: tuple[Node, ...]

    @property
    def well(self) -> int:
        """How many runs came to an end of the drawing's own."""
        return sum(outcome.status in WELL for _, outcome in self.outcomes)


def explore(recipe: Recipe, *, decide: Decide | None = None) -> Exploration:
    """Run a recipe by all its start events, with each event at its activities, and several ways at its gateways."""
    outcomes: list[tuple[Case, Outcome]] = []
    steps = 0
    for case in _cases(recipe):
        if len(outcomes) == MAX_CASES or steps > MAX_PASSED:
            break
        outcomes.append((case, simulate(recipe, case, decide=decide)))
        steps += len(outcomes[-1][1].path)
    # A start event is where a run begins: it is left without having been entered.
    passed = {
        step.element
        for _, outcome in outcomes
        for step in outcome.path
        if step.what in ("entered", "caught", "left", "thrown")
    }
    nodes = (node for key in recipe.closure for node in recipe.processes[key].nodes.values())
    return Exploration(tuple(outcomes), tuple(node for node in nodes if node.id not in passed and not _a_mark(node)))


def _a_mark(node: Node) -> bool:
    """Whether a node only marks what undoes an activity, and is never passed."""
    return node.kind == "boundary" and any(event.kind == "compensate" for event in node.events)


def _cases(recipe: Recipe) -> Iterator[Case]:
    for turn in range(TURNS):
        for beside in (False, True):
            yield Case(f"turn {turn + 1}{', with what stands beside' if beside else ''}", beside=beside, turn=turn)
    for start in recipe.process.starts(recipe.main):
        if start.events or start.instantiate:
            yield Case(f"begins at {start.title}", event=start.id)
    for key in recipe.closure:
        process = recipe.processes[key]
        for node in process.nodes.values():
            for event in node.events:
                for turn in range(TURNS):
                    case = _happening(process, node, event, turn)
                    if case is not None:
                        yield case


def _happening(process: Process, node: Node, event: Event, turn: int) -> Case | None:
    """Return a case in which an event happens at an activity, or in an event sub-process."""
    container = process.nodes.get(node.parent)
    if node.kind == "boundary":
        work = list(_work(process, node.attached or ""))
    elif node.kind == "start" and container is not None and container.by_event:
        work = list(_work(process, container.parent))
    elif node.kind == "catch":
        return Case(f"not {node.title}", answers={node.id: (Answer(never=True),)}, turn=turn)
    else:
        return None
    match event.kind:
        case "error":
            answer = Answer(error=event.code or "error")
        case "escalation":
            answer = Answer(escalation=event.code or "escalation")
        case "compensate" | "cancel" | "link":
            return None
        case _:
            # The first time the work does not end, so that there is time for the event.
            late = (Answer(never=True), Answer())
            return Case(node.title, answers={node.id: (Answer(),), **dict.fromkeys(work, late)}, turn=turn)
    return Case(node.title, answers=dict.fromkeys(work, (answer, Answer())), turn=turn)


def _work(process: Process, scope: str) -> Iterator[str]:
    """Yield the tasks of an activity: itself, or what is inside."""
    node = process.nodes.get(scope)
    if node is not None and node.kind == "task":
        yield node.id
    for inner in process.children.get(scope, ()):
        if not inner.by_event:
            yield from _work(process, inner.id)
