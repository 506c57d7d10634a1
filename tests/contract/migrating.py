"""How the statuses of moving runs of recipes come about: by where they are to go."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from httpx import Response

from tests.contract.stage import Operation, Stage
from tests.contract.subjects import subject


def _asked(body: Mapping[str, Any]) -> Callable[[Stage, Operation], Awaitable[Response]]:
    async def provoke(stage: Stage, operation: Operation) -> Response:
        url = await subject(stage, operation)
        return await stage.client.request(operation.method, url, **operation.sent(dict(body)))

    return provoke


MIGRATIONS = {
    ("migrateRecipeRuns", "200"): _asked({"to": "1.0.0", "preview": True}),
    ("migrateRecipeRuns", "409"): _asked({"to": "9.9.9"}),
}
