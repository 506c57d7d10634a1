"""Policies that are decision tables (DMN): read, looked at before they are published, tried, and asked."""

from collections.abc import Iterator, Mapping
from typing import Any

from models.dmn import survey
from models.domain.decision_points import COUNTS, POINTS, NoAnswer, outcome, verdict_of
from models.domain.decisions import (
    Decision,
    Decisions,
    DecisionsRefused,
    NoSuchDecision,
    UnusableDecision,
    assess,
)
from models.domain.errors import InvalidRequest
from models.domain.expressions import ExpressionError
from models.domain.expressions.plain import plain
from models.domain.expressions.runtime import checked_result
from models.domain.expressions.values.calendar_text import moment_of
from models.domain.policies import Policy, policy_of, question
from models.domain.trust import is_authority
from models.domain.verdict_values import NotAVerdict
from models.domain.violations import Violation

Document = dict[str, Any]
Body = Mapping[str, Any]

MAX_STEPS = 60_000
"""Of one decision: some 30 ms, for which the event loop stands still."""
DMN = "dmn"
_ANY_DAY = "2026-01-01T00:00:00.000Z"
"""Of test cases that do not say when."""
_OWN: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "opa": (("url", "path"), ("timeout", "secret", "certificateAuthority")),
    DMN: (("dmn",), ("decision", "testCase")),
}
"""What a policy of each kind must have, and what it may have besides."""


class DecisionTable:
    """A decision of a model that was read."""

    def __init__(self, model: Decisions, decision: str) -> None:
        """Decide by this decision of the model."""
        self._model = model
        self._decision = decision

    def decide(self, context: Mapping[str, Any]) -> Any:
        """The value of the decision as JSON.

        Raises:
            NoAnswer: there is none, such as where no rule matches; says why.
        """
        now = moment_of(str(context["now"]))
        try:
            outcome = assess(self._model, self._decision, context, steps=MAX_STEPS, now=now)
            value = plain(checked_result(outcome.value))
        except (NoSuchDecision, UnusableDecision, ExpressionError) as error:
            raise NoAnswer(f"The table makes no decision: {error}.") from None
        if value is None or (isinstance(value, dict) and all(one is None for one in value.values())):
            noted = "".join(f" {note}." for note in outcome.notes)
            raise NoAnswer(f"No rule of the table matches, or what it says comes to nothing.{noted}")
        return value


def read_policy(stored: Mapping[str, Any]) -> Policy:
    """A stored policy as it is asked. A table that cannot be read (none of those was published) gives no answer."""
    body = stored["body"]
    if body["kind"] != DMN:
        return policy_of(stored)
    try:
        model, _ = survey(body["dmn"].encode())
        return policy_of(stored, DecisionTable(model, _decision(model, body)))
    except (DecisionsRefused, NoSuchDecision) as error:
        return policy_of(stored, _Unreadable(str(error)))


class _Unreadable:
    def __init__(self, why: str) -> None:
        self._why = why

    def decide(self, context: Mapping[str, Any]) -> Any:  # noqa: ARG002 - the shape of tables
        """No answer."""
        raise NoAnswer(f"The table cannot be used: {self._why}.")


def violations(body: Body) -> list[Violation]:
    """What is wrong with a policy that follows its schema: what its kind and its decision point lack or do not know."""
    needed, may = _OWN[body["kind"]]
    found = [
        Violation(f"/{name}", "required", f"A policy of the kind {body['kind']} has {name}.")
        for name in needed
        if name not in body
    ]
    others = {name for must, besides in _OWN.values() for name in (*must, *besides)}.difference(needed, may)
    found += [
        Violation(f"/{name}", "unexpected", f"{name} does not belong to a policy of the kind {body['kind']}.")
        for name in sorted(others.intersection(body))
    ]
    found += _wrong_authority(body)
    if ("allow" in body["whenDown"]) == bool(body["whenDown"].get("hold")):
        found.append(Violation("/whenDown", "invalidValue", "It is one of allow (true or false) and hold (true)."))
    point = body["decisionPoint"]
    if body["whenDown"].get("hold") and not POINTS[point].can_hold:
        found.append(Violation("/whenDown/hold", "unexpected", f"What {point} decides about cannot wait."))
    if (body.get("appliesTo") or {}).get("recipe") and "processFlow" not in POINTS[point].names:
        found.append(Violation("/appliesTo/recipe", "unexpected", f"Process flows are not decided about at {point}."))
    found += [
        Violation("/needs", "unexpected", f"{name} is not counted at the decision point {point}.")
        for name in body.get("needs") or ()
        if name not in POINTS[point].names
    ]
    return found


def _wrong_authority(body: Body) -> Iterator[Violation]:
    authority = body.get("certificateAuthority")
    if authority is None or body["kind"] == DMN:
        return
    if not is_authority(authority):
        yield Violation("/certificateAuthority", "invalidValue", "It is no certificate in PEM.")
    if not str(body.get("url", "")).startswith("https://"):
        yield Violation(
            "/certificateAuthority", "unexpected", "Only a service with an https address has a certificate."
        )


def check_policy(body: Body) -> None:
    """See that a policy is whole.

    Raises:
        InvalidRequest: naming everything that is wrong.
    """
    found = violations(body)
    if found:
        raise InvalidRequest(found)


def objections(body: Body) -> Iterator[str]:
    """Sentences for all that stands against publishing a policy: element and reason, or test case and difference."""
    found = [f"{one.pointer[1:]}: {one.message}" for one in violations(body)]
    yield from found
    if found or body["kind"] != DMN:
        return
    try:
        model, problems = survey(body["dmn"].encode())
        yield from (str(problem) for problem in problems)
        if problems:
            return
        decision = _decision(model, body)
    except (DecisionsRefused, NoSuchDecision) as error:
        yield str(error)
        return
    yield from _strange_inputs(model, decision, body)
    yield from (f"test case {name!r}: {difference}" for name, difference in failed_cases(body))


def _strange_inputs(model: Decisions, decision: str, body: Body) -> Iterator[str]:
    point = body["decisionPoint"]
    known = POINTS[point].names - set(COUNTS).difference(body.get("needs") or ())
    for data in model.inputs_of(decision):
        if " ".join(data.name.split()) not in known:
            offered = ", ".join(sorted(known))
            yield f"input data {data.name!r}: nothing of this name is known at {point}; there are {offered}"


def failed_cases(body: Body) -> Iterator[tuple[str, str]]:
    """The test cases of a table that come out otherwise than they expect: (name, what differs)."""
    policy = read_policy({"_id": "", "name": "", "version": "", "body": body})
    for case in body.get("testCase") or ():
        made = decided(policy, case.get("order") or {}, case.get("context") or {})
        for attribute, expected in case["expect"].items():
            if made.get(attribute) != expected:
                yield case["name"], f"{attribute} is {made.get(attribute)!r}, not {expected!r}{_because(made)}"


def decided(policy: Policy, order: Body, context: Body) -> Document:
    """What a table says of an order, with what of the context is given: its answer, `outcome`, perhaps a `problem`."""
    asked = question(policy.point, str(order.get("id", "")), order, _ANY_DAY) | dict(context)
    try:
        verdict = verdict_of(policy.table.decide(asked) if policy.table is not None else None, policy.point)
    except (NoAnswer, NotAVerdict) as failure:
        down = policy.when_down
        return {"outcome": outcome(down, answered=False), **down.to_document(), "problem": str(failure)}
    return {"outcome": outcome(verdict, answered=True), **verdict.to_document()}


def _because(made: Document) -> str:
    return f" ({made['problem']})" if "problem" in made else ""


def _decision(model: Decisions, body: Body) -> str:
    """The decision that is asked: the one named, else the only one that no other requires.

    Raises:
        NoSuchDecision: it cannot be told, or is not there.
    """
    if body.get("decision"):
        return model.find(body["decision"]).id
    required = {other for one in model.decisions for other in one.requires}
    tops: list[Decision] = [one for one in model.decisions if one.id not in required]
    if len(tops) == 1:
        return tops[0].id
    names = ", ".join(sorted(one.name for one in model.decisions)) or "none"
    raise NoSuchDecision(f"Name the decision that is asked; the table has {names}.")
