"""A stand-in for a performance management system (TMF628); no real one was met."""

import asyncio
from typing import Any

from aiohttp import web

from tests.integration.fulfiller_suite import Behaviour

Document = dict[str, Any]


class PerformanceManagement:
    """Stands in for a system that keeps measurement collection jobs: it knows the paths and names of TMF628 v4.0.0."""

    base = "/tmf-api/performance/v4"

    def __init__(self) -> None:
        self.routes = [(f"{self.base}/measurementCollectionJob{rest}", self.handle) for rest in ("", "/{key}")]
        self.behaviour: Behaviour = "done"
        self.jobs: dict[str, Document] = {}
        self.asked: list[str] = []
        self.made = 0

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append(request.method)
        key = request.match_info.get("key")
        trouble = await self._trouble() if request.method != "GET" else None
        if trouble is not None:
            return trouble
        if key is not None and key not in self.jobs:
            return web.json_response({"code": "60", "reason": "Resource not found"}, status=404)
        return await (self._list(request) if key is None else self._one(request, key))

    async def _list(self, request: web.Request) -> web.Response:
        if request.method == "POST":
            return await self._create(await request.json())
        wanted = request.query.get("jobId")
        return web.json_response([job for job in self.jobs.values() if wanted in (None, job.get("jobId"))])

    async def _one(self, request: web.Request, key: str) -> web.Response:
        if request.method == "DELETE":
            del self.jobs[key]
            return web.Response(status=204)
        if request.method == "PATCH":
            self.jobs[key] |= await request.json()
        return web.json_response(self.jobs[key])

    async def _trouble(self) -> web.Response | None:
        match self.behaviour:
            case "slow":
                await asyncio.sleep(30)
            case "throttling":
                return web.Response(status=429, headers={"Retry-After": "17"})
            case "refusing":
                return web.json_response({"code": "22", "reason": "Wrong", "message": "The rack is full."}, status=400)
            case "garbling":
                return web.Response(text="<html>It works!", content_type="text/html")
        return None

    async def _create(self, body: Document) -> web.Response:
        if not body.get("fileTransferData"):
            return web.json_response({"code": "22", "reason": "fileTransferData is missing"}, status=400)
        self.made += 1
        job = {**body, "id": f"job {self.made}", "executionState": "inProgress", "adminState": "unlocked"}
        self.jobs[job["id"]] = job
        if self.behaviour == "late" and self.made == 1:
            await asyncio.sleep(2)
        return web.json_response(job, status=201)
