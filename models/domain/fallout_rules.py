"""Fallout rules: what is done about held tasks before people are asked. A pure decision, by data with a version.

Rules are read by their position. The first one that matches, can be applied, and has not been applied often enough,
wins; no task is helped by rules for ever.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.domain.expressions import ExpressionError, compile_template
from models.domain.fallout import actions
from models.domain.patterns import Pattern, PatternEngine, PatternError
from models.domain.violations import Violation

Document = dict[str, Any]

DO = ("retry", "reassign", "edit", "skip", "hold", "fail")
MAX_APPLIED = 20
"""How often rules may help one task, whatever they say: two that hand a task to each other must come to an end."""

REPAIR_NAMES = frozenset({"input", "error", "order", "item", "service", "task"})
"""What an expression that repairs an input can read."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A task that is held, as rules see it.

    Attributes:
        code: what kind of trouble it is.
        reason: what happened, in the words of whoever said it.
        fulfiller: that had it; None where there was none.
        specifications: id and name of the specification.
        action: add, modify or delete.
        operation: fulfil, compensate or cancel.
        attempts: calls since it was last resumed.
        count: how often it was held so far, this time included.
        optional: whether it may be left out.
    """

    code: str
    reason: str = ""
    fulfiller: str | None = None
    specifications: tuple[str, ...] = ()
    action: str = "add"
    operation: str = "fulfil"
    attempts: int = 0
    count: int = 1
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. What is None or empty in its conditions does not matter.

    Attributes:
        id: of the rule.
        version: rises with each change.
        name: for people.
        position: rules with a lower one are read first.
        code, fulfiller, specification, action: what a hold must have.
        attempts: so many calls at least.
        count: (from, to) of the hold; either may be None.
        reason: a pattern that is found in the reason.
        do: one of `DO`.
        delays: for retry: seconds before the first, the second … application to a task.
        times: for all others: how often it is applied to one task at most.
        fulfiller_id: for reassign: who shall do it; None means anybody but those that were tried.
        input: for edit: a template of the new input.
        queue: for hold: where people find it.
        undo: for fail: whether what was done in the item is undone.
        policy: the version of the policy whose answer this is; its input is no template. None where it is a rule.
    """

    id: str
    version: int
    name: str
    do: str
    position: int = 100
    code: str | None = None
    fulfiller: str | None = None
    specification: str | None = None
    action: str | None = None
    attempts: int = 0
    count: tuple[int | None, int | None] = (None, None)
    reason: Pattern | None = field(default=None, compare=False)
    delays: tuple[float, ...] = ()
    times: int = 1
    fulfiller_id: str | None = None
    input: Any = None
    queue: str | None = None
    undo: bool = False
    policy: str | None = None

    @property
    def limit(self) -> int:
        """How often it is applied to one task at most."""
        return len(self.delays) if self.do == "retry" else self.times

    @property
    def who(self) -> str:
        """As history names it."""
        return f"policy {self.policy}" if self.policy is not None else f"rule {self.id} version {self.version}"

    def matches(self, hold: Hold) -> bool:
        """Whether all its conditions hold."""
        low, high = self.count
        return (
            self.code in (None, hold.code)
            and self.fulfiller in (None, hold.fulfiller)
            and (self.specification is None or self.specification in hold.specifications)
            and self.action in (None, hold.action)
            and hold.attempts >= self.attempts
            and (low is None or hold.count >= low)
            and (high is None or hold.count <= high)
            and (self.reason is None or _found(self.reason, hold.reason))
        )

    def applies(self, hold: Hold) -> bool:
        """Whether what it does makes sense for this hold: else the next rule is looked at."""
        if self.do == "hold":
            return True
        if self.do == "skip" and not hold.optional:
            return False
        return self.do in actions(hold.code, hold.operation)


def _found(pattern: Pattern, text: str) -> bool:
    try:
        return pattern.search(text)
    except PatternError:  # the text is too long for it
        return False


@dataclass(frozen=True, slots=True)
class Application:
    """What rules say of a hold.

    Attributes:
        rule: that decided.
        number: the how-manieth time it is applied to this task, from 1.
    """

    rule: Rule
    number: int

    @property
    def delay(self) -> float:
        """Seconds before the task is tried again."""
        return self.rule.delays[self.number - 1] if self.rule.do == "retry" else 0.0


def decide(rules: Iterable[Rule], hold: Hold, applied: Mapping[str, int]) -> Application | None:
    """What to do about a held task; None leaves it to people.

    Args:
        rules: in the order in which they are read.
        hold: the task.
        applied: how often each rule was applied to this task so far, by id.
    """
    if sum(applied.values()) >= MAX_APPLIED:
        return None
    for rule in rules:
        number = applied.get(rule.id, 0) + 1
        if number <= rule.limit and rule.matches(hold) and rule.applies(hold):
            return Application(rule, number)
    return None


def rule_of_policy(policy: str, result: Mapping[str, Any]) -> Rule | None:
    """What a recorded decision of the point `fallout` says, as the rule that would do the same.

    Args:
        policy: the version that made it, `<name>:<version>`.
        result: {allow, reason?, do?, after?, atMost?, fulfiller?, input?, queue?, undo?}.

    Returns:
        None where the policy leaves it to others. One that does not allow anything leaves it to people.
    """
    do = result.get("do") if result.get("allow", True) else "hold"
    if do is None:
        return None
    name = policy.rpartition(":")[0]
    times = min(result.get("atMost", MAX_APPLIED), MAX_APPLIED)
    return Rule(
        id=f"policy-{hashlib.sha256(name.encode()).hexdigest()[:16]}",  # a name may have dots, which paths cannot
        version=0,
        name=result.get("reason") or f"policy {policy}",
        do=do,
        delays=(result.get("after", 0.0),) * times if do == "retry" else (),
        times=times,
        fulfiller_id=result.get("fulfiller"),
        input=result.get("input"),
        queue=result.get("queue"),
        undo=result.get("undo", False),
        policy=policy,
    )


def rule_of(body: Mapping[str, Any], version: int, patterns: PatternEngine) -> Rule:
    """Read a rule, as `violations` lets it through."""
    match, then = body.get("match") or {}, body["then"]
    reason, count = match.get("reason"), match.get("count") or {}
    return Rule(
        id=body["id"],
        version=version,
        name=body["name"],
        do=then["do"],
        position=body.get("position", 100),
        code=match.get("code"),
        fulfiller=match.get("fulfiller"),
        specification=match.get("specification"),
        action=match.get("action"),
        attempts=match.get("attempts", 0),
        count=(count.get("from"), count.get("to")),
        reason=patterns.compile_pattern(reason) if reason else None,
        delays=tuple(then.get("delays", ())),
        times=then.get("times", 1),
        fulfiller_id=then.get("fulfiller"),
        input=then.get("input"),
        queue=then.get("queue"),
        undo=bool(then.get("undo")),
    )


def rules_of(bodies: Iterable[tuple[Mapping[str, Any], int]], patterns: PatternEngine) -> tuple[Rule, ...]:
    """The enabled rules among bodies with their versions, in the order in which they are read."""
    made = [rule_of(body, version, patterns) for body, version in bodies if body.get("enabled", True)]
    return tuple(sorted(made, key=lambda rule: (rule.position, rule.id)))


_NEEDED = {"retry": "delays", "edit": "input", "hold": "queue"}
_BELONGS = {"delays": "retry", "input": "edit", "queue": "hold", "fulfiller": "reassign", "undo": "fail"}


def violations(body: Mapping[str, Any], patterns: PatternEngine, pointer: str = "") -> list[Violation]:
    """What is wrong with a rule that follows its schema."""
    match, then = body.get("match") or {}, body["then"]
    do, found = then["do"], []
    needed = _NEEDED.get(do)
    if needed is not None and needed not in then:
        found.append(Violation(f"{pointer}/then/{needed}", "required", f"To {do}, {needed} has to be given."))
    found += [
        Violation(f"{pointer}/then/{name}", "unexpected", f"{name} belongs to {owner}, not to {do}.")
        for name, owner in _BELONGS.items()
        if name in then and owner != do
    ]
    if match.get("reason"):
        try:
            patterns.compile_pattern(match["reason"])
        except PatternError as error:
            found.append(Violation(f"{pointer}/match/reason", error.code, str(error)))
    if "input" in then:
        found += _wrong_template(then["input"], f"{pointer}/then/input")
    return found


def _wrong_template(value: Any, pointer: str) -> Sequence[Violation]:
    try:
        strangers = compile_template(value).names - REPAIR_NAMES
    except ExpressionError as error:
        return [Violation(pointer, error.code, str(error))]
    if not strangers:
        return []
    known = ", ".join(sorted(REPAIR_NAMES))
    return [Violation(pointer, "unknownName", f"It reads {', '.join(sorted(strangers))}; there are {known}.")]
