"""Single BPMN elements of steps: tasks with their work, and events."""

from xml.etree import ElementTree as ET

from models.recipes.written.tree import Definitions, as_json, element, formal, own
from models.recipes.written.words import ANY, TASKS, TIMERS, Body, event_of, kind_of

TASK = ("specification", "action", "fulfiller", "form", "queue", "assignee", "deadline", "compensation")
REPEATED = {"of": "collection", "as": "element", "collect": "collected", "result": "result"}


def activity(parent: ET.Element, step: Body, identity: str, definitions: Definitions) -> ET.Element:
    """Make a task, a call or a group, without what is inside."""
    kind = kind_of(step)
    made = element(parent, TASKS.get(kind, "subProcess"), id=identity, name=step[kind])
    if kind == "group" and step.get("transaction"):
        made.tag = made.tag.replace("subProcess", "transaction")
    _work(made, step)
    if kind == "decide":
        own(made, "decision", {"ref": step.get("decision"), "result": step.get("result")})
    if kind == "call":
        flags = {name: step.get(name) for name in ("passes", "returns")}
        own(made, "call", {"recipe": step["use"], "versions": step.get("versions")} | flags)
    if kind == "compute":
        own(made, "script", {"expression": f"={step['expression']}", "result": step.get("result")})
    if kind == "receive":
        made.set("messageRef", definitions.reference("message", step["message"]))
        _correlated(made, step)
    _data(made, step)
    if "each" in step:
        _each(made, step["each"])
    return made


def _work(made: ET.Element, step: Body) -> None:
    listed = {name: ",".join(step[name]) if name in step else None for name in ("retry", "groups")}
    own(made, "task", {name: step.get(name) for name in TASK} | listed)


def _correlated(made: ET.Element, step: Body) -> None:
    own(made, "correlation", {"key": f"={step['correlation']}" if "correlation" in step else None})


def _data(made: ET.Element, step: Body) -> None:
    for word, tag in (("inputs", "input"), ("outputs", "output")):
        for name, value in step.get(word, {}).items():
            if isinstance(value, str) and value:
                own(made, tag, {"name": name, "value": value})
            else:
                own(made, tag, {"name": name}, as_json(value))
    for word, tag in (("inputSchema", "inputSchema"), ("outputSchema", "outputSchema")):
        own(made, tag, {}, as_json(step[word]) if word in step else None)


def _each(made: ET.Element, each: Body) -> None:
    several = element(
        made, "multiInstanceLoopCharacteristics", isSequential="true" if each.get("oneByOne") else "false"
    )
    given = {attribute: each.get(word) for word, attribute in REPEATED.items()}
    given |= {name: f"={given[name]}" for name in ("collection", "result") if given[name]}
    own(several, "loop", given)
    if "times" in each:
        formal(several, "loopCardinality", f"={each['times']}")
    if "enough" in each:
        formal(several, "completionCondition", f"={each['enough']}")


def event(made: ET.Element, step: Body, definitions: Definitions) -> None:
    """Add what an event waits for, and what becomes of what it brings."""
    word = event_of(step)
    value = step[word]
    if word in TIMERS:
        formal(element(made, "timerEventDefinition"), TIMERS[word], value)
    elif word == "condition":
        formal(element(made, "conditionalEventDefinition"), "condition", f"={value}")
    else:
        reference = None if value == ANY else definitions.reference(word, value)
        element(made, f"{word}EventDefinition", **{f"{word}Ref": reference})
    _correlated(made, step)
    _data(made, step)


def thrown(made: ET.Element, step: Body, definitions: Definitions, undone: str | None) -> None:
    """Add what an event throws; a plain end throws nothing."""
    kind = kind_of(step)
    if kind == "terminate":
        element(made, "terminateEventDefinition")
    elif kind == "fail":
        element(made, "errorEventDefinition", errorRef=definitions.reference("error", step["code"]))
    elif kind == "rollback":
        element(made, "compensateEventDefinition", activityRef=undone)
    elif kind == "raise":
        word = event_of(step)
        element(made, f"{word}EventDefinition", **{f"{word}Ref": definitions.reference(word, step[word])})
        _work(made, step)
        _correlated(made, step)
    _data(made, step)
