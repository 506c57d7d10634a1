"""Policies: written, tried, published and retired, version by version; and what they have decided."""

import time
from collections.abc import Mapping
from typing import Any

import orjson

from handlers.body import require_body
from handlers.conditions import check_if_match, etag, is_unchanged
from handlers.dependencies import Dependencies
from handlers.exchange import Reply, Request
from handlers.som.lists import AdminLists, Where, asked_fields, equals, one_of, one_reply
from handlers.som.times import shown
from models.domain.errors import InvalidRequest
from models.domain.lifecycles import POLICY
from models.domain.policies import RESULTS, NoAnswer, NotAVerdict, outcome, policy_of, question, verdict_of
from models.domain.releases.versions import InvalidVersion, Version
from models.domain.violations import Violation
from models.policies import COLLECTION, DECISIONS, PolicyVersions

Document = dict[str, Any]

_FILTERS: dict[str, Where] = {"name": equals("name"), "state": one_of("state", "state", sorted(POLICY.states))}
_DECISIONS: dict[str, Where] = {
    "order": equals("order"),
    "policy": equals("policy"),
    "outcome": one_of("state", "outcome", RESULTS),
}


class PolicyHandlers:
    """Keeps policies, and moves them along their life."""

    def __init__(self, dependencies: Dependencies, lists: AdminLists) -> None:
        """Keep them in this store."""
        self._lists = lists
        self._book = dependencies.policies
        self._service = dependencies.policy_service
        self._versions = PolicyVersions(dependencies.store, dependencies.clock)

    async def list(self, request: Request) -> Reply:
        """Answer policies."""
        return await self._lists.answer(request, COLLECTION, _FILTERS, lambda found: _policy(request, found))

    async def list_decisions(self, request: Request) -> Reply:
        """Answer decisions."""
        return await self._lists.answer(request, DECISIONS, _DECISIONS, _decision)

    async def retrieve(self, request: Request) -> Reply:
        """Answer one."""
        stored = await self._stored(request)
        if is_unchanged(request, stored):
            return Reply(304, headers=[(b"etag", etag(stored["rev"]))])
        return _reply(200, request, stored)

    async def create(self, request: Request) -> Reply:
        """Make a draft."""
        asked_fields(request)  # refused before anything is stored
        body = dict(require_body(request))
        try:
            Version.parse(body["version"])
        except InvalidVersion as error:
            raise InvalidRequest([Violation("/version", "invalidVersion", str(error))]) from None
        stored = await self._versions.create(request.caller, body)
        reply = _reply(201, request, stored)
        reply.headers.append((b"location", request.url(f"/policy/{stored['_id']}").encode()))
        return reply

    async def patch(self, request: Request) -> Reply:
        """Change a draft by a merge patch."""
        asked_fields(request)
        patch = require_body(request)
        stored = await self._versions.change(
            request.caller, request.id, patch, lambda found: check_if_match(request, found)
        )
        return _reply(200, request, stored)

    async def delete(self, request: Request) -> Reply:
        """Remove a draft."""
        await self._versions.delete(request.caller, request.id, lambda found: check_if_match(request, found))
        return Reply(204)

    async def publish(self, request: Request) -> Reply:
        """Have a draft decide from now on."""
        return await self._step(request, "published")

    async def retire(self, request: Request) -> Reply:
        """Ask a published one no more."""
        return await self._step(request, "retired")

    async def try_out(self, request: Request) -> Reply:
        """Ask one about an order that is not placed; nothing follows from it."""
        order = require_body(request)["order"]
        policy = policy_of(await self._stored(request))
        began, problem = time.monotonic(), None
        try:
            verdict = verdict_of(await self._service.ask(policy, question(policy.point, "", order)))
        except (NoAnswer, NotAVerdict) as failure:
            verdict, problem = policy.when_down, str(failure)
        made: Document = {
            "applies": policy.applies(order),
            "outcome": outcome(verdict, answered=problem is None),
            "result": verdict.to_document(),
            "duration": round((time.monotonic() - began) * 1000),
        }
        if problem is not None:
            made["problem"] = problem
        return Reply(200, orjson.dumps(made))

    async def _step(self, request: Request, to: str) -> Reply:
        asked_fields(request)
        why = require_body(request).get("why")
        stored = await self._versions.step(
            request.caller, request.id, to, why, lambda found: check_if_match(request, found)
        )
        self._book.invalidate()
        return _reply(200, request, stored)

    async def _stored(self, request: Request) -> Document:
        return await self._versions.get(request.caller.tenant, request.id)


def _policy(request: Request, stored: Mapping[str, Any]) -> Document:
    key = stored["_id"]
    return {
        "id": key,
        "href": request.url(f"/policy/{key}"),
        "state": stored["state"],
        **stored["body"],
        "step": [
            {("date" if name == "at" else name): value for name, value in step.items()}
            for step in stored.get("steps", ())
        ],
        "createdDate": shown(stored["created"]),
        "lastUpdate": shown(stored["updated"]),
    }


def _decision(stored: Mapping[str, Any]) -> Document:
    same = ("order", "policy", "result", "problem", "input", "duration")
    return {
        "id": stored["_id"],
        "decisionPoint": stored["point"],
        "outcome": stored["state"],
        **{name: stored[name] for name in same if name in stored},
        "date": shown(stored["asked"]),
    }


def _reply(status: int, request: Request, stored: Mapping[str, Any]) -> Reply:
    return one_reply(request, _policy(request, stored), [(b"etag", etag(stored["rev"]))], status)
