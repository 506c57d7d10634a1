"""What a run computes and hands on by itself, held against the JSON Schemas that its recipe declares.

What tasks of a plan are given and answer is held against theirs where they are carried out (`scheduler.declared`).
"""

from collections.abc import Collection, Container, Mapping
from typing import Any

from models.domain.recipes.model import Node, Process
from models.domain.recipes.run import HaltError, Run
from models.domain.recipes.state import Token

Schema = Mapping[str, Any]
_NAMING = ("properties", "required")
_ELSEWHERE = ("$ref", "allOf", "anyOf", "oneOf", "patternProperties", "if")
"""What says elsewhere in a schema which names there are."""


def declared(schema: Schema | None) -> Collection[str] | None:
    """Return the names that a schema lets through; None lets all: there is none, or it says that more may come."""
    if schema is None or "properties" not in schema or schema.get("additionalProperties") is True:
        return None
    names: Collection[str] = schema["properties"]
    return names


def hold(run: Run, schema: Schema | None, value: Any, what: str) -> None:
    """See that a value is what is declared; `what` names it, as in "Its answer is not what it declares".

    Raises:
        HaltError: it is not; the token cannot go on as things are.
    """
    wrong = run.fits(schema, value) if run.fits is not None and schema is not None else ()
    if wrong:
        raise HaltError("misfit", f"{what}: {'; '.join(wrong)}.")


def hold_input(run: Run, node: Node, given: Mapping[str, Any], meant: Container[str]) -> None:
    """See that what an activity is given is what it declares; `meant` are the names that its mapping makes."""
    value = meant_for(node.work.input_schema, given, meant)
    hold(run, node.work.input_schema, value, f"The input of {node.title} is not what it declares")


def hold_answer(run: Run, node: Node, answer: Any) -> None:
    """See that an answer is what a node declares.

    An answer that is no context is held against a schema of one under the name of the variable that it becomes.
    """
    schema = node.work.output_schema
    if schema is None or run.fits is None:
        return
    of_context = schema.get("type") == "object" or any(word in schema for word in _NAMING)
    if of_context and not isinstance(answer, Mapping):
        answer = {node.work.result or "result": answer}
    hold(run, schema, answer, f"The answer of {node.title} is not what it declares")


def hold_start(run: Run, process: Process, given: Mapping[str, Any], mapped: Container[str]) -> None:
    """See that what a called process is given is what it declares to begin with."""
    value = meant_for(process.input_schema, given, mapped)
    hold(run, process.input_schema, value, f"What {process.name or process.id} is given is not what it declares")


def hold_news(run: Run, token: Token, node: Node, data: Any) -> None:
    """See that what a message or signal carries is what the element that takes it declares."""
    around = run.process(token).nodes.get(node.parent)
    begins = node.instantiate or (node.kind == "start" and not (around is not None and around.by_event))
    takes = node.task == "receive" or any(event.kind in ("message", "signal") for event in node.events)
    if takes and not begins and node.kind not in ("throw", "end"):
        hold_answer(run, node, data)


def hold_result(run: Run, process: Process, variables: Mapping[str, Any]) -> None:
    """See that what a process leaves is what it declares."""
    names = declared(process.output_schema)
    left = {name: value for name, value in variables.items() if names is None or name in names}
    hold(run, process.output_schema, left, f"What {process.name or process.id} leaves is not what it declares")


def hold_inside(run: Run, node: Node, seen: Mapping[str, Any]) -> None:
    """See that what comes out of a sub-process or a call, all of which is `seen`, is what its node declares."""
    names = declared(node.work.output_schema)
    left = {name: value for name, value in seen.items() if names is None or name in names}
    hold(run, node.work.output_schema, left, f"What comes out of {node.title} is not what it declares")


def is_plain(schema: Schema) -> bool:
    """Whether a schema says in its own `properties` and `required` which names there are."""
    return not any(word in schema for word in _ELSEWHERE) and any(word in schema for word in _NAMING)


def meant_for(schema: Schema | None, given: Mapping[str, Any], meant: Container[str]) -> dict[str, Any]:
    """What is held against a schema: what is meant for it, and what it names of what just comes along."""
    if schema is None or not is_plain(schema):
        return dict(given)
    names = {*(schema.get("properties") or ()), *(schema.get("required") or ())}
    return {name: value for name, value in given.items() if name in names or name in meant}
