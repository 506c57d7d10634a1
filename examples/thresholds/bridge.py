"""A bridge from tasks of the kind `monitor` to a system that keeps thresholds (TMF649, or another that speaks HTTP).

    python examples/thresholds/bridge.py --port 9005 --thresholds http://thresholds.example/api/threshold

It takes tasks as api_specs/fulfiller/v1.yaml writes. The task's input is the threshold, in the names of that system;
the bridge adds one attribute (`--name`, by default `name`), which says whose it is and by which it is found again. So
it keeps nothing itself, and whatever is repeated comes to the same. Of the other system it takes for granted what all
TM Forum APIs have: POST of a collection, filtered by an attribute, and PATCH (merge) and DELETE of what has an `id`.
"""

import argparse
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

from aiohttp import ClientError, ClientSession, ClientTimeout, web

MERGE = "application/merge-patch+json"
REFERRED = "Threshold"


class Bridge:
    """Makes, changes and removes the thresholds of services."""

    def __init__(self, thresholds: str, name: str) -> None:
        """Keep thresholds in this collection, each known by this attribute."""
        self.thresholds = thresholds.rstrip("/")
        self.name = name

    async def session(self, _: web.Application) -> AsyncIterator[None]:
        """Speak to the other system as long as the bridge stands."""
        async with ClientSession(timeout=ClientTimeout(total=8), raise_for_status=True) as self.client:
            yield

    async def take(self, request: web.Request) -> web.Response:
        """POST: a task."""
        try:
            task = await request.json()
            what = f"{task['operation']} {task['action']}"
            named = f"{task['service']['id']}/{task['task']}"
        except (ValueError, KeyError, TypeError):
            return web.json_response({"reason": "The body is no task of the kind monitor."}, status=400)
        try:
            match what:
                case "fulfil add" | "fulfil modify":
                    return await self.put(named, task.get("input"))
                case "fulfil delete":
                    return await self.remove(self.known(task["service"]))
                case "compensate add" | "cancel add":
                    return await self.remove([one["id"] for one in await self.find(named)])
        except (ClientError, TimeoutError) as error:
            return web.json_response({"reason": f"The thresholds cannot be reached: {error}"}, status=503)
        # What a threshold was before is not kept: somebody has to look.
        return web.json_response({"reason": f"A threshold is no matter of {what}."}, status=409)

    async def put(self, named: str, wanted: Any) -> web.Response:
        """Have the threshold of this name be as it is wanted."""
        if not isinstance(wanted, dict):
            return web.json_response({"reason": "The input of the task has to be the threshold."}, status=422)
        body, found = {**wanted, self.name: named}, await self.find(named)
        if found:
            path, headers = f"{self.thresholds}/{quote(str(found[0]['id']), safe='')}", {"Content-Type": MERGE}
            async with self.client.patch(path, json=body, headers=headers) as answer:
                made = await answer.json()
        else:
            async with self.client.post(self.thresholds, json=body) as answer:
                made = await answer.json()
        reference = {"id": made["id"], "href": f"{self.thresholds}/{made['id']}", "name": named}
        return web.json_response(
            {"output": {"threshold": made["id"]}, "supportingResource": [{**reference, "@referredType": REFERRED}]}
        )

    async def find(self, named: str) -> list[dict[str, Any]]:
        """The threshold of this name; a filter that is not understood there must not mislead us."""
        async with self.client.get(self.thresholds, params={self.name: named}) as answer:
            return [one for one in await answer.json() if one.get(self.name) == named]

    def known(self, service: dict[str, Any]) -> list[str]:
        """The ids of all thresholds that a service refers to."""
        return [one["id"] for one in service.get("supportingResource", ()) if one.get("@referredType") == REFERRED]

    async def remove(self, keys: list[str]) -> web.Response:
        """Remove thresholds; those that are gone are gone."""
        for key in keys:
            path = f"{self.thresholds}/{quote(str(key), safe='')}"
            async with self.client.delete(path, raise_for_status=False) as answer:
                if answer.status not in (404, 410):
                    answer.raise_for_status()
        return web.json_response({"output": {"removed": keys}})


def main() -> None:
    """Take tasks until somebody ends it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=9005, help="where tasks are taken (127.0.0.1)")
    parser.add_argument("--thresholds", required=True, help="address of the collection of thresholds")
    parser.add_argument("--name", default="name", help="the attribute that says whose a threshold is")
    options = parser.parse_args()
    bridge, app = Bridge(options.thresholds, options.name), web.Application()
    app.router.add_post("/", bridge.take)
    app.cleanup_ctx.append(bridge.session)
    web.run_app(app, host="127.0.0.1", port=options.port, print=None)


if __name__ == "__main__":
    main()
