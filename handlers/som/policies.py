"""Policies: written, tried, published and retired, version by version; and what they have decided."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from handlers.body import require_body
from handlers.conditions import check_if_match, etag, is_unchanged
from handlers.dependencies import Dependencies
from handlers.exchange import Reply, Request
from handlers.som.lists import AdminLists, Where, asked_fields, equals, one_of, one_reply
from handlers.som.times import shown
from models import policies
from models.aside import aside
from models.clock import to_text
from models.domain.decision_points import RESULTS
from models.domain.errors import Conflict, InvalidRequest
from models.domain.lifecycles import POLICY
from models.domain.policies import question
from models.domain.releases.versions import InvalidVersion, Version
from models.domain.violations import Violation
from models.policies import COLLECTION, DECISIONS, PolicyVersions
from models.policy_asking import ask
from models.policy_tables import check_policy, objections, read_policy
from models.secrets import Secrets, names_of

Document = dict[str, Any]

_FILTERS: dict[str, Where] = {"name": equals("name"), "state": one_of("state", "state", sorted(POLICY.states))}
_DECISIONS: dict[str, Where] = {
    "order": equals("order"),
    "processFlow": equals("order"),
    "policy": equals("policy"),
    "outcome": one_of("state", "outcome", RESULTS),
}


_TRIES = 4


class NotPublishable(Conflict):
    """The policy cannot be published as it is."""

    code = "policyNotPublishable"

    def __init__(self, key: str, against: Iterable[str]) -> None:
        """Name everything that stands against it: a policy is mended as a whole."""
        super().__init__("\n".join([f"{key} cannot be published:", *against]))


class PolicyHandlers:
    """Keeps policies, and moves them along their life."""

    def __init__(self, dependencies: Dependencies, lists: AdminLists) -> None:
        """Keep them in this store."""
        self._lists = lists
        self._book = dependencies.policies
        self._clock = dependencies.clock
        self._service = dependencies.policy_service
        self._versions = PolicyVersions(dependencies.store, dependencies.clock)
        self._store = dependencies.store
        self._secrets = Secrets(dependencies.store, dependencies.clock, dependencies.sealer)

    async def list(self, request: Request) -> Reply:
        """Answer policies."""
        return await self._lists.answer(
            request, COLLECTION, _FILTERS, lambda found: _policy(request, found, whole=False)
        )

    async def list_decisions(self, request: Request) -> Reply:
        """Answer decisions."""
        return await self._lists.answer(request, DECISIONS, _DECISIONS, policies.shown)

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
        check_policy(body)
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
        """Have a draft decide from now on, whose table and test cases stand by it."""
        asked_fields(request)
        why = require_body(request).get("why")
        for _ in range(_TRIES):
            stored = await self._stored(request)
            check_if_match(request, stored)
            POLICY.move(stored["state"], "published")
            against = await aside(lambda body: list(objections(body)), stored["body"])
            named = stored["body"].get("secret")
            if named is not None and named not in await names_of(self._store, request.caller.tenant):
                against.append(f"secret: there is no secret {named!r}")
            if against:
                raise NotPublishable(stored["_id"], against)
            if await self._versions.move(request.caller, stored, "published", why):
                self._book.invalidate()
                return _reply(200, request, await self._stored(request))
        raise Conflict("Others change this policy all the time; please repeat the request.")

    async def retire(self, request: Request) -> Reply:
        """Ask a published one no more."""
        return await self._step(request, "retired")

    async def try_out(self, request: Request) -> Reply:
        """Ask one about an order that is not placed; nothing follows from it."""
        given = require_body(request)
        order = given["order"]
        policy = await aside(read_policy, await self._stored(request))
        now = to_text(self._clock.now())
        context = question(policy.point, "", order, now) | given.get("context", {})
        asked = await ask(self._service, policy, context, self._secrets, request.caller.tenant)
        made: Document = {
            "applies": policy.applies(order),
            "outcome": asked.outcome,
            "result": asked.verdict.to_document(),
            "duration": asked.milliseconds,
        }
        if asked.problem is not None:
            made["problem"] = asked.problem
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


def _policy(request: Request, stored: Mapping[str, Any], *, whole: bool = True) -> Document:
    """As it is answered; in lists without its table and test cases."""
    key, body = stored["_id"], stored["body"]
    if not whole:
        body = {name: value for name, value in body.items() if name not in ("dmn", "testCase")}
    return {
        "id": key,
        "href": request.url(f"/policy/{key}"),
        "state": stored["state"],
        **body,
        "step": [
            {("date" if name == "at" else name): value for name, value in step.items()}
            for step in stored.get("steps", ())
        ],
        "createdDate": shown(stored["created"]),
        "lastUpdate": shown(stored["updated"]),
    }


def _reply(status: int, request: Request, stored: Mapping[str, Any]) -> Reply:
    return one_reply(request, _policy(request, stored), [(b"etag", etag(stored["rev"]))], status)
