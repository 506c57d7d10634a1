"""Orders that a recipe of every kind of element builds, on a real server: who does its steps, who sends messages."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models import inbox
from models.clock import Clock
from models.domain.recipes import State
from models.store import Store, connect
from tests.crash.client import ADMINISTRATION, ORDERS, SPECIFICATIONS, Client
from tests.crash.processes import Part, Server, World, world
from tests.integration.engine import every_element as every

Document = dict[str, Any]

NAME = "every-element"
REFUSER = "every-refuser"
PARTS = (Part("prompt", "sync", 0.0), Part("never", "callback", 36_000.0), Part("patient", "callback", 1.0))
DATABASE = "som"

_LEVEL = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="Levels" namespace="urn:t">
<decision id="level" name="Level"><decisionTable hitPolicy="FIRST">
<input id="i"><inputExpression id="e" typeRef="number"><text>n</text></inputExpression></input>
<output id="o" name="level" typeRef="string"/>
<rule id="r1"><inputEntry id="a"><text>3</text></inputEntry><outputEntry id="b"><text>"high"</text></outputEntry></rule>
<rule id="r2"><inputEntry id="c"><text>-</text></inputEntry><outputEntry id="f"><text>"low"</text></outputEntry></rule>
</decisionTable></decision></definitions>"""


def _done_by(step: str) -> str:
    if step in every.REFUSED:
        return f'fulfiller="{REFUSER}"'
    name = "never" if step in every.OPEN else "patient" if step == every.PATIENT else "prompt"
    return f'specification="{NAME}-{name}" action="add"'


def _fulfillers(addresses: dict[str, str]) -> Iterable[Document]:
    common = {"timeout": 5, "retry": {"delays": [0.2, 0.5, 1, 1, 2, 2, 5]}, "deadline": 36_000, "pollInterval": 36_000}
    for name, address in addresses.items():
        able = [{"specification": f"{NAME}-{name}", "action": "*"}]
        able += [{"specification": NAME, "action": action} for action in ("*", "person") if name == "prompt"]
        body = {"id": f"{NAME}-{name}", "name": name, "kind": "rest", "endpoint": address, "capability": able}
        yield {**body, **common, "honoursIdempotencyKey": True}
    settings = {"refuse": "no port is free"}
    capability = [{"specification": f"{NAME}-nothing", "action": "*"}]
    yield {"id": REFUSER, "name": REFUSER, "kind": "simulator", "capability": capability, "settings": settings}


async def prepare(client: Client, place: World) -> None:
    """Load the specification, register the fulfillers, publish the recipe."""
    await client.make(SPECIFICATIONS, {"id": NAME, "name": NAME, "version": "1.0.0", "lifecycleStatus": "Active"})
    for fulfiller in _fulfillers(place.fulfillers):
        await client.make(f"{ADMINISTRATION}/fulfiller", fulfiller)
    recipe = {
        "name": NAME,
        "version": "1.0.0",
        "bpmn": every.document(_done_by, refusal="refused"),
        "binding": [{"specification": NAME, "action": "add"}],
        "decisionTable": [{"name": "levels", "dmn": _LEVEL}],
    }
    made = await client.make(f"{ADMINISTRATION}/recipe", recipe)
    for step in ("review", "publish"):
        status, answer = await client.call("POST", f"{ADMINISTRATION}/recipe/{made['id']}/{step}", {"why": "a test"})
        assert status == 200, answer


@dataclass(slots=True)
class Orders:
    """Orders of the recipe, and whoever outside sends what it waits for: each message once, when it is awaited.

    Attributes:
        placed: ids of the orders.
        held_back: by order, how many of the messages it is sent; all, where it says nothing.
    """

    client: Client
    store: Store
    clock: Clock
    placed: list[str] = field(default_factory=list)
    held_back: dict[str, int] = field(default_factory=dict)
    _sent: set[tuple[str, str]] = field(default_factory=set)

    async def place(self, count: int) -> None:
        """Place orders."""
        item = {"id": "1", "action": "add", "service": {"serviceSpecification": {"id": NAME}}}
        for number in range(len(self.placed), len(self.placed) + count):
            made = await self.client.make(ORDERS, {"serviceOrderItem": [item]}, f"every-{number}")
            self.placed.append(made["id"])

    async def help(self) -> None:
        """Send the messages and signals that are awaited and have not been sent, as far as they are not held back."""
        for order in self.placed:
            plan = await self.store.get("plan", order) or {}
            for run in plan.get("recipes", {}).values():
                await self._send(order, State.from_document({"run": run["run"], "data": run["data"]}))

    async def _send(self, order: str, state: State) -> None:
        for wait in state.waits.values():
            name = wait.name or ""
            wanted = (wait.kind == "message" and name in every.MESSAGES) or name == every.SIGNAL
            count = sum(1 for one, _ in self._sent if one == order)
            if wanted and (order, name) not in self._sent and count < self.held_back.get(order, count + 1):
                entry = {"kind": wait.kind, "name": name, "data": {f"told{name}": True}}
                assert await inbox.append(self.store, self.clock, order, entry)
                self._sent.add((order, name))

    async def states(self) -> Counter[str]:
        """How many orders are in which state."""
        found = self.store.collection("serviceOrder").find({"_id": {"$in": self.placed}}, {"body.state": 1})
        return Counter([document["body"]["state"] async for document in found])

    async def until_rest(self, seconds: float = 300.0) -> None:
        """Help until every run that is held back waits for what it is not sent.

        Raises:
            TimeoutError: that took too long.
        """
        async with asyncio.timeout(seconds):
            while not await self._rests():
                await self.help()
                await asyncio.sleep(0.1)

    async def _rests(self) -> bool:
        fields = {"lease": 1, "inbox": 1, "recipes": 1}
        found = self.store.collection("plan").find({"_id": {"$in": self.placed}}, fields)
        return sum([self._awaits(plan) async for plan in found]) == len(self.placed)

    def _awaits(self, plan: Document) -> bool:
        """Whether a plan is let go of, and its run waits for something that it has not been sent."""
        if plan["inbox"] or "lease" in plan:
            return False
        waits = [wait for run in plan.get("recipes", {}).values() for wait in run["run"]["waits"]]
        names = {wait.get("name") for wait in waits} & {*every.MESSAGES, every.SIGNAL}
        return any((plan["_id"], name) not in self._sent for name in names)

    async def wrong(self, place: World) -> list[str]:
        """What is not as it must be once all orders are completed."""
        states = await self.states()
        found = [f"{count} orders are {state}" for state, count in states.items() if state != "completed"]
        if mismatches := await place.mismatches():
            found.append(f"{mismatches} calls came with another body under the same key")
        effects = await place.effects()
        for order in self.placed:
            found += [f"order {order}: {what}" for what in await self._faults(order, effects)]
        return found

    async def _faults(self, order: str, effects: list[Document]) -> list[str]:
        plan = await self.client.get(f"{ADMINISTRATION}/plan/{order}")
        names = {task["id"]: task["name"] for task in plan["task"]}
        mine = [effect for effect in effects if effect["orderId"] == order]
        twice = Counter((effect["taskId"], effect["operation"]) for effect in mine)
        found = [f"{names[task]} took effect {count} times" for (task, _), count in twice.items() if count > 1]
        done = Counter(names[effect["taskId"]] for effect in mine if effect["operation"] == "fulfil")
        once = Counter(name.partition("#")[0].partition(".")[0] for name in every.ONCE)
        for name, count in once.items():
            least = 0 if name == "tick" else count  # the clock may have had no time to tick beside the patient step
            if not least <= done[name] <= count:
                found.append(f"{name}: {done[name]} effects, not {count}")
        found += [f"{name}: not wanted" for name in done if name not in once]
        (run,) = plan["recipeRun"]
        body = await self.client.get(f"{ORDERS}/{order}")
        told = [entry["name"] for entry in body.get("milestone", ())]
        if run["status"] != "completed" or told != list(every.MILESTONES):
            found.append(f"its run is {run['status']}, its milestones are {told}")
        return found


@asynccontextmanager
async def orders(server: Server, client: Client) -> AsyncIterator[Orders]:
    """Orders on this server, which runs; messages go straight into the inboxes of their plans."""
    database = connect(server.database_url)
    store, clock = Store(database, DATABASE), Clock()
    await clock.synchronise(store.database)
    try:
        yield Orders(client, store, clock)
    finally:
        await database.close()


@asynccontextmanager
async def every_world(folder: Path) -> AsyncIterator[World]:
    """The fulfillers of the recipe, and a subscriber."""
    async with world(folder, PARTS) as place:
        yield place
