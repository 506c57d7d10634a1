"""Speaking to a server of change requests (TMF655 v4): reading, writing back, and being told by its hub."""

from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from adapters.credentials import Credentials
from adapters.ports import Refused, Unreachable
from adapters.tmforum.client import Answered, Budget, TmfClient, segment
from adapters.tmforum.hub import Hub
from models.domain.fulfiller import FulfillerDefinition

Document = dict[str, Any]
Trouble = Refused | Unreachable

PAGE = 100
MOST_PAGES = 1_000
_PATH = "/changeRequest"


class ChangeRequestServer:
    """One registered change source; see `models.domain.change_port.ChangeRequests`."""

    def __init__(
        self,
        source: Mapping[str, Any],
        secret: Mapping[str, Any] | None,
        session: aiohttp.ClientSession,
        address: str | None,
    ) -> None:
        """Speak to the endpoint of a stored source, which may tell its news to `address`, if there is one."""
        body = source["body"]
        settings = {"headers": body.get("headers") or {}}
        definition = FulfillerDefinition(source["_id"], body["name"], "tmf655", body["endpoint"], settings=settings)
        self._credentials = Credentials(secret)
        self._client = TmfClient(definition, self._credentials, session)
        self._hub = Hub(self._client, address if body["hub"] else None, body.get("hubQuery"))
        self._seconds = float(body["timeout"])

    @property
    def tells(self) -> bool:
        """Whether its hub has taken our address."""
        return self._hub.tells

    async def subscribe(self) -> None:
        """Be told by its hub, if that can be had."""
        await self._hub.ensure(Budget(self._seconds))

    async def approved(self, statuses: Sequence[str]) -> list[str] | Trouble:
        """The ids of all change requests with one of these statuses."""
        found: dict[str, None] = {}
        seen: set[str] = set()
        for page in range(MOST_PAGES):
            budget = Budget(self._seconds)
            answer = await self._client.get(
                _PATH, budget, status=",".join(statuses), offset=str(page * PAGE), limit=str(PAGE)
            )
            if not isinstance(answer, Answered):
                return self._failed(answer)
            listed = answer.body if isinstance(answer.body, list) else []
            requests = {str(one["id"]): one for one in listed if isinstance(one, Mapping) and one.get("id")}
            fresh = requests.keys() - seen
            seen |= fresh
            found.update(dict.fromkeys(key for key in requests if requests[key].get("status") in statuses))
            if not fresh or len(listed) < PAGE:  # some know no paging, and answer all of them, or the same again
                break
        return list(found)

    async def read(self, key: str) -> Document | Trouble | None:
        """A change request; None where there is none of this id."""
        answer = await self._client.get(f"{_PATH}/{segment(key)}", Budget(self._seconds), bears={404, 410})
        if not isinstance(answer, Answered):
            return self._failed(answer)
        if answer.status in {404, 410}:
            return None
        if not isinstance(answer.body, dict) or not isinstance(answer.body.get("status"), str):
            return Refused("What came is no change request: it has no status.")
        return answer.body

    async def write(self, key: str, patch: Mapping[str, Any], once: str) -> Trouble | None:
        """Change a change request; None where that is done."""
        path = f"{_PATH}/{segment(key)}"
        answer = await self._client.write("PATCH", path, Budget(self._seconds), patch, key=once)
        return None if isinstance(answer, Answered) else self._failed(answer)

    def _failed(self, trouble: Trouble) -> Trouble:
        if isinstance(trouble, Unreachable):
            self._hub.doubt()
        reason = self._credentials.hidden(trouble.reason).replace("The fulfiller", "The change source")
        return type(trouble)(reason)
