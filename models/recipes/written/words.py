"""The words of the YAML, and the ids that elements get from their names."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

Body = dict[str, Any]

TASKS = {
    "service": "serviceTask",
    "person": "userTask",
    "decide": "businessRuleTask",
    "send": "sendTask",
    "receive": "receiveTask",
    "compute": "scriptTask",
    "call": "callActivity",
}
BLOCKS = {
    "choose": "exclusiveGateway",
    "several": "inclusiveGateway",
    "parallel": "parallelGateway",
    "first": "eventBasedGateway",
}
ENDS = {"end": None, "terminate": "terminate", "fail": "error"}
KINDS = (*TASKS, *BLOCKS, "group", "wait", "raise", "rollback", *ENDS, "goto")
TIMERS = {"after": "timeDuration", "until": "timeDate", "every": "timeCycle"}
EVENTS = ("error", "escalation", "message", "signal", *TIMERS, "condition")
ANY = "*"


def kind_of(step: Body) -> str:
    """The kind of a step."""
    return next(kind for kind in KINDS if kind in step)


def event_of(step: Body) -> str:
    """Which kind of event a step, a way or a catch is about."""
    return next(word for word in EVENTS if word in step)


def slug(text: str) -> str:
    """An id made of a name: letters, digits and underscores, as XML takes them."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode()
    made = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_").lower()
    return made if made and made[0].isalpha() else f"n_{made}".rstrip("_")


class Ids:
    """Ids that are taken."""

    def __init__(self, taken: set[str]) -> None:
        self.taken = taken

    def new(self, base: str) -> str:
        """Take an id: the base, else with the next number behind it."""
        found, number = base, 2
        while found in self.taken:
            found, number = f"{base}_{number}", number + 1
        self.taken.add(found)
        return found


def identify(body: Body) -> tuple[list[tuple[Body, str]], Ids]:
    """Return every step, event and catch with its id, in the order of the text, and the ids that are taken."""
    every = list(_each(body["steps"]))
    process = body.get("id") or slug(body["recipe"])
    ids = Ids({process} | {step["id"] for step, _ in every if "id" in step})
    known: dict[int, str] = {}
    found = []
    for step, host in every:
        identity = step.get("id")
        if identity is None:
            owner = known.get(id(host), "")
            identity = ids.new(_base(step, owner))
        known[id(step)] = identity
        found.append((step, identity))
    return found, ids


def _base(step: Body, owner: str) -> str:
    kind = next((kind for kind in KINDS if kind in step), None)
    if kind is None:
        return slug(step["name"]) if step.get("name") else f"{owner}_{event_of(step)}"
    name = step[kind]
    return slug(name) if name else "end"


def _each(steps: list[Body]) -> Iterator[tuple[Body, Body | None]]:
    for step in steps:
        if "goto" in step:
            continue
        yield step, None
        if "undo" in step:
            yield step["undo"], None
        for caught in step.get("catch", ()):
            yield caught, step
            yield from _each(caught["do"])
        for way in step.get("ways", ()):
            if "first" in step:
                yield way, step
            yield from _each(way["do"])
        yield from _each(step.get("do", ()))
