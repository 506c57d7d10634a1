"""What the run of a recipe costs: six service tasks, two of them side by side; alone, and saved (`durable_recipes`).

Beside it runs SpiffWorkflow, with the same data and the same drawing, whose tasks are manual ones: it leaves these to
whoever runs it, as our interpreter leaves all.
"""

import importlib
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

from bench.figures import Aim, Figure
from bench.parts import durable_recipes
from bench.stage import Stage
from models.domain.recipes import State, advance, effects, start
from models.domain.recipes.happenings import Done
from models.recipes import read_recipe

PART = "recipes"
SPIFF = "SpiffWorkflow"

_RUNS, _WARM = 100, 10
_TASKS = tuple(f"t{number}" for number in range(1, 7))
_FLOWS = "s>t1 t1>f f>t2 f>t3 t2>j t3>j j>t4 t4>t5 t5>t6 t6>e"
_AT = datetime(2026, 1, 1, tzinfo=UTC)
_DATA: dict[str, Any] = {
    "service": {
        "id": "0" * 36,
        "name": "Line 1",
        "state": "designed",
        "serviceSpecification": {"id": "bench-recipe-1", "name": "bench-recipe", "version": "1.0"},
        "characteristic": {"site": "NL-10001", "bandwidth": 1000, "technology": "fibre"},
    },
    "order": {"id": "0" * 36, "externalId": "BENCH-4711", "category": "bench", "priority": "4"},
    "item": {"id": "1", "action": "add", "quantity": 1, "path": "1"},
    "action": "add",
}
"""What a run of an order begins with."""


def drawing(task: str) -> str:
    """The drawing, with tasks of this kind."""
    nodes = '<startEvent id="s"/><endEvent id="e"/><parallelGateway id="f"/><parallelGateway id="j"/>'
    nodes += "".join(f'<{task} id="{name}"/>' for name in _TASKS)
    ways = (flow.split(">") for flow in _FLOWS.split())
    flows = "".join(f'<sequenceFlow id="{a}{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in ways)
    space = "http://www.omg.org/spec/BPMN/20100524/MODEL"
    process = f'<process id="p" isExecutable="true">{nodes}{flows}</process>'
    return f'<definitions xmlns="{space}" xmlns:bpmn="{space}" id="d" targetNamespace="bench">{process}</definitions>'


async def measure(stage: Stage) -> list[Figure]:
    """CPU of one instance, with its state kept in memory, and with it written as JSON and read at every step."""
    rounds = stage.scale.rounds * 2 - 1
    stage.say(f"{rounds} times {_RUNS} instances of six tasks")
    ours, beside = _ours(), _spiff()
    figures = []
    alone: list[float] = []
    for name, saved in (("instance of six tasks", False), ("the same, through JSON at every step", True)):
        samples: list[float] = []
        floor: list[float] = []
        for _ in range(rounds):
            samples.append(_cpu(ours, saved))
            if beside is not None:
                floor.append(_cpu(beside, saved))
        alone = alone or floor
        floors = {SPIFF: floor} if floor else {}
        aim = Aim(2.2, least=False, floor=SPIFF) if floor and not saved else None
        note = "" if floor else "SpiffWorkflow is not installed"
        figures.append(Figure(PART, name, "ms CPU", samples, floors, aim, note))
    return figures + await durable_recipes.measure(stage, PART, alone)


def _cpu(run: Callable[[bool], None], saved: bool) -> float:
    for _ in range(_WARM):
        run(saved)
    began = time.process_time()
    for _ in range(_RUNS):
        run(saved)
    return (time.process_time() - began) / _RUNS * 1_000


def _ours() -> Callable[[bool], None]:
    recipe = read_recipe(drawing("serviceTask"))

    def run(saved: bool) -> None:
        state, found = start(recipe, _DATA, _AT)
        todo = [effect.key for effect in found if isinstance(effect, effects.Start)]
        while todo:
            if saved:
                state = State.from_document(json.loads(json.dumps(state.to_document())))
            state, found = advance(recipe, state, Done(_AT, todo.pop(0), {"n": 2}))
            todo += [effect.key for effect in found if isinstance(effect, effects.Start)]
        if state.status != "completed":
            raise RuntimeError(f"The recipe ended as {state.status}.")

    return run


def _spiff() -> Callable[[bool], None] | None:
    parts = ("bpmn.parser.BpmnParser", "bpmn.workflow", "bpmn.serializer", "util.task")
    try:
        parser, workflow, serializer, states = (_part(f"{SPIFF}.{name}") for name in parts)
        tree: Any = _part("lxml.etree")
    except ImportError:
        return None
    reader = parser.BpmnParser()
    reader.add_bpmn_xml(tree.fromstring(drawing("manualTask").encode()))
    specification, writer = reader.get_spec("p"), serializer.BpmnWorkflowSerializer()

    def run(saved: bool) -> None:
        instance = workflow.BpmnWorkflow(specification)
        instance.get_next_task(state=states.TaskState.READY).data.update(_DATA)
        instance.do_engine_steps()
        while not instance.is_completed():
            if saved:
                instance = writer.deserialize_json(writer.serialize_json(instance))
            task = instance.get_tasks(state=states.TaskState.READY, manual=True)[0]
            task.data["n"] = 2
            task.run()
            instance.do_engine_steps()

    return run


def _part(name: str) -> ModuleType:
    return importlib.import_module(name)
