"""Run as a program: a server that owns an embedded database and does nothing else.

Prints the database's process id and address.
"""

import asyncio
import sys
from pathlib import Path

from adapters.embedded_mongod import EmbeddedMongod


async def serve(data_dir: Path) -> None:
    mongod = EmbeddedMongod(data_dir)
    url = await mongod.start()
    print(mongod.pid, url, flush=True)
    await asyncio.sleep(600)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
