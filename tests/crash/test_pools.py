"""Processes allocate the same thousand things at once, and are killed: none is given twice, and counts are right."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from models.clock import Clock
from models.domain.caller import DEFAULT_TENANT
from models.indexes import create_all
from models.pools.administration import PoolAdministration
from models.pools.audit import Audit
from models.pools.pools import ResourcePoolStore
from models.store import Store, connect
from tests.crash.processes import LOOK, Program

KEYS = 1_000
PROCESSES = 3
KILLS = 6
MINUTE = 60.0


@pytest.fixture
async def store(mongodb_url: str, database_name: str) -> AsyncIterator[Store]:
    client = connect(mongodb_url)
    made = Store(client, database_name)
    await create_all(made.database)
    pools = ResourcePoolStore(made, Clock())
    administration = PoolAdministration(made, Clock(), pools.turns)
    amount = {"capacityAmountFrom": "1", "capacityAmountTo": "250"}
    hosts = [{"id": f"h{number}", "measure": [{"name": "cpu", "amount": "50"}]} for number in range(5)]
    for name, kind, capacity in (
        ("numbers", "discrete", [{"capacityAmount": amount}]),  # not enough for all: some wait
        ("net", "address", [{"prefix": "10.0.0.0/20"}]),
        ("hosts", "capacity", hosts),
    ):
        body = {"id": name, "name": name, "kind": kind, "quarantine": 600 if kind == "address" else 0}
        await administration.create(DEFAULT_TENANT, body, capacity, "anna")
    yield made
    await client.close()


async def test_of_a_thousand_allocations_beside_kills_none_is_doubled_and_the_counts_are_a_recount(
    store: Store, mongodb_url: str, tmp_path: Path
) -> None:
    programs = [_program(store, mongodb_url, tmp_path, number) for number in range(PROCESSES)]
    chance = random.Random(11)
    killed_at_work = 0
    try:
        for program in programs:
            program.start()
        for _ in range(KILLS):
            program = chance.choice(programs)
            await _says(program, "begun")
            await asyncio.sleep(chance.uniform(0.1, 0.6))
            killed_at_work += program.alive
            await program.kill()
            program.log.write_text("")
            program.start()
        for program in programs:
            await _says(program, "done")
    finally:
        for program in programs:
            await program.kill()
    assert killed_at_work > 0
    await _require_all(store)


def _program(store: Store, url: str, folder: Path, number: int) -> Program:
    script = str(Path(__file__).with_name("pools_process.py"))
    command = [sys.executable, script, url, store.database.name, str(number), str(KEYS)]
    root = str(Path(__file__).parents[2])
    return Program(command, folder / f"{number}.log", {"PYTHONPATH": root})


async def _says(program: Program, word: str) -> None:
    async with asyncio.timeout(4 * MINUTE):
        while word not in program.log.read_text() and "done" not in program.log.read_text():
            assert program.alive or "done" in program.log.read_text(), program.last_words()
            await asyncio.sleep(LOOK)


async def _require_all(store: Store) -> None:
    """Every key has what is its own, once; the rest waits, and whoever waits finds nothing."""
    audit = Audit(store, Clock(), ResourcePoolStore(store, Clock()).turns)
    for pool in ("numbers", "net", "hosts"):
        _, findings = await audit.check(pool, repair=False, who="anna")
        assert [one for one in findings if one.code != "holderGone"] == [], "the services are no part of this"
    members = await store.collection("resource").find({"use": {"$in": ["reserved", "used"]}}).to_list()
    keys = [one["claim"] for one in members]
    assert len(keys) == len(set(keys))
    waiting = {one["_id"] async for one in store.collection("poolDemand").find({"state": "waiting"})}
    kept = {f"key-{number}" for number in range(KEYS) if number % 5}
    assert set(keys) | waiting == kept
    assert not set(keys) & waiting
    assert all(one["use"] == ("used" if int(one["claim"][4:]) % 3 == 1 else "reserved") for one in members)
    found = {pool: sum(one["pool"] == pool for one in members) for pool in ("numbers", "net", "hosts")}
    wanted = [sum(int(key[4:]) % 3 == kind for key in kept) for kind in range(3)]
    assert found == {"numbers": 250, "net": wanted[1], "hosts": 250}
    assert len(waiting) == wanted[0] - 250 + wanted[2] - 250
