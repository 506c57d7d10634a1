"""What comes of asking a fulfiller: values, not exceptions.

A fulfiller may answer at once (`Done`), take the work on (`Accepted`), decline it (`Refused`) or not be there
(`Unreachable`). What it reports later on accepted work is `Done`, `Refused` or `Progress`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

MAX_REASON = 1000
MAX_DEPTH = 60  # below the 64 that bodies may have: an output is kept some levels down in the service
_INT64 = 2**63
_MOST_POOLS = 20
Cause = Literal["connection", "broken", "timeout", "status", "other"]
READ_STATES = frozenset({"active", "inactive", "terminated"})
"""What a fulfiller can say of the state of a service; `terminated` where it is not there (any more)."""


@dataclass(frozen=True, slots=True)
class Done:
    """The work is done.

    Attributes:
        output: facts for later tasks and for the specification's mapping.
        service_characteristic: actual values, each at least {name, value}.
        supporting_resource: references to resources that the service now uses, each at least {id}.
        supporting_service: references to services of others that the service now rests on, each at least {id}.
        milestones: names of the steps that were reached on the way; those told before change nothing.
        state: the state that the service is in there; only an answer to `read` says it.
        order: see Accepted.
    """

    output: Mapping[str, Any] = field(default_factory=dict)
    service_characteristic: tuple[Mapping[str, Any], ...] = ()
    supporting_resource: tuple[Mapping[str, Any], ...] = ()
    supporting_service: tuple[Mapping[str, Any], ...] = ()
    milestones: tuple[str, ...] = ()
    state: str | None = None
    order: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The work was taken on; the outcome follows by callback, or is found by polling.

    Attributes:
        reference: the fulfiller's own name for the work.
        poll_url: where to look; None means that only a callback will tell.
        retry_after: seconds until the first look, as the fulfiller wishes.
        keeps_time: whether the fulfiller itself sees to it that the work ends, as people's due dates and escalation
            do; then no deadline of ours ends the wait.
        order: the order that was placed with another system for this work, {id, href?, @referredType?}. For a task of
            the kind `order` it becomes an orderRelationship of ours.
    """

    reference: str | None = None
    poll_url: str | None = None
    retry_after: float | None = None
    keeps_time: bool = False
    order: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """It cannot be done as asked: a person or a rule has to look at the reason.

    Attributes:
        reason: what is wrong, for people.
        code: what is wrong, for machines: a recipe may know what to do about it.
        maybe_done: True where the answer makes no sense, so that the work may have been done all the same.
        order: see Accepted; one that was rejected as it was placed, say.
    """

    reason: str
    maybe_done: bool = False
    order: Mapping[str, Any] | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class InformationRequired:
    """The work cannot go on before the customer has said something: the order item waits for it (`pending`).

    Attributes:
        reason: what for, for people.
        missing: characteristics of the ordered service that are wanted, each {characteristic, description?}.
        retry_after: seconds until the next look at work that was taken on: it may be answered elsewhere.
    """

    reason: str
    missing: tuple[Mapping[str, Any], ...] = ()
    retry_after: float | None = None

    @property
    def message(self) -> str:
        """What is wanted, in one sentence for each."""
        wanted = [
            f"{entry['characteristic']} ({entry['description']})" if "description" in entry else entry["characteristic"]
            for entry in self.missing
        ]
        return f"{self.reason} Please give {', '.join(wanted)}." if wanted else self.reason


@dataclass(frozen=True, slots=True)
class Shortage:
    """There is not enough left of what is to be allocated: the order item is held until there is.

    Attributes:
        reason: what is missing, for people.
        pools: ids of the pools that have too little.
        ahead: how many wait there before this one.
    """

    reason: str
    pools: tuple[str, ...] = ()
    ahead: int = 0


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No usable answer came; try again.

    Attributes:
        reason: what happened, for people.
        retry_after: seconds that the fulfiller asks us to wait.
        maybe_done: False where the call surely had no effect: it never left, or was turned away before work began.
        cause: what happened, for machines: `connection` (none came about), `broken` (it ended before an answer came),
            `timeout`, `status` (an answer that says that it cannot be done now) or `other`.
        status: the HTTP status of that answer, or the exit status of a program.
    """

    reason: str
    retry_after: float | None = None
    maybe_done: bool = True
    cause: Cause = "other"
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """Accepted work goes on; only polls and callbacks say this.

    Attributes:
        milestone: name of the step that was reached.
        reason: a remark for people.
        retry_after: seconds until the next look, as the fulfiller wishes.
        milestones: names of all steps that were reached so far; those told before change nothing.
    """

    milestone: str | None = None
    reason: str | None = None
    retry_after: float | None = None
    milestones: tuple[str, ...] = ()


Report = Done | Refused | Progress | InformationRequired | Shortage
Outcome = Done | Accepted | Refused | Unreachable | Progress | InformationRequired | Shortage


def parse_report(body: Any) -> Report:  # noqa: PLR0911 - one line per status
    """Read what a callback or a poll brought, by its status (`TaskReport` in api_specs/fulfiller/v1.yaml).

    What makes no sense is `Refused` with a reason that says why: the work is out of our hands, so a person must look.
    """
    if not isinstance(body, Mapping):
        return Refused(f"The fulfiller's report is not a JSON object but {_kind(body)}.", maybe_done=True)
    match body.get("status"):
        case "done":
            return parse_done(body)
        case "refused":
            reason = text(body.get("reason")) or "The fulfiller refused without giving a reason."
            return Refused(reason, code=text(body.get("code")))
        case "progress":
            return Progress(text(body.get("milestone")), text(body.get("reason")))
        case "informationRequired":
            return _information_required(body)
        case "shortage":
            return _shortage(body)
        case status:
            known = "done, refused, progress, informationRequired or shortage"
            reason = f"The fulfiller's report has the status {status!r:.80}, not {known}."
            return Refused(reason, maybe_done=True)


def _information_required(body: Mapping[str, Any]) -> InformationRequired | Refused:
    missing = body.get("missing")
    trouble = _not_a_list("missing", missing, "characteristic")
    if trouble:
        return Refused(f"The fulfiller asks for information in a way that cannot be used: {trouble}.", maybe_done=True)
    wanted = []
    for entry in missing or ():
        shown = {name: text(entry.get(name)) for name in ("characteristic", "description")}
        wanted.append({name: said for name, said in shown.items() if said})
    reason = text(body.get("reason"))
    if not wanted and not reason:
        return Refused("The fulfiller asks for information without saying which.", maybe_done=True)
    return InformationRequired(reason or "The fulfiller needs more information.", tuple(wanted))


def _shortage(body: Mapping[str, Any]) -> Shortage | Refused:
    pools = body.get("pool") or []
    if not isinstance(pools, list) or not all(isinstance(one, str) and one for one in pools):
        return Refused("The fulfiller tells of a shortage in a way that cannot be used: pool is no list of texts.")
    shown = tuple(name for one in pools[:_MOST_POOLS] if (name := text(one)))
    return Shortage(text(body.get("reason")) or "There is not enough left of what is to be allocated.", shown)


def parse_done(body: Any) -> Done | Refused | InformationRequired:
    """Read the facts of finished work, as an answer to a call or a report carries them.

    An answer may also say that information is required before the work can go on.
    """
    if not isinstance(body, Mapping):
        return Refused(f"The fulfiller's answer is not a JSON object but {_kind(body)}.", maybe_done=True)
    if body.get("status") == "informationRequired":
        return _information_required(body)
    output = body.get("output")
    characteristics = body.get("serviceCharacteristic")
    resources = body.get("supportingResource")
    state = body.get("state")
    state = state if isinstance(state, str) and state in READ_STATES else None
    trouble = (
        _not_an_object("output", output)
        or _not_a_list("serviceCharacteristic", characteristics, "name")
        or _not_a_list("supportingResource", resources, "id")
        or why_unstorable([output, characteristics, resources])
    )
    if trouble:
        return Refused(f"The fulfiller's answer cannot be used: {trouble}.", maybe_done=True)
    return Done(output or {}, tuple(characteristics or ()), tuple(resources or ()), state=state)


def text(value: Any) -> str | None:
    """A text of a stranger, made fit to be shown: one line, no control characters, of limited length."""
    if not isinstance(value, str):
        return None
    shown = " ".join("".join(char if char.isprintable() else " " for char in value[: 4 * MAX_REASON]).split())
    return shown[:MAX_REASON] or None


def why_unstorable(value: Any, depth: int = 0) -> str | None:
    """Why the database could not keep this JSON value; None where it can."""
    if depth > MAX_DEPTH:
        return f"it is nested deeper than {MAX_DEPTH} levels"
    match value:
        case Mapping():
            parts = (_bad_name(name) or why_unstorable(part, depth + 1) for name, part in value.items())
            return next(filter(None, parts), None)
        case list() | tuple():
            return next(filter(None, (why_unstorable(part, depth + 1) for part in value)), None)
        case int() if not -_INT64 <= value < _INT64:
            return f"the number {str(value)[:30]} has more than 64 bits"
        case str() if any("\ud800" <= char <= "\udfff" for char in value):
            return "a text in it is not valid Unicode"
    return None


def _bad_name(name: str) -> str | None:
    if name.startswith("$") or "\0" in name or not name:
        return f"the name {name!r:.80} is empty, begins with $ or contains a NUL character"
    return why_unstorable(name)


def _not_an_object(name: str, value: Any) -> str | None:
    return None if value is None or isinstance(value, Mapping) else f"{name} is not an object but {_kind(value)}"


def _not_a_list(name: str, value: Any, key: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, list):
        return f"{name} is not a list but {_kind(value)}"
    for index, entry in enumerate(value):
        if not isinstance(entry, Mapping) or not isinstance(entry.get(key), str) or not entry[key]:
            return f"entry {index} of {name} is not an object with a {key}"
    return None


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return "a text"
        case int() | float():
            return "a number"
        case Mapping():
            return "an object"
    return "a list"
