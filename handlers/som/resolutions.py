"""Bulk resolutions of fallout: one wish for all that a filter lets through."""

from collections.abc import Mapping
from typing import Any

import orjson

from handlers.body import require_body
from handlers.dependencies import Dependencies
from handlers.errors import invalid
from handlers.exchange import Reply, Request
from handlers.settings import HttpSettings
from handlers.som.fallout_bodies import cause_of
from handlers.som.interventions import wish_of
from handlers.som.lists import AdminLists, list_reply, one_of, one_reply
from handlers.som.times import shown
from models.clock import parse
from models.domain.errors import Conflict, NotFound
from models.reading import page
from models.resolutions import COLLECTION, DEFAULT_RATE, DONE, STOPPED, UNDER_WAY, create, outcomes, stop, what_stays

Document = dict[str, Any]

_FILTERS = {"state": one_of("state", "state", (*UNDER_WAY, DONE, STOPPED))}
_NEWEST_FIRST = (("created", -1), ("_id", -1))


class FalloutResolutions:
    """Takes bulk jobs, and tells how far they are."""

    def __init__(self, dependencies: Dependencies, settings: HttpSettings, lists: AdminLists) -> None:
        """Keep them in this store."""
        self._store = dependencies.store
        self._clock = dependencies.clock
        self._settings = settings
        self._lists = lists

    async def create(self, request: Request) -> Reply:
        """Take a job; the scheduler works it off.

        Raises:
            InvalidRequest: it names no fallout, or says too little of what to do.
        """
        body = dict(require_body(request))
        wanted = _wanted(body.pop("match"))
        rate = body.pop("rate", DEFAULT_RATE)
        wish = wish_of(body, body.get("who") or request.caller.subject)
        if wish.fulfiller is not None:
            known = await self._store.get("fulfiller", wish.fulfiller, tenant=request.caller.tenant)
            if known is None:
                raise invalid("/fulfiller", "unknownFulfiller", f"There is no fulfiller {wish.fulfiller[:100]!r}.")
        job = await create(self._store, self._clock, request.caller.tenant, wanted, wish, rate)
        made = _body(request, job, {})
        return Reply(202, orjson.dumps(made), [(b"location", made["href"].encode())])

    async def retrieve(self, request: Request) -> Reply:
        """Answer one, with what has become of its tasks so far."""
        return await self._answer(request, await self._job(request))

    async def stop(self, request: Request) -> Reply:
        """Stop one: what it has passed on is done, the rest stays held.

        Raises:
            Conflict: it has ended already.
        """
        change = require_body(request)
        job = await self._job(request)
        who = change.get("who") or request.caller.subject
        if job["state"] != STOPPED:
            await stop(self._store, self._clock, job, who, change.get("why"))
            job = await self._job(request)
        if job["state"] != STOPPED:
            raise Conflict("The resolution has passed everything on already; there is nothing left to stop.")
        return await self._answer(request, job)

    async def _job(self, request: Request) -> Document:
        job = await self._store.get(COLLECTION, request.id, tenant=request.caller.tenant)
        if job is None:
            raise NotFound(f"There is no resolution with the id {request.id[:100]!r}.")
        return job

    async def _answer(self, request: Request, job: Document) -> Reply:
        became = await outcomes(self._store, [job["_id"]])
        body = _body(request, job, became.get(job["_id"], {}))
        if job["wish"].get("undo"):
            count, first = await what_stays(self._store, job["_id"])
            body |= {"notUndoneCount": count, "notUndone": [_stays(request, one) for one in first]}
        return one_reply(request, body)

    async def list(self, request: Request) -> Reply:
        """Answer all, newest first."""
        query = self._lists.parse(request, _FILTERS)
        total, jobs = await page(
            self._store,
            COLLECTION,
            {"tenant": request.caller.tenant, **query.where},
            sort=_NEWEST_FIRST,
            offset=query.offset,
            limit=query.limit,
            seconds=self._settings.query_seconds,
        )
        became = await outcomes(self._store, [job["_id"] for job in jobs])
        return list_reply(request, query, total, [_body(request, job, became.get(job["_id"], {})) for job in jobs])


def _wanted(match: Mapping[str, Any]) -> Document:
    wanted = {name: value for name, value in match.items() if name not in ("since", "id")}
    if "since" in match:
        wanted["since"] = parse(match["since"])
    if "id" in match:
        wanted["ids"] = list(match["id"])
    if not wanted:
        raise invalid("/match", "required", "Name the fallout: a cause, a code, a fulfiller …, or the ids of tasks.")
    return wanted


def _body(request: Request, job: Mapping[str, Any], outcome: Mapping[str, int]) -> Document:
    key, wish = job["_id"], job["wish"]
    match = {("id" if name == "ids" else name): value for name, value in job["wanted"].items()}
    if "since" in match:
        match["since"] = shown(match["since"])
    return {
        "id": key,
        "href": request.url(f"/falloutResolution/{key}"),
        "state": job["state"],
        "match": match,
        "do": wish["do"],
        "who": wish["who"],
        "why": wish.get("why"),
        "rate": job["rate"],
        "found": job["found"],
        "taken": job["taken"],
        "refused": job["refused"],
        "outcome": dict(outcome),
        "error": job["errors"],
        "createdDate": shown(job["created"]),
        "lastUpdate": shown(job["updated"]),
        "left": max(0, job["found"] - job["taken"] - job["refused"]) if job["state"] != DONE else 0,
        "endDate": shown(job["updated"]) if job["state"] in (DONE, STOPPED) else None,
        "stopped": _stopped(job),
    }


def _stopped(job: Mapping[str, Any]) -> Document | None:
    said = job.get("stopped")
    return None if said is None else {**said, "at": shown(said["at"])}


def _stays(request: Request, one: Mapping[str, Any]) -> Document:
    task = {"id": one["task"], "href": request.url(f"/task/{one['task']}"), "name": one["name"]}
    return {**cause_of(request, one), "item": one["item"], "task": task, "reason": one["reason"]}
