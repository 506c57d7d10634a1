"""docs/reference/life-cycles.md, drawn from the tables. To write it: python -m tests.unit.domain.life_cycle_page."""

import textwrap
from pathlib import Path

from models.domain.lifecycle import LifeCycle
from models.domain.lifecycles import ALL

PAGE = Path(__file__).parents[3] / "docs/reference/life-cycles.md"

_BEGINNING = """# Life cycles

The states of everything that the server keeps, and the moves between them. This page is drawn from the tables in
`models/domain/lifecycles.py`, which decide every move; a test fails when it differs from them.

An order's state follows from those of its items while no cancellation is under way: any item in progress makes the
order `inProgress`, else any held one `held`, else any pending one `pending`; all completed make it `completed`, all
failed `failed`, all cancelled `cancelled`; some completed beside failed or cancelled ones make it `partial`. While all
items wait for other orders it stays `acknowledged`. A cancellation decides for itself: see below.
"""

_REMARKS = {
    "service order": (
        "A client may set `held` and `pending` to `inProgress`, on the order (which resumes every held item) or on one "
        "item. A cancellation that was accepted and cannot go on leaves the order in `pendingCancellation` and says "
        "why in its `errorMessage`; a PATCH of the order's state to `inProgress` takes it up again, and the state "
        "stays what it is."
    ),
    "service order item": (
        "One more move is open to a cancellation alone: from `completed` to `cancelled`, when what the item did has "
        "been undone. While an order is being cancelled its items stand where they were, until all of them become "
        "`cancelled` at its end; one whose undoing cannot go on is `held`, unless it was completed. An item that waits "
        "for another order to be done with a service is `acknowledged`; the plan says for what (`waits`)."
    ),
    "cancellation request": (
        "A cancellation is accepted when everything that is done or under way can be undone, and no other order has "
        "worked on one of its services since, or does. Then what has not begun is dropped, what runs is called off at "
        "its fulfiller, and what is done is undone in reverse."
    ),
    "service": (
        "A service that is only `feasibilityChecked`, `designed` or `reserved` leaves the inventory when it is not "
        "wanted any more."
    ),
    "resource": (
        "The `resourceStatus` of TMF639 v4; v5 says the same in `allocationStatus`, `controlStatus`, `alarmStatus` and "
        "`unknownStatus`, and both are kept in step. A resource that is held for a service, or is a member of a pool, "
        "changes it by the engine alone. What is in quarantine becomes available before it can be reserved again."
    ),
    "resource's administrative state": (
        "The `administrativeState` of TMF639, after ITU-T X.731: only what is unlocked can be shut down gracefully."
    ),
    "process flow": (
        "All of people's tasks for one order stand in one process flow, which ends with the order. Those that clients "
        "make are ended by them."
    ),
    "task flow": (
        "What a person has to do. A move that is not drawn, such as from `new` to `completed`, passes through `active` "
        "in one write, and a notification tells of each step."
    ),
    "recipe": (
        "Each version of a recipe lives a life of its own, so that several are published at a time; the newest one is "
        "taken. Publishing is refused while something in the drawing cannot be run, a test case comes out otherwise "
        "than it expects, or another published recipe is for the same; nothing changes then."
    ),
    "policy": (
        "Each version of a policy lives a life of its own. Of several published ones of a name, the newest is asked; "
        "where that is retired, the one before is again."
    ),
    "recipeMessage": (
        "A message goes to one run of a recipe, which awaits it; where that has gone another way meanwhile, it waits "
        "for another one. A signal goes to all runs that await it."
    ),
    "task": (
        "Tasks are seen under `/som/v1`. A technical retry repeats the same call with the same idempotency key; a task "
        "that was refused gets a new key when it is resumed."
    ),
    "change": (
        "What becomes of a change request of another system, under `/som/v1/change`. It is told of a start, an end "
        "and a refusal; what is owed to it does not hold up its order."
    ),
    "release": (
        "A version of a release, under `/som/v1/release`. One version of each release is installed at a time; "
        "installing and taking back is one transaction with the moves of its specifications."
    ),
}


def render() -> str:
    """The page."""
    return "\n".join([_BEGINNING, *(_section(cycle) for cycle in ALL)])


def _section(cycle: LifeCycle) -> str:
    rows = [
        f"| `{state}` | {cycle.meaning[state]} | {_names(following)} |"
        for state, following in cycle.transitions.items()
    ]
    return "\n".join(
        [
            f"## {cycle.name.capitalize()}",
            "",
            textwrap.fill(_REMARKS[cycle.name], 120),
            "",
            "| state | meaning | may be followed by |",
            "| --- | --- | --- |",
            *rows,
            "",
            "```mermaid",
            *_diagram(cycle),
            "```",
            "",
        ]
    )


def _names(states: frozenset[str]) -> str:
    return ", ".join(f"`{state}`" for state in sorted(states)) or "nothing: it is the end"


def _diagram(cycle: LifeCycle) -> list[str]:
    begins = [f"    [*] --> {state}" for state in sorted(cycle.initial)]
    moves = [
        f"    {state} --> {other}" for state, following in cycle.transitions.items() for other in sorted(following)
    ]
    ends = [f"    {state} --> [*]" for state in sorted(cycle.final)]
    return ["stateDiagram-v2", *begins, *moves, *ends]


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
