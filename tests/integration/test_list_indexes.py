"""Every list that users filter runs on an index: asked as a client would, explained by a real database."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from handlers.documents import load
from handlers.query import parse_list_query
from models.domain.shapes import Shape
from models.indexes import create_all, indexed_attributes
from models.mongo_filters import to_mongo, to_sort
from models.patterns import Re2Patterns
from models.recipe_run_reading import runs_among_plans

Document = dict[str, Any]

START = datetime(2026, 1, 1, tzinfo=UTC)
TYPES = {
    "serviceOrder": ("tmf641", "ServiceOrder"),
    "cancelServiceOrder": ("tmf641", "CancelServiceOrder"),
    "service": ("tmf638", "Service"),
    "resource": ("tmf639", "Resource"),
    "serviceSpecification": ("tmf633", "ServiceSpecification"),
}
# What the users of an order manager filter by, first of all.
WANTED = {
    "serviceOrder": {
        "state",
        "externalId",
        "category",
        "orderDate",
        "requestedStartDate",
        "relatedParty.id",
        "serviceOrderItem.service.id",
        "serviceOrderItem.service.serviceSpecification.id",
    },
    "cancelServiceOrder": {"state", "serviceOrder.id"},
    "service": {"state", "name", "category", "relatedParty.id", "serviceSpecification.id", "startDate", "place.id"},
    "resource": {"name", "value", "category", "resourceStatus", "relatedParty.id", "place.id", "@type"},
    "serviceSpecification": {"name", "lifecycleStatus"},
}
FILTERS = [
    (collection, attribute)
    for collection in TYPES
    for attribute in indexed_attributes(collection)
    if attribute not in ("id", "href")
]


@pytest.fixture
async def database(mongodb_url: str, database_name: str) -> AsyncIterator[AsyncDatabase[Document]]:
    client: AsyncMongoClient[Document] = AsyncMongoClient(mongodb_url)
    async with client:
        await create_all(client[database_name])
        yield client[database_name]


@pytest.mark.parametrize("collection", TYPES)
def test_what_users_filter_by_has_an_index(collection: str) -> None:
    assert WANTED[collection] - set(indexed_attributes(collection)) == set()


async def test_every_filter_on_an_indexed_attribute_uses_its_index(database: AsyncDatabase[Document]) -> None:
    slow = []
    for collection, attribute in FILTERS:
        await database[collection].delete_many({})
        await database[collection].insert_many([stored(number, attribute) for number in range(50)])
        keys = await keys_examined(database, collection, f"{attribute}={value(7, attribute)}")
        if keys is None or keys > 3:
            slow.append((collection, attribute, keys))
    assert slow == []


def value(number: int, attribute: str) -> str:
    moment = START + timedelta(days=number)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z") if attribute.lower().endswith("date") else f"v{number}"


def stored(number: int, attribute: str) -> Document:
    """A document with one value in the body, at the place that the attribute names."""
    body: Any = value(number, attribute)
    for name in reversed(attribute.split(".")):
        body = {name: body}
    return {"_id": str(number), "tenant": "default", "created": START, "body": {"id": str(number), **body}}


async def keys_examined(database: AsyncDatabase[Document], collection: str, query: str) -> int | None:
    """How many keys of an index the database looked at for the one match; None where it went without an index."""
    api, kind = TYPES[collection]
    document = load(api)
    asked = parse_list_query(query, Shape.compile(document.node, document.schema(kind)), Re2Patterns())
    cursor = database[collection].find(to_mongo("default", asked.condition)).sort(to_sort(asked.sort)).limit(20)
    told = (await cursor.explain())["executionStats"]
    assert told["nReturned"] == 1, query
    return None if "COLLSCAN" in json.dumps(told, default=str) else int(told["totalKeysExamined"])


async def test_the_deliveries_and_events_of_one_order_are_found_among_many(database: AsyncDatabase[Document]) -> None:
    common = {"tenant": "default", "created": START}
    await database["delivery"].insert_many([{"_id": str(n), "lane": f"o-{n}", **common} for n in range(200)])
    await database["event"].insert_many([{"_id": str(n), "resource": {"id": f"o-{n}"}, **common} for n in range(200)])
    order = [("created", 1), ("_id", 1)]
    for collection, path in (("delivery", "lane"), ("event", "resource.id")):
        told = await database[collection].find({"tenant": "default", path: "o-7"}).sort(order).limit(20).explain()
        assert told["executionStats"]["totalDocsExamined"] == 1, collection


async def test_what_somebody_did_and_what_became_of_a_type_are_found_among_many(
    database: AsyncDatabase[Document],
) -> None:
    common = {"tenant": "default", "created": START, "at": "", "type": "x", "seq": 1}
    events = [{"_id": str(n), "who": f"w-{n}", "resource": {"id": "o", "type": f"t-{n}"}, **common} for n in range(200)]
    await database["event"].insert_many(events)
    order = [("created", 1), ("_id", 1)]
    for path, wanted in (("who", "w-7"), ("resource.type", "t-7")):
        asked = database["event"].find({"tenant": "default", path: wanted}).sort(order).limit(20)
        told = await asked.explain()
        assert told["executionStats"]["totalDocsExamined"] == 1, path
        assert "SORT" not in {stage["stage"] for stage in stages(told["queryPlanner"]["winningPlan"])}, path


def stages(plan: Document) -> list[Document]:
    """A plan's stages, from the outermost on."""
    return [plan, *(stages(plan["inputStage"]) if "inputStage" in plan else [])]


async def test_the_newest_runs_of_a_version_of_a_recipe_are_found_among_many(database: AsyncDatabase[Document]) -> None:
    def plan(number: int) -> Document:
        version = f"1.{number % 25}.0"
        entry = {"task": "a", "recipe": "fibre", "version": version, "status": ("running", "completed")[number % 2]}
        common = {"tenant": "default", "created": START + timedelta(days=number), "plays": [entry]}
        return {"_id": f"o-{number}", **common}

    await database["plan"].insert_many(map(plan, range(500)))
    for play, newest, matches in (({}, "o-477", 20), ({"status": "completed"}, "o-477", 10)):
        asked = runs_among_plans("default", {"recipe": "fibre", "version": "1.2.0", **play})
        command = {"aggregate": "plan", "pipeline": [*asked, {"$limit": 3}], "cursor": {}}
        found = await database.command(command)
        assert found["cursor"]["firstBatch"][0]["_id"] == newest
        told = await database.command({"explain": command, "verbosity": "executionStats"})
        assert "SORT_MERGE" in json.dumps(told, default=str) or play, "The index gives the order."
        assert told["stages"][0]["$cursor"]["executionStats"]["totalDocsExamined"] <= matches, play


async def test_the_newest_runs_that_are_held_are_found_among_many(database: AsyncDatabase[Document]) -> None:
    def plan(number: int) -> Document:
        entry = {"task": "a", "recipe": "fibre", "version": "1.0.0", "status": "running"}
        held = {"held": True} if number % 50 == 0 else {}
        created = START + timedelta(days=number)
        return {"_id": f"o-{number}", "tenant": "default", "created": created, "plays": [entry | held]}

    await database["plan"].insert_many(map(plan, range(500)))
    for play in ({}, {"recipe": "fibre"}):
        asked = runs_among_plans("default", {"held": True, **play})
        command = {"aggregate": "plan", "pipeline": [*asked, {"$limit": 3}], "cursor": {}}
        found = await database.command(command)
        assert [one["_id"] for one in found["cursor"]["firstBatch"]] == ["o-450", "o-400", "o-350"]
        told = await database.command({"explain": command, "verbosity": "executionStats"})
        assert told["stages"][0]["$cursor"]["executionStats"]["totalDocsExamined"] <= 10, play
