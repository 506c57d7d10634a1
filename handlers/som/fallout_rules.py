"""Fallout rules: registered, changed, removed, and tried on the fallout of the past."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson

from handlers.body import require_body
from handlers.conditions import check_if_match, etag, has_if_match, is_unchanged
from handlers.dependencies import Dependencies
from handlers.exchange import Reply, Request
from handlers.som.lists import AdminLists, one_reply
from handlers.som.times import shown
from models import outbox
from models.clock import parse
from models.domain.errors import AlreadyExists, Conflict, InvalidRequest, NotFound
from models.domain.fallout_rules import Application, Rule, rules_of, violations
from models.domain.merge_patch import with_defaults
from models.fallout_rules import COLLECTION, judged, past_holds, said_by_policies
from models.ids import new_id
from models.reading import reading

Document = dict[str, Any]

_TRIES = 8
_SHOWN_HOLDS = 1_000
_DEFAULTS: Document = {"enabled": True, "position": 100, "match": {}}
_DAY = timedelta(days=1)


class FalloutRules:
    """Keeps rules, and tries them."""

    def __init__(self, dependencies: Dependencies, lists: AdminLists) -> None:
        """Keep them in this store."""
        self._store = dependencies.store
        self._clock = dependencies.clock
        self._patterns = dependencies.patterns
        self._policies = dependencies.policies
        self._lists = lists

    async def list(self, request: Request) -> Reply:
        """Answer rules, in the order in which they are read."""
        by_position = (("body.position", 1), ("_id", 1))
        return await self._lists.answer(request, COLLECTION, {}, lambda found: _shown(request, found), sort=by_position)

    async def retrieve(self, request: Request) -> Reply:
        """Answer one."""
        stored = await self._stored(request)
        if is_unchanged(request, stored):
            return Reply(304, headers=[(b"etag", etag(stored["rev"]))])
        return self._reply(200, request, stored)

    async def create(self, request: Request) -> Reply:
        """Make one; it holds for whatever is held from now on."""
        body = {**_DEFAULTS, **require_body(request)}
        key = body.setdefault("id", new_id())
        self._check(body)
        document: Document = {"_id": key, "tenant": request.caller.tenant, "body": body}
        made = [outbox.stub("FalloutRuleCreateEvent", who=request.caller.subject)]
        try:
            await self._store.insert(COLLECTION, outbox.first(document, made, self._clock.now()))
        except AlreadyExists:
            raise AlreadyExists(f"There is a fallout rule with the id {key!r} already.") from None
        reply = self._reply(201, request, document)
        reply.headers.append((b"location", request.url(f"/falloutRule/{key}").encode()))
        return reply

    async def patch(self, request: Request) -> Reply:
        """Change one by a merge patch: it gets a new version."""
        patch = require_body(request)
        for _ in range(_TRIES):
            stored = await self._stored(request)
            check_if_match(request, stored)
            body = with_defaults(stored["body"], patch, _DEFAULTS, whole=("match", "then"))
            if body == stored["body"]:
                return self._reply(200, request, stored)
            self._check(body)
            changed = [name for name in {**stored["body"], **body} if stored["body"].get(name) != body.get(name)]
            before, after = ({name: one.get(name) for name in changed} for one in (stored["body"], body))
            told = outbox.stub(
                "FalloutRuleAttributeValueChangeEvent", who=request.caller.subject, before=before, after=after
            )
            change = outbox.change(stored, {"body": body}, [told], self._clock.now())
            if await self._store.update(COLLECTION, _guard(stored), change):
                return self._reply(200, request, await self._stored(request))
            if has_if_match(request):
                check_if_match(request, await self._stored(request))
        raise Conflict("Others change this rule all the time; please repeat the request.")

    async def delete(self, request: Request) -> Reply:
        """Remove one; what it has done stays told on the tasks."""
        for _ in range(_TRIES):
            stored = await self._stored(request)
            check_if_match(request, stored)
            gone = [outbox.stub("FalloutRuleDeleteEvent", who=request.caller.subject)]
            change = outbox.change(stored, {"tenant": f"~{stored['tenant']}"}, gone, self._clock.now())
            if await self._store.update(COLLECTION, _guard(stored), change):
                return Reply(204)
        raise Conflict("Others change this rule all the time; please repeat the request.")

    async def try_out(self, request: Request) -> Reply:
        """Answer what rules would have done about the fallout of the past; nothing is changed."""
        body = require_body(request)
        now = self._clock.now()
        since = parse(body["since"]) if "since" in body else now - _DAY
        rules = await self._rules_to_try(request, body)
        tasks = await past_holds(self._store, request.caller.tenant, since)
        in_force = (await self._policies.of(request.caller.tenant)).ids
        found = judged(tasks, rules, since, await said_by_policies(self._store, request.caller.tenant, tasks, in_force))
        times = Counter(said.rule.id for _, _, said in found if said is not None)
        made = {
            "since": shown(since),
            "holds": len(found),
            "tasks": len(tasks),
            "leftToPeople": sum(1 for _, _, said in found if said is None or said.rule.do == "hold"),
            "rule": [_tally(rule, times[rule.id]) for rule in rules],
            "hold": [_judged(request, *one) for one in found[-_SHOWN_HOLDS:]],
        }
        return Reply(200, orjson.dumps(made))

    async def _rules_to_try(self, request: Request, body: Mapping[str, Any]) -> tuple[Rule, ...]:
        """Those given, or else those that are there."""
        if "rule" not in body:
            with reading():
                where = {"tenant": request.caller.tenant}
                stored = await self._store.collection(COLLECTION).find(where).to_list()
            return rules_of(((one["body"], one["rev"]) for one in stored), self._patterns)
        given = [{**_DEFAULTS, "id": f"given-{place}", **rule} for place, rule in enumerate(body["rule"])]
        wrong = [
            found for place, rule in enumerate(given) for found in violations(rule, self._patterns, f"/rule/{place}")
        ]
        if wrong:
            raise InvalidRequest(wrong)
        return rules_of(((rule, 0) for rule in given), self._patterns)

    def _check(self, body: Mapping[str, Any]) -> None:
        found = violations(body, self._patterns)
        if found:
            raise InvalidRequest(found)

    async def _stored(self, request: Request) -> Document:
        stored = await self._store.get(COLLECTION, request.id, tenant=request.caller.tenant)
        if stored is None:
            raise NotFound(f"There is no fallout rule with the id {request.id[:100]!r}.")
        return stored

    @staticmethod
    def _reply(status: int, request: Request, stored: Document) -> Reply:
        return one_reply(request, _shown(request, stored), [(b"etag", etag(stored["rev"]))], status)


def _guard(stored: Document) -> Document:
    return {"_id": stored["_id"], "tenant": stored["tenant"], "rev": stored["rev"]}


def _shown(request: Request, stored: Document) -> Document:
    key = stored["_id"]
    return {
        "id": key,
        "href": request.url(f"/falloutRule/{key}"),
        "version": stored["rev"],
        **{name: value for name, value in stored["body"].items() if name != "id"},
        "createdDate": shown(stored["created"]),
        "lastUpdate": shown(stored["updated"]),
    }


def _tally(rule: Rule, count: int) -> Document:
    return {"id": rule.id, "name": rule.name, "version": rule.version, "do": rule.do, "count": count}


def _judged(request: Request, task: Mapping[str, Any], hold: Mapping[str, Any], said: Application | None) -> Document:
    at: datetime = hold["at"]
    return {
        "fallout": {"id": task["_id"], "href": request.url(f"/fallout/{task['_id']}")},
        "at": shown(at),
        "count": hold.get("count", 1),
        "code": hold["code"],
        "message": (hold.get("error") or {}).get("message"),
        "rule": None if said is None or said.rule.policy is not None else said.rule.id,
        "policy": None if said is None else said.rule.policy,
        "do": None if said is None else said.rule.do,
        "delay": said.delay if said is not None and said.rule.do == "retry" else None,
    }
