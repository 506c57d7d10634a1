"""What must hold after a storm, whatever was killed when."""

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from tests.crash.client import ADMINISTRATION, ORDERS, SERVICES, Client
from tests.crash.customers import Customer
from tests.crash.processes import Server, World

Document = dict[str, Any]

SUBSCRIBED = frozenset({"tmf641", "tmf638"})
"""APIs that the storm's subscriber has registered with; other events are the history's alone."""

ARRIVAL_SECONDS = 60.0


def told(customers: Iterable[Customer]) -> list[str]:
    """Whose story did not come to its end."""
    return [f"{customer.name}: {customer.trouble}" for customer in customers if customer.trouble]


async def orders_completed(client: Client, customers: Iterable[Customer]) -> list[str]:
    """Every accepted order is completed, and the server knows of no order that nobody has placed."""
    states = {order["id"]: order["state"] for order in await client.all(f"{ORDERS}?fields=state")}
    accepted = {order for customer in customers for order in customer.orders}
    wrong = [f"order {order} is {states.get(order, 'gone')}" for order in accepted if states.get(order) != "completed"]
    return wrong + [f"order {order} was made twice over" for order in states.keys() - accepted]


async def effects_once(client: Client, world: World, customers: Iterable[Customer]) -> list[str]:
    """Every task of every plan took effect once, whatever keys it was called with, and nothing else did."""
    effects = await world.effects()
    taken = Counter((effect["orderId"], effect["service"], effect["taskId"], effect["operation"]) for effect in effects)
    wanted: Counter[tuple[str, str, str, str]] = Counter()
    for customer in customers:
        for order in customer.orders:
            plan = await client.get(f"{ADMINISTRATION}/plan/{order}")
            wanted.update((order, task["service"], task["id"], "fulfil") for task in plan["task"])
    wrong = [f"{count} effects, not {wanted[key]}, of {key}" for key, count in taken.items() if count != wanted[key]]
    wrong += [f"no effect of {key}" for key in wanted if key not in taken]
    wrong += [f"key {key} took effect {n} times" for key, n in Counter(e["key"] for e in effects).items() if n > 1]
    if mismatches := await world.mismatches():
        wrong.append(f"{mismatches} calls came with another body under the same key")
    return wrong


async def services_agree(client: Client, customers: Iterable[Customer]) -> list[str]:
    """The inventory says what the orders asked for."""
    wrong = []
    for customer in customers:
        if not customer.service:
            continue
        found = await client.find(f"{SERVICES}/{customer.service}")
        state = found["state"] if found else "absent"
        wanted = "terminated" if customer.deleted else "active"
        if state != wanted:
            wrong.append(f"service {customer.service} of {customer.name} is {state}, not {wanted}")
        if found and not customer.deleted:
            values = {entry["name"]: entry["value"] for entry in found["serviceCharacteristic"]}
            wrong += [
                f"{name} of {customer.name} is {values.get(name)}, not {value}"
                for name, value in customer.values.items()
                if values.get(name) != value
            ]
    unfinished = await client.all(f"{SERVICES}?state=designed,reserved&fields=state")
    return wrong + [f"service {service['id']} stayed {service['state']}" for service in unfinished]


async def events_arrived(client: Client, world: World) -> list[str]:
    """Every event that the server has recorded arrived, those of each resource in their order, without a gap."""
    give_up = time.monotonic() + ARRIVAL_SECONDS
    while True:
        events = await client.all(f"{ADMINISTRATION}/event?fields=id,sequence,resourceId,api,eventType")
        told = [event for event in events if event["api"] in SUBSCRIBED]
        wrong = _differences(told, await world.notifications())
        if not wrong or time.monotonic() > give_up:
            return wrong + await _nothing_dead(client, world)
        await asyncio.sleep(0.5)


def _differences(events: Sequence[Document], received: Sequence[Document]) -> list[str]:
    wrong = []
    numbers: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for event in events:
        numbers[event["resourceId"]][event["id"]] = event["sequence"]
    arrived: defaultdict[str, list[str]] = defaultdict(list)
    for notification in received:
        arrived[notification["resourceId"]].append(notification["eventId"])
    for resource, sequence in numbers.items():
        if sorted(sequence.values()) != list(range(1, len(sequence) + 1)):
            wrong.append(f"the events of {resource} have the numbers {sorted(sequence.values())}")
        if lost := sequence.keys() - set(arrived[resource]):
            wrong.append(f"{len(lost)} of {len(sequence)} events of {resource} did not arrive")
        order = [sequence.get(event, 0) for event in arrived[resource]]
        if order != sorted(order):
            wrong.append(f"the events of {resource} arrived as {order}")
        if 0 in order:
            wrong.append(f"events of {resource} arrived that are not recorded")
    return wrong


async def _nothing_dead(client: Client, world: World) -> list[str]:
    wrong = []
    for state in ("dead", "pending"):
        found = await client.all(f"{ADMINISTRATION}/delivery?state={state}&fields=id,last")
        if found:
            wrong.append(f"{len(found)} deliveries are {state}, such as {found[0]}")
    if refused := await world.refused():
        wrong.append(f"{refused} notifications were not signed well")
    return wrong


def nothing_broken(server: Server) -> tuple[list[str], Counter[str]]:
    """The log: no traceback, no error but of a database that was killed; and how often each warning came."""
    wrong: Counter[str] = Counter()
    warnings: Counter[str] = Counter()
    for line in server.program.log.read_text(errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            wrong[f"not a log entry: {line[:300]}"] += 1
            continue
        words = f"{entry.get('logger')}: {entry.get('event')}"
        if "exception" in entry:
            wrong[f"{words}: {str(entry['exception'])[-400:]}"] += 1
        elif entry["level"] in ("error", "critical") and "mongod has ended" not in words:
            wrong[f"{words}: {entry}"[:400]] += 1
        elif entry["level"] == "warning":
            warnings[words] += 1
    return [f"{count} x in the log: {what}" for what, count in wrong.items()], warnings
