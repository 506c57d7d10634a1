"""Task flows as they are looked at from the plan that they stand for."""

from typing import Any

from models.callback_token import CallKey
from models.flow_changes import OPEN
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

_READ = dict.fromkeys(
    (
        "call", "fallout", "body.id", "body.queue", "body.assignee", "body.state", "body.requestedCompletionDate",
        "body.processFlow",
    ),
    1,
)  # fmt: skip


async def open_flows_by_task(store: Store, plan: str) -> dict[str, Document]:
    """The bodies, in small, of the open task flows of a plan, by the key of the task that each stands for.

    Raises:
        QueryTooExpensive: it would take too long.
        Unavailable: the database cannot be reached.
    """
    with reading():
        found = await store.collection("taskFlow").find({"plan": plan, "body.state": OPEN}, _READ).to_list()
    flows: dict[str, Document] = {}
    for stored in found:
        call = CallKey.parse(stored.get("call") or "")
        if call is not None:
            flows[call.task] = stored["body"]
        elif "fallout" in stored:
            flows[stored["fallout"]["task"].removeprefix(f"{plan}:")] = stored["body"]
    return flows
