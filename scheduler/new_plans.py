"""New plans: stored once, whoever tries again, and held by their maker."""

from typing import Any, NoReturn

from models.aside import aside_if_big
from models.clock import Clock
from models.domain.errors import AlreadyExists
from models.domain.plan import Plan
from models.store import Store
from scheduler.claims import Claims, LeaseLost
from scheduler.plan_record import BYTES_OF_A_TASK, PlanRecord, new_plan

Document = dict[str, Any]
_LEFT: Document = {"$unset": dict.fromkeys(("due", "lease", "fault", "awaits"), "")}


class NewPlans:
    """Stores the plans of what stands in one collection, under the id of what each is for."""

    def __init__(self, store: Store, clock: Clock, claims: Claims, owner: str) -> None:
        """Store plans for documents of the collection `owner`, leased as these claims say."""
        self._store = store
        self._clock = clock
        self._claims = claims
        self._owner = owner

    async def hold(self, subject: Document, plan: Plan) -> PlanRecord:
        """Store the plan of a claimed document, and hold it.

        Raises:
            LeaseLost: it has a plan already, which whoever holds it shows in it.
        """
        size = len(plan.tasks) * BYTES_OF_A_TASK
        definition = {"_id": subject["_id"], "tenant": subject["tenant"], **await aside_if_big(size, plan.to_document)}
        document = new_plan(subject, self._owner, self._claims.lease(), self._clock.now())
        try:
            definition = await self._defined(definition)
            await self._store.insert("plan", document)
        except AlreadyExists:
            await self.leave(subject)
        return await aside_if_big(size, PlanRecord, self._store, self._clock, document, definition, fresh=True)

    async def _defined(self, definition: Document) -> Document:
        """Store a definition; one that an earlier try has stored stands."""
        try:
            await self._store.insert("planDefinition", definition)
        except AlreadyExists:
            return await self._store.get("planDefinition", definition["_id"]) or definition
        return definition

    async def leave(self, subject: Document) -> NoReturn:
        """Leave what has a plan already to that.

        Raises:
            LeaseLost: always.
        """
        await self._store.update(self._owner, {"_id": subject["_id"]}, _LEFT)
        raise LeaseLost
