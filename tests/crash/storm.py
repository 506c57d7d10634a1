"""A storm: orders are placed while servers and databases are killed, and in the end nothing is lost or doubled.

    python -m tests.crash.storm --orders 300 --kills 50 --seed 1
    python -m tests.crash.storm --orders 60 --kills 10 --seed 1 --schedulers 2

The exit code is 0 when everything held, 1 when something did not.
"""

import argparse
import asyncio
import random
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.crash import catalogue, checks
from tests.crash.client import ADMINISTRATION, SPECIFICATIONS, Client
from tests.crash.customers import Customer, customers
from tests.crash.processes import SECRET, STOP_SECONDS, Server, World, world

KINDS = {"server": 4, "mongod": 3, "both": 2, "starting": 1, "its start": 1}
SECOND = {"second": 4}
GOES_ON_WITHIN = 8.0  # seconds, on a machine that has time for it
HUBS = ("/tmf-api/serviceOrdering/v4/hub", "/tmf-api/serviceInventory/v4/hub")


@dataclass(frozen=True, slots=True)
class Wish:
    """What kind of storm.

    Attributes:
        orders: placed in all.
        kills: `kill -9` in all.
        seed: of everything that is left to chance.
        schedulers: 1, or 2 of which the second is killed, too, and in the end not started again.
        calm: seconds between a recovery and the next kill, at most.
        patience: seconds after a recovery within which work has to go on.
    """

    orders: int = 300
    kills: int = 50
    seed: int = 1
    schedulers: int = 1
    calm: float = 3.0
    patience: float = GOES_ON_WITHIN


@dataclass(frozen=True, slots=True)
class Recovery:
    """A kill (when, of what) and when the server was ready again, with so many orders waiting for it."""

    kind: str
    killed: float
    ready: float
    waiting: int


@dataclass(slots=True)
class Report:
    """What came of a storm."""

    orders: int = 0
    effects: int = 0
    events: int = 0
    repeats: int = 0
    seconds: float = 0.0
    kills: Counter[str] = field(default_factory=Counter)
    ready: list[float] = field(default_factory=list)
    gone_on: list[float] = field(default_factory=list)
    stopped: float = 0.0
    warnings: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [
            f"{self.orders} orders, {self.effects} effects, {self.events} events in {self.seconds:.0f} s",
            f"{self.repeats} requests repeated; SIGTERM took {self.stopped:.1f} s",
            "kills: " + ", ".join(f"{count} {kind}" for kind, count in sorted(self.kills.items())),
        ]
        for words, values in (("ready again after", self.ready), ("from there work went on after", self.gone_on)):
            if values:
                lines.append(f"{words} {statistics.median(values):.1f} s, at most {max(values):.1f} s")
        lines += [f"  warning {count:5} x {words}" for words, count in self.warnings.most_common()]
        shown = self.wrong[:40]
        lines += [f"WRONG: {what}" for what in shown]
        if len(self.wrong) > len(shown):
            lines.append(f"WRONG: and {len(self.wrong) - len(shown)} more")
        lines.append("Something is wrong." if self.wrong else "Everything held.")
        return "\n".join(lines)


async def prepare(client: Client, place: World) -> None:
    """Load the catalogue, register the fulfillers, subscribe to the hubs."""
    for specification in catalogue.SPECIFICATIONS:
        await client.make(SPECIFICATIONS, specification)
    for fulfiller in catalogue.fulfillers(place.fulfillers):
        await client.make(f"{ADMINISTRATION}/fulfiller", fulfiller)
    for hub in HUBS:
        await client.make(hub, {"callback": f"{place.subscriber}/events", "secret": SECRET})


async def faults(client: Client, place: World, placed: Sequence[Customer]) -> list[str]:
    """Everything that is not as it should be after the last order."""
    return [
        *checks.told(placed),
        *await checks.orders_completed(client, placed),
        *await checks.effects_once(client, place, placed),
        *await checks.services_agree(client, placed),
        *await checks.events_arrived(client, place),
    ]


class Storm:
    """One storm on one data folder."""

    def __init__(self, wish: Wish, place: World) -> None:
        self.wish = wish
        self.world = place
        self.server = Server(place.folder)
        self.second: Server | None = None
        self.client = Client(place.session, self.server.url)
        self.chance = random.Random(wish.seed)
        self.customers = customers(wish.orders, random.Random(wish.seed + 1))
        self.report = Report()
        self.recoveries: list[Recovery] = []
        self._done = 0

    async def run(self) -> Report:
        """Everything from the first start to the last check."""
        began = time.monotonic()
        self.server.program.start()
        try:
            await self.server.ready(self.world.session)
            await prepare(self.client, self.world)
            if self.wish.schedulers == 2:
                await self._start_second()
            lives = [asyncio.create_task(self._live(number)) for number in range(len(self.customers))]
            try:
                await self._kill()
                await asyncio.gather(*lives)
            finally:
                for life in lives:
                    life.cancel()
                await asyncio.gather(*lives, return_exceptions=True)
            await self._check()
        finally:
            for server in filter(None, (self.second, self.server)):
                await server.tidy_up()
        self.report.seconds = time.monotonic() - began
        return self.report

    async def _start_second(self) -> None:
        self.second = Server(
            self.world.folder,
            "second",
            mongodb_url=self.server.database_url,
            secret_key_file=self.server.data / "secret.key",
            roles="scheduler",
            public_url=self.server.url,
        )
        self.second.program.start()
        await self.second.ready(self.world.session)

    async def _live(self, number: int) -> None:
        """One customer; they come spread over the kills, so that there is always something under way."""
        share = self.wish.kills * number / len(self.customers)
        while self._done < share - 1:
            await asyncio.sleep(0.05)
        await self.customers[number].live(self.client)

    async def _kill(self) -> None:
        kinds = {**KINDS, **(SECOND if self.second else {})}
        for number in range(self.wish.kills):
            await asyncio.sleep(self.chance.uniform(0.3, self.wish.calm))
            last = number == self.wish.kills - 1
            kind = self.chance.choices(list(kinds), list(kinds.values()))[0]
            kind = "second" if last and self.second else kind
            began = time.time()
            self.report.kills[kind] += 1
            if kind == "second":
                await self._kill_second(last=last)
                self._done += 1
                continue
            await self._kill_main(kind)
            self._done += 1
            self.report.ready.append(await self.server.ready(self.world.session))
            self.recoveries.append(
                Recovery(kind, began, time.time(), sum(customer.open for customer in self.customers))
            )
        self._done = self.wish.kills + 1

    async def _kill_main(self, kind: str) -> None:
        match kind:
            case "mongod":
                self.server.kill_mongod()
                await asyncio.sleep(0.05)
                return
            case "server":
                await self.server.program.kill()
            case "both":
                self.server.kill_mongod()
                await asyncio.sleep(self.chance.choice((0.0, 0.0, 0.2, 1.0)))
                await self.server.program.kill()
            case "starting":  # killed, and killed once more while it comes up
                await self.server.program.kill()
                self.server.program.start()
                await asyncio.sleep(self.chance.uniform(0.5, 4.0))
                await self.server.program.kill()
            case "its start":  # the database is killed while a server comes up on it
                await self.server.program.kill()
                self.server.program.start()
                await asyncio.sleep(self.chance.uniform(0.5, 2.5))
                self.server.kill_mongod()
                return
        self.server.program.start()

    async def _kill_second(self, *, last: bool) -> None:
        assert self.second is not None
        await self.second.program.kill()
        if not last:
            self.second.program.start()

    async def _check(self) -> None:
        report, client = self.report, self.client
        report.orders = sum(len(customer.orders) for customer in self.customers)
        report.wrong += await faults(client, self.world, self.customers)
        report.wrong += [f"{count} x {what}" for what, count in client.odd.items()]
        report.effects = len(await self.world.effects())
        report.events = len(await self.world.notifications())
        report.repeats = client.repeats
        await self._measure()
        await self._stop()
        for server in filter(None, (self.server, self.second)):
            wrong, warnings = checks.nothing_broken(server)
            report.wrong += wrong
            report.warnings += warnings

    async def _measure(self) -> None:
        """How long after the server was ready the engine moved something, where orders waited for it."""
        history = await self.client.all(f"{ADMINISTRATION}/history?who=som&fields=at")
        moments = sorted(datetime.fromisoformat(entry["at"]).timestamp() for entry in history)
        for recovery in self.recoveries:
            moved = next((moment for moment in moments if moment > recovery.killed), recovery.ready)
            if not recovery.waiting:
                continue
            seconds = max(0.0, moved - recovery.ready)
            self.report.gone_on.append(seconds)
            if seconds > self.wish.patience:
                at = datetime.fromtimestamp(recovery.killed, UTC).time().isoformat("seconds")
                self.report.wrong.append(
                    f"after a kill ({recovery.kind}, at {at}) nothing moved for {seconds:.1f} s, "
                    f"with {recovery.waiting} orders waiting"
                )

    async def _stop(self) -> None:
        code, seconds = await self.server.program.terminate()
        self.report.stopped = seconds
        if code != 0 or seconds > STOP_SECONDS:
            self.report.wrong.append(f"SIGTERM: exit code {code} after {seconds:.1f} s")
        if (pid := self.server.mongod) is not None:
            self.report.wrong.append(f"a mongod was left running (process {pid})")


async def run(wish: Wish, folder: Path) -> Report:
    """Let a storm pass over a folder."""
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(world(folder))
        return await Storm(wish, place).run()


async def _unless_told(wish: Wish, folder: Path) -> Report:
    """Let a storm pass; told to end, it tidies up first: nothing that it started stays behind."""
    storm = asyncio.create_task(run(wish, folder))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, storm.cancel)
    return await storm


def _parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add: Any = options.add_argument
    add("--orders", type=int, default=300, help="orders placed in all")
    add("--kills", type=int, default=50, help="how often something is killed")
    add("--seed", type=int, default=1, help="of everything that is left to chance")
    add("--schedulers", type=int, choices=[1, 2], default=1, help="2: another process schedules, and is killed, too")
    add("--keep", type=Path, help="folder for data and logs, which then stay")
    return options


def main() -> int:
    options = _parser().parse_args()
    wish = Wish(options.orders, options.kills, options.seed, options.schedulers)
    with tempfile.TemporaryDirectory(prefix="som-storm-") as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            report = asyncio.run(_unless_told(wish, folder))
        except asyncio.CancelledError:
            print("Ended before its time.")
            return 1
    print(report)
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
