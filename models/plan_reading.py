"""Plans as they are looked at: the running state joined with the definition."""

from typing import Any

from models.domain.flow_runs import ITEM, OWNER
from models.domain.plan import Plan, PlannedTask
from models.domain.progress import TaskRun
from models.reading import reading
from models.store import Store

Document = dict[str, Any]

_ITEM_OF_PROCESS = {"active": "inProgress", "hold": "held", "completed": "completed", "cancelled": "cancelled"}


class PlanPicture:
    """A plan at one moment.

    Attributes:
        stored: its document.
        plan: its items, services and tasks as planned at first.
        tasks: all tasks, those added later included, in the order of planning.
        documents: what is known of tasks that were engaged, by key.
        item_states: the states of the order's items by path, where the order still stands; of a process flow, that of
            the one item that stands for it.
    """

    def __init__(
        self, stored: Document, definition: Document, documents: list[Document], owner: Document | None
    ) -> None:
        """Join what was read."""
        self.stored = stored
        self.plan = Plan.from_document({"items": [], "services": [], "tasks": [], **definition})
        added = [PlannedTask.from_document(task) for task in stored.get("added", ())]
        self.tasks = [*self.plan.tasks, *added]
        self.documents = {document["key"]: document for document in documents}
        self.item_states = item_states(owner["body"]) if owner else {}
        if owner and stored["owner"]["type"] == OWNER:
            self.item_states = {ITEM: _ITEM_OF_PROCESS[owner["body"]["state"]]}

    def run(self, key: str) -> TaskRun:
        """Where a task stands. A running task is told by its own document, for the plan is written at outcomes only."""
        kept = self.stored["run"].get(key)
        run = TaskRun.from_document(kept) if kept else TaskRun()
        document = self.documents.get(key)
        if document is not None and document["state"] == "running" and run.state in ("waiting", "retrying"):
            run.state = "running"
            run.fulfiller = document.get("fulfiller")
        return run


async def picture(store: Store, stored: Document) -> PlanPicture:
    """Read what belongs to a stored plan."""
    key = stored["_id"]
    definition = await store.get("planDefinition", key) or {}
    owner = await store.get(stored["owner"]["type"], stored["owner"]["id"], tenant=stored["tenant"])
    with reading():
        hidden = {"input": 0, "body": 0, "output": 0, "attempts": {"$slice": -1}}
        documents = await store.collection("task").find({"plan": key}, hidden).to_list()
    return PlanPicture(stored, definition, documents, owner)


def item_states(holder: Document, path: str = "") -> dict[str, str]:
    """The states of an order's items by path."""
    states: dict[str, str] = {}
    for item in holder.get("serviceOrderItem") or ():
        here = f"{path}/{item.get('id')}" if path else str(item.get("id"))
        states[here] = item.get("state", "acknowledged")
        states.update(item_states(item, here))
    return states
