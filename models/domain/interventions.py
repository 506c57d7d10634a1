"""Interventions: what a person or a rule wants done about a held task. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.domain.fallout import actions
from models.domain.plan import PlannedTask

Document = dict[str, Any]

DO = ("retry", "edit", "reassign", "skip", "complete", "fail")
_ATTRIBUTES = ("do", "who", "why", "fulfiller", "report", "job", "id", "queue")


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants done.

    Attributes:
        do: one of `DO`.
        who: wants it: a person, or `rule <id> version <n>`.
        why: in words.
        id: of the intervention; doing it twice is doing it once.
        has_input: whether `input` is the task's new input (edit).
        input: any JSON value.
        characteristics: values for the task's service (edit), each {name, value}.
        fulfiller: who shall do it (reassign); None means anybody but those that were tried.
        report: {output?, serviceCharacteristic?, supportingResource?} of what was done by hand (complete).
        undo: whether what was done in the item is undone (fail).
        force: whether to do it although it is not among what can be done.
        job: id of the bulk resolution that it is part of.
        delay: seconds to wait before the task is tried again (retry, of rules only).
        queue: where people find it (`hold`, of rules only).
    """

    do: str
    who: str
    why: str | None = None
    id: str = ""
    has_input: bool = False
    input: Any = None
    characteristics: tuple[Mapping[str, Any], ...] = ()
    fulfiller: str | None = None
    report: Mapping[str, Any] | None = None
    undo: bool = False
    force: bool = False
    job: str | None = None
    delay: float = 0.0
    queue: str | None = None

    def to_document(self) -> Document:
        """As an entry of the inbox carries it."""
        made = {name: value for name in _ATTRIBUTES if (value := getattr(self, name)) is not None}
        if self.has_input:
            made["input"] = self.input
        if self.characteristics:
            made["characteristics"] = [dict(one) for one in self.characteristics]
        return made | {name: True for name in ("undo", "force") if getattr(self, name)}

    @classmethod
    def from_document(cls, stored: Mapping[str, Any]) -> "Wish":
        """Read what `to_document` wrote."""
        known = {name: stored[name] for name in (*_ATTRIBUTES, "undo", "force") if name in stored}
        return cls(
            **known,
            has_input="input" in stored,
            input=stored.get("input"),
            characteristics=tuple(stored.get("characteristics", ())),
        )


def objection(task: Mapping[str, Any], wish: Wish) -> str | None:
    """Why a wish cannot be done about a held task; None where it can.

    Args:
        task: its document.
        wish: what is wanted. With `force` and a reason, only what makes no sense at all is refused.
    """
    fallout, operation = task.get("fallout") or {}, task.get("operation", "fulfil")
    if wish.do in ("edit", "fail") and operation != "fulfil":
        return f"A task that undoes another cannot be helped by {wish.do}."
    insists = wish.force and bool(wish.why)
    possible = actions(str(fallout.get("code", "")), operation)
    if wish.do not in possible and not insists:
        named = ", ".join(action for action in possible if action != "cancel")
        return (
            f"What holds the task ({fallout.get('code')}) is not helped by {wish.do}; what can be done is {named}. "
            "With force and a reason it is done all the same."
        )
    if wish.do == "skip" and not fallout.get("optional") and not insists:
        return "The task is not optional. With force and a reason it is left out all the same."
    return None


def audited(wish: Wish, before: Mapping[str, Any], after: Mapping[str, Any], at: datetime) -> Document:
    """An intervention as the task's document keeps it."""
    made: Document = {"at": at, "do": wish.do, "who": wish.who, "before": dict(before), "after": dict(after)}
    optional = {"why": wish.why, "job": wish.job, "force": wish.force or None}
    return made | {name: value for name, value in optional.items() if value is not None}


def deed(task: PlannedTask, wish: Wish, before: Mapping[str, Any], after: Mapping[str, Any]) -> Document:
    """An intervention as the history of the order tells it."""
    what = f"{wish.do} of the task {task.name} of item {task.item}"
    return {
        "who": wish.who,
        "why": f"{what}: {wish.why}" if wish.why else what,
        "before": {"task": task.key, "state": "held", **before},
        "after": {"task": task.key, "do": wish.do, **after},
    }
