import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import AsyncMongoClient, MongoClient
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.collection import Collection

from handlers.query import parse_list_query
from models.counts import Counts
from models.domain.errors import InvalidRequest, QueryTooExpensive, Unavailable
from models.domain.filters import (
    And,
    Compare,
    Condition,
    Element,
    Exists,
    Match,
    Not,
    Op,
    Or,
    StartsWith,
    about_values,
    matches,
)
from models.domain.listing import ListQuery, Sort, select_fields
from models.domain.patterns import PatternError
from models.domain.search_patterns import MATCHED_TEXT, check
from models.domain.shapes import Shape
from models.indexes import create_all
from models.mongo_filters import to_mongo, to_sort
from models.patterns import Re2Patterns
from models.queries import Lists

Document = dict[str, Any]
ENGINE = Re2Patterns()
START = datetime(2026, 11, 22, tzinfo=UTC)
TENANT = "default"


def stored(number: int, tenant: str = TENANT, **body: Any) -> Document:
    identity = f"{number:05d}"
    return {
        "_id": identity,
        "tenant": tenant,
        "rev": 1,
        "created": START + timedelta(seconds=number // 2),  # two at a time, so that ties happen
        "updated": START,
        "outbox": ["never to be shown"],
        "body": {"id": identity, "@type": "ServiceOrder", **body},
    }


@pytest.fixture
async def collection(mongodb_url: str, database_name: str) -> AsyncIterator[AsyncCollection[Document]]:
    client: AsyncMongoClient[Document] = AsyncMongoClient(mongodb_url)
    async with client:
        yield client[database_name]["serviceOrder"]


def lists(collection: AsyncCollection[Document], **more: Any) -> Lists:
    return Lists(collection, ["state", "externalId"], Counts(), **more)


async def ids(asked: Lists, **query: Any) -> list[str]:
    return [document["_id"] for document in (await asked.find_page(TENANT, ListQuery(**query))).docs]


async def test_a_list_is_in_the_order_of_creation_page_by_page(collection: AsyncCollection[Document]) -> None:
    documents = [stored(number) for number in range(25)]
    await collection.insert_many(random.sample(documents, 25))
    asked = lists(collection)
    seen = []
    for offset in (0, 10, 20):
        page = await asked.find_page(TENANT, ListQuery(offset=offset, limit=10))
        assert page.total == 25
        seen += [document["_id"] for document in page.docs]
    assert seen == [document["_id"] for document in documents]
    page = await asked.find_page(TENANT, ListQuery(offset=1000, limit=10))
    assert (page.docs, page.total) == ([], 25)
    page = await asked.find_page(TENANT, ListQuery(limit=0))
    assert (page.docs, page.total) == ([], 25)
    assert await ids(asked, offset=2**53) == []


async def test_nobody_sees_what_belongs_to_another_tenant(collection: AsyncCollection[Document]) -> None:
    await collection.insert_many([stored(1), stored(2, tenant="other"), stored(3, tenant="~default")])
    page = await lists(collection).find_page(TENANT, ListQuery(condition=Not(Compare(("id",), Op.EQ, ("x",)))))
    assert [document["_id"] for document in page.docs] == ["00001"]
    assert page.total == 1


async def test_a_page_holds_what_is_asked_for_and_nothing_of_the_engines(collection: AsyncCollection[Document]) -> None:
    await collection.insert_one(stored(1, note=[{"id": "a", "text": "x" * 1000}], state="held", service={"a": 1}))
    (document,) = (await lists(collection).find_page(TENANT, ListQuery())).docs
    assert document.keys() == {"_id", "body", "rev", "created", "updated"}
    fields = (("note", "id"), ("state",), ("note",), ("href",), ("missing",))
    for chosen in (fields, fields[:2], (), (("id",),)):
        (narrow,) = (await lists(collection).find_page(TENANT, ListQuery(fields=chosen))).docs
        assert select_fields(narrow["body"], chosen) == select_fields(document["body"], chosen)
    assert "service" not in narrow["body"]


async def test_a_sort_is_stable_and_may_descend(collection: AsyncCollection[Document]) -> None:
    await collection.insert_many([stored(number, state="ab"[number % 2], priority=str(number)) for number in range(6)])
    asked = lists(collection)
    assert await ids(asked, sort=(Sort(("state",)),)) == ["00000", "00002", "00004", "00001", "00003", "00005"]
    descending = (Sort(("state",), descending=True),)
    assert await ids(asked, sort=descending) == ["00005", "00003", "00001", "00004", "00002", "00000"]
    assert await ids(asked, sort=(Sort(("state",)), Sort(("priority",), descending=True))) == [
        "00004", "00002", "00000", "00005", "00003", "00001",
    ]  # fmt: skip
    assert await ids(asked, sort=(Sort(("id",), descending=True),), limit=2) == ["00005", "00004"]


async def test_a_resource_is_found_by_its_address(collection: AsyncCollection[Document]) -> None:
    await collection.insert_many([stored(1), stored(2)])
    condition = Compare(("href",), Op.EQ, ("http://host/tmf-api/serviceOrdering/v4/serviceOrder/00002",))
    assert await ids(lists(collection), condition=condition) == ["00002"]


async def stages(collection: AsyncCollection[Document], query: ListQuery) -> str:
    cursor = collection.find(to_mongo(TENANT, query.condition)).sort(to_sort(query.sort)).limit(20)
    return json.dumps((await cursor.explain())["queryPlanner"]["winningPlan"], default=str)


async def test_what_users_ask_for_runs_on_an_index(collection: AsyncCollection[Document]) -> None:
    await create_all(collection.database)
    await collection.insert_many(
        [stored(n, state="sh"[n % 2], externalId=f"X{n}", relatedParty=[{"id": str(n)}]) for n in range(200)]
    )
    for query, index in (
        (ListQuery(), "by_creation"),
        (ListQuery(condition=Compare(("state",), Op.EQ, ("held",))), "by_state"),
        (ListQuery(condition=StartsWith(("externalId",), "AB-")), "by_external_id"),
        (ListQuery(condition=Compare(("relatedParty", "id"), Op.EQ, ("7",))), "by_party"),
        (ListQuery(condition=Element(("relatedParty",), Compare(("id",), Op.EQ, ("7",)))), "by_party"),
        (ListQuery(condition=Compare(("orderDate",), Op.GT, ("2026",))), "by_order_date"),
        (ListQuery(sort=(Sort(("orderDate",), descending=True),)), "by_order_date"),
        (ListQuery(condition=Compare(("id",), Op.EQ, ("00007",))), "_id_"),
    ):
        plan = await stages(collection, query)
        assert index in plan, (query, plan)
        assert "COLLSCAN" not in plan
        if query.condition is None:
            assert '"SORT"' not in plan, (query, plan)


async def test_a_query_out_of_time_is_refused_and_told_what_is_indexed(collection: AsyncCollection[Document]) -> None:
    filler = "x" * MATCHED_TEXT
    await collection.insert_many([stored(number, description=filler) for number in range(4000)])
    asked = lists(collection, seconds=0.02)
    begun = time.monotonic()
    with pytest.raises(QueryTooExpensive) as refusal:
        await asked.find_page(TENANT, ListQuery(condition=Match(("description",), "x+y+z")))
    assert time.monotonic() - begun < 20
    assert "state, externalId" in refusal.value.violations[0].message


async def test_an_order_by_two_arrays_is_refused_as_the_clients_fault(collection: AsyncCollection[Document]) -> None:
    await collection.insert_one(stored(1, a=[1, 2], b=[1, 2]))
    with pytest.raises(InvalidRequest) as refusal:
        await lists(collection).find_page(TENANT, ListQuery(sort=(Sort(("a",)), Sort(("b",)))))
    assert refusal.value.violations[0].code == "invalidQuery"


async def test_a_database_out_of_reach_is_told_as_such() -> None:
    client: AsyncMongoClient[Document] = AsyncMongoClient("mongodb://127.0.0.1:9", serverSelectionTimeoutMS=50)
    async with client:
        with pytest.raises(Unavailable):
            await lists(client["som"]["serviceOrder"]).find_page(TENANT, ListQuery())


async def test_a_total_is_exact_again_after_a_few_seconds_at_the_latest(collection: AsyncCollection[Document]) -> None:
    asked = lists(collection)
    for number in range(5):
        await collection.insert_one(stored(number))
        page = await asked.find_page(TENANT, ListQuery(limit=1))
        assert page.total >= len(page.docs)
    async with asyncio.timeout(8):  # a count is kept for at most five seconds
        while (await asked.find_page(TENANT, ListQuery(limit=1))).total != 5:
            await asyncio.sleep(0.1)
    assert (await asked.find_page(TENANT, ListQuery(limit=10))).total == 5


HOSTILE = [
    r"[ab]+[ab]+c", r"\w+\w+!", r"(?i)a+\w*?!", r".*.*.*x", r"a*a*a*a*a*b", r"(?:ab){1,100}(?:ab){1,100}!",
    r"[ab]{1,100}" * 5 + "!", r"a?" * 60 + "b", r"(?:[ab]b)*?[ab]?[ab]{0,50}\w*?\s+!", r"a.*?b.*?c.*?d!",
    r"^(?:a|b)\w+\w+!",
]  # fmt: skip
REFUSED = [r"(a+)+b", r"(a|a)*b", r"(?:a?){30}a{30}", r"((a*)*)*b", r"(?:a|ab)+c", r"(.*)*x", r"(\w+\s?)+$"]


async def test_a_hostile_regex_cannot_hold_the_database_beyond_its_time(collection: AsyncCollection[Document]) -> None:
    texts = ["a" * MATCHED_TEXT, "ab" * (MATCHED_TEXT // 2), "a" * 100_000, "0" * 500 + " a" * 250]
    await collection.insert_many([stored(number, name=texts[number % 4]) for number in range(400)])
    asked = lists(collection, seconds=0.5)
    for regex in HOSTILE:
        check(regex, ENGINE)
        begun = time.monotonic()
        with contextlib.suppress(QueryTooExpensive):
            await asked.find_page(TENANT, ListQuery(condition=Match(("name",), regex)))
        assert time.monotonic() - begun < 20, regex
    for regex in REFUSED:
        with pytest.raises(PatternError):
            check(regex, ENGINE)


# The two evaluations of a condition, in memory and in the database, have to agree on everything.
NAMES = ["a", "b", "c"]
SCALARS = st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from([0.5, 1.0, "", "a", "ab", "A\n", "1", "ü"])
PLAIN = st.recursive(SCALARS, lambda inner: st.dictionaries(st.sampled_from(NAMES), inner, max_size=3), max_leaves=6)
BODIES = st.dictionaries(
    st.sampled_from(NAMES),
    st.recursive(
        PLAIN,
        lambda inner: (
            st.lists(SCALARS, max_size=3)
            | st.lists(st.dictionaries(st.sampled_from(NAMES), inner, max_size=3), max_size=3)
        ),
        max_leaves=10,
    ),
    max_size=3,
)
PATHS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map(tuple)
LITERALS = st.booleans() | st.integers(-2, 3) | st.sampled_from([0.5, 1.0, "", "a", "ab", "1", "ü"])
REGEXES = st.sampled_from(["a", "^a", "b$", "^$", "(?i)^A", "[^a]", "a|ü", "a?b", ".", "^.{1,2}$", r"\n", r"a\s"])


def leaves(paths: st.SearchStrategy[tuple[str, ...]]) -> st.SearchStrategy[Condition]:
    return st.one_of(
        st.builds(
            Compare, paths, st.sampled_from([Op.EQ, Op.NE]), st.lists(LITERALS | st.none(), min_size=1).map(tuple)
        ),
        st.builds(
            Compare,
            paths,
            st.sampled_from([Op.GT, Op.GTE, Op.LT, Op.LTE]),
            st.lists(LITERALS.filter(lambda value: not isinstance(value, bool)), min_size=1, max_size=2).map(tuple),
        ),
        st.builds(Match, paths, REGEXES),
        st.builds(StartsWith, paths, st.sampled_from(["", "a", "A\n", "."])),
        st.builds(Exists, paths),
    )


def combined(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    some = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.builds(And, some) | st.builds(Or, some) | st.builds(Not, inner) | st.builds(Element, PATHS, inner)


CONDITIONS = st.recursive(leaves(PATHS), combined, max_leaves=5) | st.builds(Element, PATHS, leaves(st.just(())))


@pytest.fixture(scope="module")
def bodies_stored(mongodb_url: str) -> Iterator[Collection[Document]]:
    with MongoClient[Document](mongodb_url) as client:
        yield client["som_test_meaning"]["bodies"]
        client.drop_database("som_test_meaning")


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(BODIES, min_size=1, max_size=8), st.lists(CONDITIONS, min_size=1, max_size=8))
def test_a_condition_means_the_same_in_memory_and_in_the_database(
    bodies_stored: Collection[Document], bodies: list[Any], conditions: list[Condition]
) -> None:
    collection = bodies_stored
    collection.delete_many({})
    collection.insert_many([{"_id": index, "tenant": TENANT, "body": body} for index, body in enumerate(bodies)])
    for condition in conditions:
        about_values(condition)
        found = {document["_id"] for document in collection.find(to_mongo(TENANT, condition), {"_id": 1})}
        expected = {index for index, body in enumerate(bodies) if matches(condition, body, ENGINE)}
        assert found == expected, (condition, [bodies[index] for index in found ^ expected])


SHAPE = Shape.compile(
    {},
    {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "name": {"type": "string"},
            "orderDate": {"type": "string", "format": "date-time"},
            "characteristic": {
                "type": "array",
                "items": {"type": "object", "properties": {"name": {"type": "string"}, "value": {}}},
            },
        },
    },
)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("characteristic.name=speed&characteristic.value=1", ["00001", "00002"]),
        ("filter=$.characteristic[?(@.name=='speed'%26%26@.value==1)]", ["00001"]),
        ("characteristic.value>5", ["00001", "00002"]),  # '9' is more than '5', and 9 more than 5
        ("orderDate>=2026-11-22T11:00:00+01:00", ["00001", "00002"]),
        ("orderDate=%222026-11-22T10:00:00.000Z%22", ["00001"]),
        ("orderDate.regex=%5E2026-11-2[23]", ["00001", "00002"]),
        ("name=Smith,Jones", ["00001"]),
        ('name="Smith, John"', ["00002"]),
        ("name.ne=Smith", ["00002"]),
        ("name*=(?i)SMITH", ["00001", "00002"]),
        ("name*=%5ESmith$", ["00001"]),
    ],
)
async def test_a_query_string_finds_what_it_asks_for(
    collection: AsyncCollection[Document], raw: str, expected: list[str]
) -> None:
    await collection.insert_many(
        [
            stored(
                1,
                name="Smith",
                orderDate="2026-11-22T10:00:00.000Z",
                characteristic=[{"name": "speed", "value": 1}, {"name": "x", "value": "9"}],
            ),
            stored(
                2,
                name="Smith, John",
                orderDate="2026-11-23T10:00:00.000Z",
                characteristic=[{"name": "speed", "value": 9}, {"name": "x", "value": 1}],
            ),
        ]
    )
    asked = lists(collection)
    assert await ids(asked, condition=parse_list_query(raw, SHAPE, ENGINE).condition) == expected
