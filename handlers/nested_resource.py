"""Resources that stand in another one, by whose path they are addressed: TMF701's task flows in their process flow."""

from dataclasses import replace
from typing import Any

from handlers.changes import Draft
from handlers.exchange import Request
from handlers.idempotency import IdempotencyKey
from handlers.resource import Resource
from models.domain.errors import NotFound
from models.domain.filters import And, Compare, Op
from models.domain.listing import ListQuery
from models.process_flows import attach
from models.queries import Page

Document = dict[str, Any]

OUTER = "processFlow"
_PARAMETER = "processFlowId"
_REFERENCE = (OUTER, "id")


class NestedResource(Resource):
    """The operations on task flows: on those of one process flow, or, without its id in the path, on all."""

    async def _page(self, request: Request, query: ListQuery) -> Page:
        """Of one process flow only, where the path names one; the address of each needs its process flow."""
        if query.fields is not None:
            query = replace(query, fields=(*query.fields, _REFERENCE))
        outer = request.path_params.get(_PARAMETER)
        if outer is None:
            return await super()._page(request, query)
        await self._outer(request, outer)
        inside = Compare(_REFERENCE, Op.EQ, (outer,))
        condition = inside if query.condition is None else And((inside, query.condition))
        return await super()._page(request, replace(query, condition=condition))

    async def _stored(self, request: Request) -> Document:
        stored = await super()._stored(request)
        if stored["body"][OUTER]["id"] != request.path_params[_PARAMETER]:
            raise NotFound(f"There is no task flow with the id {request.id[:100]!r} in this process flow.")
        return stored

    async def _insert(self, request: Request, draft: Draft, key: IdempotencyKey | None) -> Document:
        outer = request.path_params[_PARAMETER]
        await self._outer(request, outer)
        draft.body = {**draft.body, OUTER: {"id": outer, "@referredType": "ProcessFlow"}}
        document = await super()._insert(request, draft, key)
        await attach(self._store, self._clock, outer, [draft.id])
        return document

    async def _outer(self, request: Request, key: str) -> Document:
        stored = await self._store.get(OUTER, key, tenant=request.caller.tenant)
        if stored is None:
            raise NotFound(f"There is no process flow with the id {key[:100]!r}.")
        return stored
