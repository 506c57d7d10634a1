"""The kind `kubernetes`: applies a custom resource and waits for what its controller makes of it.

Server-side apply makes a repeated call take effect once: the object's name follows from the task's service, and what is
applied is what is to be. docs/reference/fulfillers.md tells the settings.
"""

import hashlib
import ssl
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import aiohttp
import orjson

from adapters.base import BaseFulfiller
from adapters.call_context import call_context
from adapters.credentials import Credentials
from adapters.http_exchange import exchange
from adapters.http_session import Tools
from adapters.kubernetes_answers import missing, read_object, standing_of
from adapters.kubernetes_settings import IN_CLUSTER, account_folder, violations_of
from adapters.kubernetes_watch import STREAM_SECONDS, RequestContext, Watch
from adapters.ports import Accepted, Done, FulfillerCall, Outcome, Progress, Refused, Unreachable
from adapters.rest_answers import Answer
from models.domain.expressions import ExpressionError, compile_template
from models.domain.fulfiller import FulfillerDefinition
from models.domain.outcomes import parse_done
from models.domain.trust import trust
from models.domain.violations import Violation

_GONE = "kubernetes:gone"
_APPLIED = "kubernetes:generation:"
_FIRST_LOOK = 2.0
_CONNECT = 10.0


class KubernetesFulfiller(BaseFulfiller):
    """One registered sort of custom resource."""

    kind: ClassVar[str] = "kubernetes"

    def __init__(self, definition: FulfillerDefinition, credentials: Credentials, tools: Tools) -> None:
        """Read templates and certificates once."""
        super().__init__(definition, credentials, tools)
        settings = definition.settings
        self._body = compile_template(settings["body"])
        facts = {name: settings[name] for name in ("output", "serviceCharacteristic") if name in settings}
        self._facts = compile_template(facts)
        group, space = f"/apis/{settings['group']}/{settings['version']}", settings.get("namespace")
        self._path = f"{group}/{f'namespaces/{space}/' if space else ''}{settings['plural']}"
        self._trust = _trust(settings)
        self._watch = Watch(self._collection, self._changed)

    @classmethod
    def check(cls, definition: FulfillerDefinition) -> list[Violation]:
        """What is wrong with the registration."""
        return violations_of(definition)

    async def engage(self, call: FulfillerCall) -> Outcome:
        """Apply the object, or delete it where it is not to be any more."""
        outcome = await self._engage(call)
        if isinstance(outcome, Accepted) and outcome.reference is not None and self.tools.hint is not None:
            self._watch.expect(outcome.reference)
        return outcome

    async def _engage(self, call: FulfillerCall) -> Outcome:
        undone = call.operation != "fulfil"
        if call.action == ("add" if undone else "delete"):
            return await self._delete(call)
        if undone and call.former is None:
            return Refused("What the service was before is not known, so it cannot be applied again.")
        return await self._apply(replace(call, service=call.former) if undone and call.former is not None else call)

    async def poll(self, reference: Accepted, call: FulfillerCall) -> Outcome:
        """Look at the object's conditions, or whether it is gone. While it is neither, it is watched."""
        name = reference.reference or ""
        outcome = await self._look(name, reference.poll_url or "", call)
        if isinstance(outcome, Done | Refused):
            self._watch.settled(name)
        elif self.tools.hint is not None:
            self._watch.expect(name)
        return outcome

    async def aclose(self) -> None:
        """Stop watching."""
        await self._watch.aclose()

    async def _look(self, name: str, wanted: str, call: FulfillerCall) -> Outcome:
        answer = await self._exchange("GET", name, call)
        if missing(answer):
            gone = wanted == _GONE
            return Done() if gone else Refused("The object is not there any more.", maybe_done=True)
        found = read_object(answer)
        if not isinstance(found, Mapping):
            return found
        if wanted == _GONE:
            return Progress(reason="The object waits for its finalizers.")
        return self._standing(found, int(wanted.removeprefix(_APPLIED) or 0), call)

    async def _apply(self, call: FulfillerCall) -> Outcome:
        try:
            body = self._rendered(call)
        except ExpressionError as error:
            return Refused(f"The body's template cannot be applied to this task: {error}")
        name = body["metadata"]["name"]
        found = read_object(await self._exchange("PATCH", name, call, orjson.dumps(body, option=orjson.OPT_SORT_KEYS)))
        if not isinstance(found, Mapping):
            return found
        generation = found["metadata"].get("generation") or 0
        outcome = self._standing(found, generation, call)
        return Accepted(name, f"{_APPLIED}{generation}", _FIRST_LOOK) if isinstance(outcome, Progress) else outcome

    async def _delete(self, call: FulfillerCall) -> Outcome:
        try:
            name = self._rendered(call)["metadata"]["name"]
        except ExpressionError as error:
            return Refused(f"The body's template cannot be applied to this task: {error}")
        answer = await self._exchange("DELETE", name, call)
        if not missing(answer):
            refused = read_object(answer)
            if not isinstance(refused, Mapping):
                return refused
            answer = await self._exchange("GET", name, call)
        return Done() if missing(answer) else Accepted(name, _GONE, _FIRST_LOOK)

    def _rendered(self, call: FulfillerCall) -> dict[str, Any]:
        """The object as it is to be; its name follows from the service where the template gives none."""
        settings = self.definition.settings
        body: dict[str, Any] = dict(self._body.evaluate(call_context(call)))
        own = hashlib.sha256(str(call.service.get("id")).encode()).hexdigest()[:20]
        metadata = {"name": f"som-{own}", **(body.get("metadata") or {})}
        if settings.get("namespace"):
            metadata["namespace"] = settings["namespace"]
        return {**body, "apiVersion": f"{settings['group']}/{settings['version']}", "metadata": metadata}

    def _standing(self, found: Mapping[str, Any], generation: int, call: FulfillerCall) -> Outcome:
        """What the object's conditions say of the work."""
        standing = standing_of(found, generation, self.definition.settings)
        if not isinstance(standing, Done):
            return standing
        try:
            facts = self._facts.evaluate({**call_context(call), "object": found})
        except ExpressionError as error:
            return Refused(f"The facts cannot be read from the object: {error}", maybe_done=True)
        outcome = parse_done(facts)
        return replace(outcome, milestones=standing.milestones) if isinstance(outcome, Done) else outcome

    def _collection(self, wish: Mapping[str, str]) -> RequestContext:
        """GET of all objects of this sort, for the watch."""
        address = f"{(self.definition.endpoint or IN_CLUSTER).rstrip('/')}{self._path}"
        headers = {"Accept": "application/json", **self._proof()}
        patience = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT, sock_read=STREAM_SECONDS + _CONNECT)
        trust = self._trust or True
        return self.tools.session().get(
            address, params=wish, headers=headers, timeout=patience, allow_redirects=False, ssl=trust
        )

    async def _changed(self, name: str) -> None:
        if self.tools.hint is not None:
            await self.tools.hint(self.definition.id, name)

    async def _exchange(
        self, method: str, name: str, call: FulfillerCall, body: bytes | None = None
    ) -> Answer | Unreachable | Refused:
        endpoint = (self.definition.endpoint or IN_CLUSTER).rstrip("/")
        address = f"{endpoint}{self._path}/{quote(str(name), safe='')}"
        headers = {"Accept": "application/json", **self._proof()}
        if body is not None:
            address += "?fieldManager=som&force=true"
            headers["Content-Type"] = "application/apply-patch+yaml"
        return await exchange(self.tools.session(), method, address, headers, call.timeout, body, trust=self._trust)

    def _proof(self) -> dict[str, str]:
        """The registered credentials; within a cluster the account's token, which is renewed in its file."""
        if not self.definition.settings.get("inCluster"):
            return self.credentials.headers()
        token = (account_folder() / "token").read_text(encoding="ascii").strip()
        return {"Authorization": f"Bearer {token}"}


def _trust(settings: Mapping[str, Any]) -> ssl.SSLContext | None:
    """Who may vouch for the server; None: those whom everybody trusts."""
    if settings.get("certificateAuthority"):
        return trust(settings["certificateAuthority"])
    authority: Path = account_folder() / "ca.crt"
    return ssl.create_default_context(cafile=str(authority)) if settings.get("inCluster") else None
