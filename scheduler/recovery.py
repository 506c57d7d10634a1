"""What happened to calls whose answer never came to the plan, because its holder died."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from models.domain.outcomes import (
    Accepted,
    Done,
    InformationRequired,
    Outcome,
    Progress,
    Refused,
    Shortage,
    Unreachable,
)
from scheduler.engagement import Answer, Parts
from scheduler.fallout import Fallout
from scheduler.plan_record import PlanRecord
from scheduler.settlement import outcome_unknown

Document = dict[str, Any]

_OUTCOMES: dict[str, type] = {
    kind.__name__: kind for kind in (Done, Accepted, Refused, Unreachable, Progress, InformationRequired, Shortage)
}


def outcome_document(outcome: Outcome) -> Document:
    """An outcome as a task document keeps it."""
    return {"kind": type(outcome).__name__, **{one.name: getattr(outcome, one.name) for one in fields(outcome)}}


def outcome_from_document(stored: Mapping[str, Any]) -> Outcome:
    """Read what `outcome_document` wrote."""
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}
    kind = str(values.pop("kind"))
    outcome: Outcome = _OUTCOMES[kind](**values)
    return outcome


async def recovered(parts: Parts, record: PlanRecord, fallout: Fallout) -> list[Answer]:
    """What happened to the plan's calls that the plan itself does not know of, because its holder died.

    An outcome that was written to its task document is taken as it stands. A call whose answer never was written is
    made again with the same key, unless its answer waits in the inbox; where the fulfiller would do it twice, the task
    is held instead. A task that runs a recipe calls nobody: what came of it follows anew from where its run stands.
    """
    tasks = parts.store.collection("task")
    found = await tasks.find(
        {"plan": record.id, "$or": [{"state": {"$in": ["running", "held"]}}, {"planRev": {"$gt": record.rev}}]},
        {"key": 1, "state": 1, "inputRev": 1, "fulfiller": 1, "outcome": 1, "planRev": 1, "free": 1},
    ).to_list()
    answers = []
    for document in found:
        run = record.progress.run.get(document["key"])
        if run is not None and document["state"] == "held":
            fallout.remember(document["key"])
            if document.get("planRev", 0) <= record.rev:
                continue
        if run is None or run.state not in ("waiting", "retrying", "accepted"):
            continue
        if record.progress.tasks[document["key"]].kind == "recipe":
            continue
        run.revision, run.fulfiller, run.touched = document["inputRev"], document["fulfiller"], True
        if document["state"] != "running" and document.get("outcome"):
            if run.state != "accepted":  # what was accepted is told of by a callback or poll, which is no new attempt
                record.progress.move(document["key"], "running", attempts=run.attempts + 1)
            outcome = outcome_from_document(document["outcome"])
            free = document.get("free", False)
            answers.append(Answer(document["key"], run.revision, outcome, run.fulfiller, free=free))
            continue
        definition = await parts.directory.definition(record.tenant, document["fulfiller"])
        if definition is not None and not definition.honours_idempotency_key:
            unknown = outcome_unknown(record.progress.tasks[document["key"]], "The server stopped.", parts.clock.now())
            record.progress.move(document["key"], "held", **unknown.changes)
    return answers
