"""Process flows that run recipes, for tests of the engine: as the API stores them."""

from typing import Any

from models import outbox
from models.domain.events import event_type
from models.ids import new_id
from models.inbox import pass_on
from tests.integration.engine.harness import Document, Harness

NAME = "processFlow"


async def begin(harness: Harness, recipe: str, version: str = "1.0.0", **data: Any) -> str:
    """Store a process flow that runs a recipe with this data."""
    key, now = new_id(), harness.clock.now()
    body = {
        "id": key,
        "@type": "ProcessFlow",
        "processFlowSpecification": recipe,
        "state": "active",
        "characteristic": [{"name": name, "value": value} for name, value in data.items()],
    }
    document = {"_id": key, "tenant": "default", "body": body, "recipe": [recipe, version], "plan": key, "priority": 4}
    created = outbox.stub(event_type(NAME, "Create"), state="active", who="test")
    await harness.store.insert(NAME, outbox.first(document | {"due": now}, [created], now))
    return key


async def say(harness: Harness, flow: str, kind: str) -> None:
    """What a client wants of a process flow: pause, resume or cancel."""
    entry = {"id": new_id(), "at": harness.clock.now(), "kind": kind, "item": None, "who": "test"}
    asked = {"body.cancellation": {"id": entry["id"], "state": "requested"}} if kind == "cancel" else {}
    change: Document = {"$push": {"said": {**entry, "cancel": entry["id"]}}, "$inc": {"rev": 1}}
    await harness.store.update(NAME, {"_id": flow}, change | ({"$set": asked} if asked else {}))
    await pass_on(harness.store, harness.clock, flow, NAME)


async def until(harness: Harness, flow: str, *states: str) -> Document:
    """The document of a process flow once it is in one of these states."""

    async def is_there() -> bool:
        return (await harness.get(NAME, flow))["body"]["state"] in states

    await harness.until_true(is_there)
    return await harness.get(NAME, flow)


async def steps(harness: Harness, flow: str) -> dict[str, Document]:
    """The task flows of a process flow's steps, by name."""
    found = await harness.store.collection("taskFlow").find({"plan": flow, "step": {"$exists": True}}).to_list()
    return {one["body"]["name"]: one for one in found}


def values(document: Document) -> dict[str, Any]:
    """The characteristics of a process flow."""
    return {one["name"]: one["value"] for one in document["body"]["characteristic"]}
