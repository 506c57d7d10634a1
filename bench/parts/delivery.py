"""How many notifications arrive per second, while one subscriber takes 200 ms for each.

The floors: the same without the slow one, and a program that POSTs the same bytes to the same subscribers, writing
each event and delivery down before and after without any grouping of the latter.
"""

import asyncio
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from statistics import median
from typing import Any

import aiohttp
import orjson

from bench.database import empty
from bench.figures import Figure
from bench.processes import Child
from bench.stage import HUBS, Stage, until
from models import outbox
from models.clock import Clock
from models.ids import new_id
from models.store import Store

Document = dict[str, Any]
Counts = dict[str, dict[str, float]]

PART = "delivery"
FAST = 5
AT_A_TIME = 16
FLOORS = ALONE, BARE, NOTED = "without the slow one", "bare POSTs", "POST and single writes"


async def measure(stage: Stage) -> list[Figure]:
    """So many new services, told to five fast subscribers and one slow one."""
    rates, costs = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    slow: list[float] = []
    count = FAST * stage.scale.deliveries
    async with stage.server("delivery", "api,notifier") as (server, store), stage.sink() as sink:
        floor = await stage.database.store("delivery_floor")
        for number in range(stage.scale.rounds):
            stage.say(f"{stage.scale.deliveries} events to {FAST} fast subscribers and a slow one, round {number + 1}")
            fast = [f"{sink.url}/fast/{number}-{place}" for place in range(FAST)]
            for name, also in ((ALONE, []), ("som", [f"{sink.url}/slow/{number}"])):
                told = await _told(stage, server, store, sink, fast, also)
                rates[name].append(count / told.seconds)
                costs[name].append(1000 * told.cpu / (count + told.slow))
                if also:
                    slow.append(told.slow / told.seconds)
                await empty(store)
            for name, write in ((BARE, None), (NOTED, floor)):
                seconds, cost = await _posted(fast, stage.scale.deliveries, write)
                rates[name].append(count / seconds)
                costs[name].append(1000 * cost / count)
    return _figures(rates, costs, median(slow))


def _figures(rates: dict[str, list[float]], costs: dict[str, list[float]], slow: float) -> list[Figure]:
    note = f"{FAST} fast subscribers beside one of 200 ms, which takes {slow:.0f}/s meanwhile"
    beside, below = {name: rates[name] for name in FLOORS}, {name: costs[name] for name in FLOORS}
    return [
        Figure(PART, "to fast subscribers", "deliveries/s", rates["som"], beside, None, note),
        Figure(PART, "delivery: server CPU", "ms/delivery", costs["som"], below),
    ]


@dataclass(frozen=True, slots=True)
class Told:
    """How telling went.

    Attributes:
        seconds: from the first new service to the last notification of a fast subscriber.
        slow: notifications that the slow one had taken by then.
        cpu: seconds of processor time of the server.
    """

    seconds: float
    slow: int
    cpu: float


async def _told(  # noqa: PLR0913, PLR0917 - who tells whom, and where it stands
    stage: Stage, server: Child, store: Store, sink: Child, fast: list[str], slow: list[str]
) -> Told:
    """Make new services, and wait until every fast subscriber knows of all."""
    hubs = [await _subscribe(stage, server, callback) for callback in fast + slow]
    await asyncio.sleep(0.2)
    before = Counter({path: int(seen["count"]) for path, seen in (await _seen(stage, sink)).items()})
    wanted = {callback.removeprefix(sink.url) for callback in fast}
    services = [_service(number) for number in range(stage.scale.deliveries)]
    began, spent = time.monotonic(), server.cpu
    for start in range(0, len(services), 500):
        await store.collection("service").insert_many(services[start : start + 500], ordered=False)
    seen: Counts = {}

    async def arrived() -> bool:
        seen.update(await _seen(stage, sink))
        return all(path in seen and seen[path]["count"] - before[path] >= stage.scale.deliveries for path in wanted)

    await until(arrived, "delivering")
    cpu = server.cpu - spent
    taken = sum(int(counts["count"]) for path, counts in seen.items() if path.startswith("/slow")) - sum(
        count for path, count in before.items() if path.startswith("/slow")
    )
    for hub in hubs:
        async with stage.http.delete(hub) as answer:
            assert answer.status == 204, await answer.text()
    return Told(max(seen[path]["last"] for path in wanted) - began, taken, cpu)


async def _seen(stage: Stage, sink: Child) -> Counts:
    found: Counts = await stage.get(f"{sink.url}/subscribers")
    return found


async def _subscribe(stage: Stage, server: Child, callback: str) -> str:
    hub = server.url + HUBS[1]
    made = await stage.post(hub, {"callback": callback})
    return f"{hub}/{made['id']}"


def _service(number: int) -> Document:
    key, now = new_id(), Clock().now()
    body = {
        "id": key,
        "@type": "Service",
        "name": f"Line {number}",
        "state": "active",
        "serviceType": "RFS",
        "serviceCharacteristic": [{"name": f"value-{place}", "value": "x" * 40} for place in range(8)],
    }
    document = {"_id": key, "tenant": "default", "body": body, "wt": [1]}
    created = outbox.stub("ServiceCreateEvent", state="active", who="bench")
    return outbox.first(document, [created], now)


async def _posted(callbacks: list[str], count: int, floor: Store | None) -> tuple[float, float]:
    """Seconds, and seconds of processor time, for posting as much without any engine."""
    events = [{"_id": new_id(), "body": orjson.dumps(_service(number)["body"])} for number in range(count)]
    began, spent = time.perf_counter(), time.process_time()
    if floor is not None:
        await floor.collection("event").insert_many([{**event} for event in events], ordered=False)
        for callback in callbacks:
            due = [{"_id": f"{event['_id']}:{callback}", "state": "pending"} for event in events]
            await floor.collection("delivery").insert_many(due, ordered=False)
    connector = aiohttp.TCPConnector(limit=AT_A_TIME * len(callbacks))
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(_post_all(session, callback, list(events), floor) for callback in callbacks))
    taken = time.perf_counter() - began, time.process_time() - spent
    if floor is not None:
        await empty(floor)
    return taken


async def _post_all(session: aiohttp.ClientSession, callback: str, events: list[Document], floor: Store | None) -> None:
    async def some() -> None:
        while events:
            event = events.pop()
            async with session.post(callback, data=event["body"]) as answer:
                await answer.read()
            if floor is not None:
                told = {"_id": f"{event['_id']}:{callback}"}
                await floor.collection("delivery").update_one(told, {"$set": {"state": "delivered"}})

    await asyncio.gather(*(some() for _ in range(AT_A_TIME)))
