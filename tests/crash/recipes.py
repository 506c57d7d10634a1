"""kill -9 of a real server at every named point of a recipe of all kinds of elements, as its database shows them.

    python -m tests.crash.recipes --kills 60

A change stream tells what the server writes: as soon as it has written something that it has not been killed at before
(a state of a task, where a run stands, a state of an order), it is killed and started again. One order after the other
goes through all that, until so many kills are spent, or an order has shown nothing new. The exit code is 0 when every
order is completed and every step took effect once.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pymongo.errors import PyMongoError

from models.domain.errors import Unavailable
from models.store import Store
from tests.crash import every_recipe
from tests.crash.client import Client
from tests.crash.processes import Server, World

Document = dict[str, Any]

PATIENCE = 300.0
"""Seconds for the start of a server, and for an order between two kills."""
WATCHED = ("task", "plan", "serviceOrder")


def names(change: Mapping[str, Any]) -> Iterator[str]:
    """The points that a change of the database shows, by names that are the same for every order."""
    collection = change["ns"]["coll"]
    fields = change.get("fullDocument") or change.get("updateDescription", {}).get("updatedFields", {})
    if collection == "task" and "state" in fields:
        yield f"task {str(change['documentKey']['_id']).rpartition(':')[2]} {fields['state']}"
    if collection == "serviceOrder" and "body.state" in fields:
        yield f"order {fields['body.state']}"
    if collection == "plan":
        for name, value in fields.items():
            if name.startswith("run.") and isinstance(value, dict) and "s" in value:
                yield f"plan {name[4:]} {value['s']}"
            if name.startswith("recipes.") and isinstance(value, dict) and "run" in value:
                places = sorted(token["key"] for token in value["run"]["tokens"])
                yield f"run at {' '.join(places) or value['run']['status']}"


class Killer:
    """Kills a server at the first point that none was killed at before.

    Attributes:
        killed_at: the points so far, in order.
    """

    def __init__(self, server: Server, most: int) -> None:
        self._server = server
        self._most = most
        self.killed_at: list[str] = []
        self.struck = asyncio.Event()

    async def watch(self, store: Store) -> None:
        """Follow the database for ever."""
        stages = [{"$match": {"ns.coll": {"$in": list(WATCHED)}}}]
        while True:
            try:
                async with await store.database.watch(stages) as stream:
                    async for change in stream:
                        await self._see(change)
            except PyMongoError:  # the database of a server that is being started
                await asyncio.sleep(0.2)

    async def _see(self, change: Mapping[str, Any]) -> None:
        fresh = [name for name in names(change) if name not in self.killed_at]
        if fresh and not self.struck.is_set() and len(self.killed_at) < self._most:
            self.killed_at.append(fresh[0])
            self.struck.set()
            await self._server.program.kill()


async def run(kills: int, folder: Path) -> list[str]:
    """Kill until nothing new is seen; returns what is wrong."""
    async with every_recipe.every_world(folder / "world") as place:
        server = Server(folder)
        client, killer = Client(place.session, server.url, PATIENCE), Killer(server, kills)
        try:
            server.program.start()
            await server.ready(place.session, PATIENCE)
            await every_recipe.prepare(client, place)
            async with every_recipe.orders(server, client) as orders:
                watching = asyncio.create_task(killer.watch(orders.store))
                try:
                    await _orders(orders, server, killer, place)
                finally:
                    watching.cancel()
                print(f"{len(killer.killed_at)} kills, {len(orders.placed)} orders", flush=True)
                return await orders.wrong(place)
        finally:
            await server.tidy_up()


async def _orders(orders: every_recipe.Orders, server: Server, killer: Killer, place: World) -> None:
    """Place one order after the other, until one goes through without a kill."""
    while True:
        before = len(killer.killed_at)
        placing = asyncio.create_task(orders.place(1))
        while not (placing.done() and await _helped(orders)):
            if killer.struck.is_set():
                server.program.start()
                await server.ready(place.session, PATIENCE)
                killer.struck.clear()
            await asyncio.sleep(0.05)
        await placing
        if len(killer.killed_at) == before:
            return


async def _helped(orders: every_recipe.Orders) -> bool:
    """Send what is awaited; returns whether all orders are completed."""
    try:
        await orders.help()
        return (await orders.states()).keys() == {"completed"}
    except (PyMongoError, Unavailable):  # the database of a server that is being started
        return False


def main() -> int:
    """Run as the command line says."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kills", type=int, default=200, help="how many at the most")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="som-recipes-") as folder:
        wrong = asyncio.run(run(chosen.kills, Path(folder)))
    for what in wrong[:40]:
        print(f"WRONG: {what}")
    print("Something is wrong." if wrong else "Everything held.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
