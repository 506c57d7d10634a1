"""How fast it is here, and beside what.

    python -m bench                       everything, about twenty minutes
    python -m bench --quick               a look, under two minutes
    python -m bench --only http --only items --json figures.json

It starts a database of its own, or uses the replica set that SOM_MONGODB_URL names.
"""

import argparse
import asyncio
import logging
import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import structlog
from rich.console import Console

from bench.database import database
from bench.figures import Figure
from bench.load import LoadGenerator
from bench.parts import (
    allocating,
    beside,
    completion,
    delivery,
    fallout,
    first_call,
    http,
    items,
    memory,
    people,
    pools,
    recipes,
    waits,
)
from bench.report import Report
from bench.scale import FULL, QUICK, SMALLEST, Scale
from bench.stage import Stage

Part = Callable[[Stage], Awaitable[list[Figure]]]

PARTS: dict[str, Part] = {
    "http": http.measure,
    "waits": waits.measure,
    "orders": completion.measure,
    "beside": beside.measure,
    "fallout": fallout.measure,
    "first-call": first_call.measure,
    "people": people.measure,
    "delivery": delivery.measure,
    "items": items.measure,
    "pools": pools.measure,
    "allocating": allocating.measure,
    "recipes": recipes.measure,
    "memory": memory.measure,
}


async def run(scale: Scale, parts: list[str], say: Callable[[str], None]) -> Report:
    """Measure these parts, and report."""
    load = LoadGenerator()
    try:
        with tempfile.TemporaryDirectory(prefix="som-bench-") as folder:
            place = Path(folder)
            async with (
                database(os.environ.get("SOM_MONGODB_URL"), place / "database") as mongod,
                aiohttp.ClientSession() as session,
            ):
                report = Report(scale.name, await mongod.version())
                stage = Stage(place, mongod, load, session, scale, say)
                for part in parts:
                    report.add(await PARTS[part](stage))
                return report
    finally:
        load.close()


def main() -> None:
    """Run as the command line says."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    options.add_argument("--smallest", action="store_true", help="only see that everything works; no figures to trust")
    options.add_argument("--only", action="append", choices=list(PARTS), help="only this part; may be repeated")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures into this file")
    options.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables into this file")
    chosen = options.parse_args()
    scale = SMALLEST if chosen.smallest else QUICK if chosen.quick else FULL
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    console, progress = Console(width=150 if not os.isatty(1) else None), Console(stderr=True, style="dim")
    report = asyncio.run(run(scale, chosen.only or list(PARTS), progress.print))
    report.print(console)
    if chosen.json:
        report.write(chosen.json)
    if chosen.markdown:
        report.write_markdown(chosen.markdown)


if __name__ == "__main__":
    main()
