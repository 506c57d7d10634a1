"""The example fulfiller, run as the separate process that it is."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "examples" / "fulfillers" / "rest_fulfiller.py"


@asynccontextmanager
async def example_fulfiller(*options: str, end: str = "terminate") -> AsyncIterator[str]:
    """Yields its address; `end="kill"` ends it as a crash would."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), *options, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
        assert line.startswith("listening on "), line
        yield line.split()[-1]
    finally:
        if process.returncode is None:
            getattr(process, end)()
        await asyncio.wait_for(process.communicate(), 20)
