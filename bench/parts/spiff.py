"""SpiffWorkflow with the six service tasks, in memory: its own parser, tasks and script engine, a service that answers.

It is bound by hand, for it is in no lock file of the product, only of its development.
"""

import importlib
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from bench.parts.six_tasks import NEEDS, for_spiff

NAME = "SpiffWorkflow"
ANSWER = '{"n": 2}'


def runner(data: Mapping[str, Any]) -> Callable[[bool], None] | None:
    """Run instances that begin with this data; saved, they go through JSON between tasks. None: not installed."""
    try:
        parser, workflow, serializer, states, engine = (
            importlib.import_module(f"{NAME}.{name}")
            for name in (
                "spiff.parser.process",
                "bpmn.workflow",
                "bpmn.serializer",
                "util.task",
                "bpmn.script_engine",
            )
        )
        config = importlib.import_module(f"{NAME}.spiff.serializer.config")
        tree: Any = importlib.import_module("lxml.etree")
    except ImportError:
        return None
    reader = parser.SpiffBpmnParser()
    reader.add_bpmn_xml(tree.fromstring(for_spiff().encode()))
    specification = reader.get_spec("p")
    saver = serializer.BpmnWorkflowSerializer(serializer.BpmnWorkflowSerializer.configure(config.SPIFF_CONFIG))
    called = _engine(engine)

    def run(saved: bool) -> None:
        instance = workflow.BpmnWorkflow(specification, script_engine=called)
        instance.get_next_task(state=states.TaskState.READY).data.update(data)
        while not instance.is_completed():
            if not saved:
                instance.do_engine_steps()
                continue
            ready = instance.get_next_task(state=states.TaskState.READY)
            ready.run()
            if ready.task_spec.name in NEEDS:
                instance = saver.deserialize_json(saver.serialize_json(instance))
                instance.script_engine = called
        if instance.last_task.data.get("t6_n") != {"n": 2}:
            raise RuntimeError("SpiffWorkflow has not run all its tasks.")

    return run


def _engine(module: ModuleType) -> Any:
    def call_service(_engine: Any, _task: Any, **_: Any) -> str:
        return ANSWER

    return type("_Engine", (module.PythonScriptEngine,), {"call_service": call_service})()
