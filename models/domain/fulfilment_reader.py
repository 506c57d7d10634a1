"""Reads the `fulfilment` extension from a specification's body and says what is wrong with its shape."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models.domain.durations import InvalidDuration, duration_seconds
from models.domain.fulfilment import (
    ACTIONS,
    CAPABILITY_ACTIONS,
    ON_CHANGE,
    POLICIES,
    RUN_BY_US,
    ChildRule,
    Fulfilment,
    OnChange,
    OperationRule,
    ReconcileRule,
    RelianceRule,
    TaskRule,
    default_compensation,
)
from models.domain.plan import KINDS, Compensation, Kind
from models.domain.pointers import pointer
from models.domain.violations import Violation

_COMPENSATIONS: Mapping[Any, Compensation] = {
    True: "operation",
    False: "none",
    "operation": "operation",
    "none": "none",
    "delete": "delete",
}


def read_fulfilment(raw: Any, at: str = "/fulfilment") -> tuple[Fulfilment, list[Violation]]:
    """Return the rules and what is wrong with their shape; where something is wrong the rules are not to be used."""
    reader = _Reader()
    rules = reader.fulfilment(raw, at)
    return rules, reader.violations


class _Reader:
    """Collects what is wrong instead of stopping at the first thing."""

    def __init__(self) -> None:
        self.violations: list[Violation] = []

    def fulfilment(self, raw: Any, at: str) -> Fulfilment:
        known = (*ACTIONS, "children", "reliesOn", "operations", "reconcile")
        rules = self._object(raw, at, known)
        return Fulfilment(
            tasks={action: dict(self._tasks(rules[action], action, f"{at}/{action}")) for action in ACTIONS
                   if action in rules},
            children={name: self._child(value, place) for name, value, place in self._entries(rules, "children", at)},
            relies_on={name: self._reliance(value, place)
                       for name, value, place in self._entries(rules, "reliesOn", at)},
            operations={name: self._operation(value, place)
                        for name, value, place in self._entries(rules, "operations", at)},
            reconcile=self._reconcile(rules.get("reconcile", {}), f"{at}/reconcile"),
        )  # fmt: skip

    def _operation(self, raw: Any, at: str) -> OperationRule:
        rule = self._object(raw, at, ("tasks", "input", "description"))
        given = rule.get("input", [])
        entries = given if isinstance(given, list) else []
        if entries is not given or not all(isinstance(one, Mapping) and one.get("name") for one in entries):
            self._wrong(f"{at}/input", "invalidType", "The inputs are a list of objects, each with a name.")
            entries = []
        tasks = dict(self._tasks({"tasks": rule.get("tasks", {})}, "modify", at))
        return OperationRule(tuple(entries), tasks)

    def _reconcile(self, raw: Any, at: str) -> ReconcileRule:
        rule = self._object(raw, at, ("policy", "interval"))
        given = rule.get("policy", "propose")
        policy = next((known for known in POLICIES if known == given), None)
        if policy is None:
            self._wrong(f"{at}/policy", "invalidValue", f"A policy is one of {', '.join(POLICIES)}.")
        return ReconcileRule(policy or "propose", self._seconds(rule, "interval", at))

    def _tasks(self, raw: Any, action: str, at: str) -> Iterator[tuple[str, TaskRule]]:
        rules = self._object(raw, at, ("tasks",))
        for name, value, place in self._entries(rules, "tasks", at):
            if not name.strip() or name.startswith("=") or ":" in name:
                problem = f"A task cannot be named {name!r}: a name is not empty, has no `:` and no `=` in front."
                self._wrong(place, "invalidName", problem)
            yield name, self._task(name, value, action, place)

    def _task(self, name: str, raw: Any, action: str, at: str) -> TaskRule:
        known = ("kind", "capability", "needs", "input", "output", "compensation", "pointOfNoReturn", "duration",
                 "deadline", "retry", "optional", "milestone", "description")  # fmt: skip
        rule = self._object(raw, at, known)
        capability = self._object(rule.get("capability", {}), f"{at}/capability", ("specification", "action"))
        kind = self._kind(rule, at)
        return TaskRule(
            name=name,
            specification=self._text(capability, "specification", f"{at}/capability"),
            action=self._action(capability, f"{at}/capability"),
            needs=self._texts(rule, "needs", at),
            input=rule.get("input"),
            output=rule.get("output"),
            compensation=self._compensation(rule, action, kind, at),
            point_of_no_return=self._flag(rule, "pointOfNoReturn", at),
            duration=self._seconds(rule, "duration", at),
            deadline=self._seconds(rule, "deadline", at),
            retry=self._retry(rule, at),
            optional=self._flag(rule, "optional", at),
            milestone=self._text(rule, "milestone", at),
            kind=kind,
        )

    def _kind(self, rule: Mapping[str, Any], at: str) -> Kind:
        given = rule.get("kind", "fulfil")
        ordinary = [kind for kind in KINDS if kind not in RUN_BY_US]  # a recipe is bound to the action by itself
        for kind in ordinary:
            if given == kind:
                return kind
        self._wrong(f"{at}/kind", "invalidValue", f"A task is of the kind {', '.join(ordinary)}.")
        return "fulfil"

    def _action(self, capability: Mapping[str, Any], at: str) -> str | None:
        action = self._text(capability, "action", at)
        if action is not None and action not in CAPABILITY_ACTIONS:
            self._wrong(f"{at}/action", "invalidValue", f"An action is one of {', '.join(CAPABILITY_ACTIONS)}.")
        return action

    def _child(self, raw: Any, at: str) -> ChildRule:
        rule = self._object(raw, at, ("characteristic", "quantity", "condition", "description"))
        return ChildRule(
            characteristic=self._object(rule.get("characteristic", {}), f"{at}/characteristic"),
            quantity=rule.get("quantity", 1),
            condition=self._condition(rule, at),
        )

    def _reliance(self, raw: Any, at: str) -> RelianceRule:
        known = ("reuse", "create", "match", "characteristic", "condition", "onChange", "description")
        rule = self._object(raw, at, known)
        match = self._object(rule.get("match", {}), f"{at}/match", ("characteristic",))
        matched = self._object(match.get("characteristic", {}), f"{at}/match/characteristic")
        found = RelianceRule(
            reuse=self._flag(rule, "reuse", at, default=True),
            create=self._flag(rule, "create", at, default=True),
            match=matched,
            characteristic={**self._object(rule.get("characteristic", {}), f"{at}/characteristic"), **matched},
            condition=self._condition(rule, at),
            on_change=self._on_change(rule, at),
        )
        if not found.reuse and not found.create:
            self._wrong(at, "neverFound", "With both `reuse` and `create` false there can never be such a service.")
        return found

    def _on_change(self, rule: Mapping[str, Any], at: str) -> OnChange:
        given = rule.get("onChange", "propose")
        for word in ON_CHANGE:
            if given == word:
                return word
        self._wrong(f"{at}/onChange", "invalidValue", f"`onChange` is one of {', '.join(ON_CHANGE)}.")
        return "propose"

    def _condition(self, rule: Mapping[str, Any], at: str) -> str | None:
        condition = self._text(rule, "condition", at)
        if condition is not None and not condition.startswith("="):
            self._wrong(f"{at}/condition", "invalidExpression", "A condition is an expression and begins with `=`.")
        return condition

    def _compensation(self, rule: Mapping[str, Any], action: str, kind: Kind, at: str) -> Compensation:
        given = rule.get("compensation", default_compensation(action, kind))
        if isinstance(given, bool | str) and given in _COMPENSATIONS:
            if given == "delete" and (action != "add" or kind == "allocate"):
                problem = "Only what `add` did can be undone by `delete`; what was allocated is given back instead."
                self._wrong(f"{at}/compensation", "invalidValue", problem)
            return _COMPENSATIONS[given]
        problem = "A compensation is true, false, `operation`, `delete` or `none`."
        self._wrong(f"{at}/compensation", "invalidValue", problem)
        return "none"

    def _retry(self, rule: Mapping[str, Any], at: str) -> tuple[float, ...] | None:
        delays = self._texts(rule, "retry", at)
        if delays is None:
            return None
        return tuple(self._parsed(delay, f"{at}/retry/{index}") or 0.0 for index, delay in enumerate(delays))

    def _seconds(self, rule: Mapping[str, Any], name: str, at: str) -> float | None:
        text = self._text(rule, name, at)
        return None if text is None else self._parsed(text, f"{at}/{name}")

    def _parsed(self, text: str, at: str) -> float | None:
        try:
            return duration_seconds(text)
        except InvalidDuration as error:
            self._wrong(at, error.code, str(error))
            return None

    def _entries(self, rules: Mapping[str, Any], name: str, at: str) -> Iterator[tuple[str, Any, str]]:
        place = f"{at}/{name}"
        for key, value in self._object(rules.get(name, {}), place).items():
            yield key, value, f"{place}{pointer(key)}"

    def _object(self, raw: Any, at: str, known: Sequence[str] | None = None) -> Mapping[str, Any]:
        if not isinstance(raw, Mapping):
            self._wrong(at, "invalidType", f"An object is expected here, not {type(raw).__name__}.")
            return {}
        for name in raw if known else ():
            if name not in (known or ()):
                self._wrong(f"{at}{pointer(name)}", "unknownAttribute",
                            f"There is no attribute {name!r} here; known are {', '.join(known or ())}.")  # fmt: skip
        return raw

    def _text(self, rule: Mapping[str, Any], name: str, at: str) -> str | None:
        value = rule.get(name)
        if value is None or (isinstance(value, str) and value):
            return value
        self._wrong(f"{at}/{name}", "invalidType", f"`{name}` is a text that is not empty.")
        return None

    def _texts(self, rule: Mapping[str, Any], name: str, at: str) -> tuple[str, ...] | None:
        value = rule.get(name)
        if value is None:
            return None
        if isinstance(value, list) and all(isinstance(text, str) for text in value):
            return tuple(value)
        self._wrong(f"{at}/{name}", "invalidType", f"`{name}` is a list of texts.")
        return None

    def _flag(self, rule: Mapping[str, Any], name: str, at: str, *, default: bool = False) -> bool:
        value = rule.get(name, default)
        if isinstance(value, bool):
            return value
        self._wrong(f"{at}/{name}", "invalidType", f"`{name}` is true or false.")
        return default

    def _wrong(self, at: str, code: str, message: str) -> None:
        self.violations.append(Violation(at, code, message))
