"""Many orders in the database, as they stand there after a while."""

import copy
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from models.clock import to_text
from models.ids import new_id
from models.store import Store

Document = dict[str, Any]

_BATCH = 1_000
STATES = ("completed",) * 17 + ("inProgress", "held", "acknowledged")
"""One in twenty of each that is not completed."""


async def fill(store: Store, model: Document, count: int) -> list[str]:
    """Store so many orders shaped as this one; returns the ids of some."""
    orders, keys = store.collection("serviceOrder"), []
    batch: list[Document] = []
    for document in _documents(model, count):
        batch.append(document)
        if len(batch) == _BATCH:
            keys.append(batch[0]["_id"])
            await orders.insert_many(batch, ordered=False)
            batch = []
    if batch:
        keys.append(batch[0]["_id"])
        await orders.insert_many(batch, ordered=False)
    return keys


def _documents(model: Document, count: int) -> Iterator[Document]:
    chance, began = random.Random(1), datetime.now(UTC) - timedelta(days=30)
    for number in range(count):
        document = copy.deepcopy(model)
        key, at, state = new_id(), began + timedelta(seconds=number), chance.choice(STATES)
        for name in ("due", "owed", "lease", "poke"):
            document.pop(name, None)
        document.update(_id=key, created=at, updated=at, outbox=[], plan=key)
        body = document["body"]
        body.update(id=key, state=state, orderDate=to_text(at), externalId=f"BENCH-{number}")
        body["relatedParty"][0]["id"] = f"customer-{number % 1_000}"
        for item in body["serviceOrderItem"]:
            item["state"] = state
        yield document
