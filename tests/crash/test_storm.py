"""Storms of a size for every day; `python -m tests.crash.storm` makes them as long as one likes."""

import asyncio
import os
import time
from pathlib import Path

from tests.crash import catalogue, checks, storm
from tests.crash.client import Client
from tests.crash.customers import Customer
from tests.crash.processes import STOP_SECONDS, Server, world
from tests.crash.storm import Wish
from tests.database import needs_embedded_mongod

pytestmark = needs_embedded_mongod

PATIENCE = 120.0  # how quick a busy machine recovers is for the storm by hand to judge


async def test_nothing_is_lost_or_doubled_when_servers_and_databases_are_killed(tmp_path: Path) -> None:
    report = await storm.run(
        Wish(orders=40, kills=5, seed=int(os.environ.get("SOM_STORM_SEED", "1")), patience=PATIENCE), tmp_path
    )
    print(report)
    assert report.orders == 40
    assert not report.wrong, str(report)


async def test_of_two_schedulers_the_one_that_lives_finishes_what_the_killed_one_had(tmp_path: Path) -> None:
    report = await storm.run(Wish(orders=20, kills=2, seed=2, schedulers=2, patience=PATIENCE), tmp_path)
    print(report)
    assert report.kills["second"] >= 1
    assert not report.wrong, str(report)


async def test_sigterm_in_the_middle_of_work_loses_nothing_and_what_is_left_goes_on_at_the_next_start(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as place:
        server = Server(tmp_path)
        client = Client(place.session, server.url)
        customers = [
            Customer(f"customer-{number}", catalogue.ORDERABLE[number % 3], ("add", "one")) for number in range(12)
        ]
        server.program.start()
        try:
            await server.ready(place.session)
            await storm.prepare(client, place)
            lives = [asyncio.create_task(customer.live(client)) for customer in customers]
            while not await place.effects():
                await asyncio.sleep(0.02)
            code, seconds = await server.program.terminate()
            assert (code, server.mongod) == (0, None)
            assert seconds < STOP_SECONDS
            server.program.start()
            await server.ready(place.session)
            began = time.monotonic()
            await asyncio.gather(*lives)
            assert time.monotonic() - began < 60, "nothing waits for ever"
            assert await storm.faults(client, place, customers) == []
            await server.program.terminate()
            assert checks.nothing_broken(server)[0] == []
            assert "took back the work" not in server.program.log.read_text(), "all had been handed back"
        finally:
            await server.tidy_up()
