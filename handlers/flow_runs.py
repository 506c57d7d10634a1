"""Process flows (TMF701) that run a recipe: how a client starts one, and what it may change of it."""

from collections.abc import Mapping
from typing import Any

import orjson

from adapters.ports import Forms
from handlers.changes import Draft, Revision
from handlers.dependencies import Dependencies
from handlers.errors import invalid
from models import inbox
from models.domain.caller import Caller
from models.domain.errors import Conflict, InvalidRequest
from models.domain.flow_runs import data_of, objections, reference
from models.domain.lifecycles import PROCESS_FLOW
from models.domain.outcomes import why_unstorable
from models.domain.pointers import pointer
from models.domain.recipe_runs import MAX_DATA_BYTES
from models.domain.task_flow import pointer_of
from models.domain.violations import Violation
from models.recipe_book import PublishedRecipe, PublishedRecipes, RecipeBook
from models.recipe_versions import COLLECTION
from models.references import first_match

Document = dict[str, Any]

LOWEST_PRIORITY = 4
_NAMED = "/processFlowSpecification"
_FIXED = frozenset(["processFlowSpecification", "processFlowSpecificationRef", "characteristic"])


def is_run(stored: Mapping[str, Any]) -> bool:
    """Whether a stored process flow runs a recipe."""
    return "recipe" in stored


class FlowRuns:
    """The rules of process flows that run a recipe."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Find recipes in this book, and check data as these forms do."""
        self._store = dependencies.store
        self._clock = dependencies.clock
        self._recipes: RecipeBook = dependencies.recipes
        self._forms: Forms = dependencies.forms

    async def begin(self, caller: Caller, draft: Draft) -> None:
        """Have the engine run the recipe that a new process flow names; one that names none is a list of work.

        Raises:
            InvalidRequest: there is no such recipe, it cannot be run without an order, or the data does not fit.
        """
        found = await self._named(caller.tenant, draft.body)
        if found is None:
            return
        data = _data(draft.body)
        self._check(found, (await self._recipes.of(caller.tenant)).linked(found.recipe), data, draft.body)
        draft.body = {
            **draft.body,
            "processFlowSpecification": found.name,
            "processFlowSpecificationRef": reference(
                found.name, found.version, draft.body.get("processFlowSpecificationRef")
            ),
        }
        draft.fields |= {"recipe": [found.name, found.version], "plan": draft.id, "priority": LOWEST_PRIORITY}
        draft.fields["due"] = draft.now

    async def _named(self, tenant: str, body: Mapping[str, Any]) -> PublishedRecipe | None:
        reference = body.get("processFlowSpecificationRef")
        name = str((reference or {}).get("id") or body["processFlowSpecification"])
        version = (reference or {}).get("version")
        wanted = f"{name}:{version}" if version is not None and ":" not in name else name
        found = _found(await self._recipes.of(tenant), wanted)
        if found is None and await self._is_new(tenant, wanted):
            self._recipes.invalidate()
            found = _found(await self._recipes.of(tenant), wanted)
        if found is None and reference is not None:
            message = f"There is no published recipe {wanted[:200]!r}; GET /processFlowSpecification lists them."
            raise invalid(f"{_NAMED}Ref/id", "unknownReference", message)
        if found is not None and version not in (None, found.version):
            message = f"{found.id} is named, and the version {version[:64]!r} beside it."
            raise invalid(f"{_NAMED}Ref/version", "contradiction", message)
        return found

    async def _is_new(self, tenant: str, wanted: str) -> bool:
        """Whether the database knows a recipe that was published a moment ago, before this process has heard of it."""
        where = {"name": wanted.partition(":")[0], "state": "published"}
        return await first_match(self._store, COLLECTION, tenant, where) is not None

    def _check(self, found: PublishedRecipe, recipe: Any, data: Document, body: Mapping[str, Any]) -> None:
        schema = found.recipe.process.input_schema
        violations = [] if schema is None else self._forms.violations(schema, data)
        wrong = [Violation(pointer_of(body, one.pointer), one.code, one.message) for one in violations]
        lacking = objections(recipe, frozenset(data))
        wrong += [Violation("/characteristic", "missingValue", f"{found.id}: {text}") for text in lacking]
        if wrong:
            raise InvalidRequest(wrong)

    def change(self, caller: Caller, revision: Revision, changed: set[str]) -> None:
        """Let through what may change while a recipe runs; tell the plan what its client wants.

        Raises:
            Conflict: the recipe, its data or its end cannot be changed by hand; or it is being cancelled.
        """
        if fixed := changed & _FIXED:
            raise Conflict(f"/{min(fixed)}: this cannot be changed, because the recipe runs with it.")
        before, wanted = revision.before["state"], revision.body.get("state")
        if "state" not in revision.touched or wanted == before:
            return
        if (revision.before.get("cancellation") or {}).get("state") in ("requested", "inProgress"):
            if wanted == "cancelled":
                revision.body = {**revision.body, "state": before}
                return
            if not (wanted == "active" and _is_stuck(revision.before)):
                raise Conflict("/state: the process flow is being cancelled.")
        match wanted:
            case "hold":
                self._say(revision, {"kind": "pause", "who": caller.subject})
            case "active":
                self._say(revision, {"kind": "resume", "item": None, "who": caller.subject})
            case "cancelled":
                self._cancel(revision, caller)
            case "completed":
                raise Conflict("/state: it is completed when its recipe has come to its end.")
        revision.why = {"hold": "interrupted", "active": "resumed", "cancelled": "cancelled"}[str(wanted)]

    def _cancel(self, revision: Revision, caller: Caller) -> None:
        """Ask for the cancellation; the state changes when what was under way has been stopped."""
        PROCESS_FLOW.path(revision.before["state"], "cancelled", "active")
        said = self._say(revision, {"kind": "cancel", "who": caller.subject})
        said["cancel"] = said["id"]
        asked = {"id": said["id"], "state": "requested", "requestedDate": self._clock.text()}
        revision.body = {**revision.body, "state": revision.before["state"], "cancellation": asked}

    def _say(self, revision: Revision, entry: Document) -> Document:
        """Tell the plan, with the write that changes the process flow: neither comes without the other."""
        said = revision.fields.setdefault("said", list(revision.stored.get("said", ())))
        said.append(inbox.saying(self._clock, entry))
        if "due" in revision.stored:  # its plan has to be made yet; after a fault it would wait for its next try
            revision.fields |= {"due": revision.now, "poke": revision.now}
        key = revision.stored["_id"]
        revision.afterwards = [lambda: inbox.pass_on(self._store, self._clock, key, "processFlow")]
        told: Document = said[-1]
        return told


def _found(published: PublishedRecipes, wanted: str) -> PublishedRecipe | None:
    """A recipe by `name:version`, or the highest published version of a name."""
    return next((one for one in published if one.id == wanted), None) or published.find(wanted)


def _is_stuck(body: Mapping[str, Any]) -> bool:
    return bool(body.get("errorMessage"))


def _data(body: Mapping[str, Any]) -> Document:
    """What a run begins with.

    Raises:
        InvalidRequest: a name stands twice, or it cannot be kept.
    """
    names: set[str] = set()
    for index, entry in enumerate(body.get("characteristic") or ()):
        if entry["name"] in names:
            place = pointer("characteristic", index, "name")
            raise invalid(place, "duplicateName", f"There is another value of the name {entry['name'][:100]!r}.")
        names.add(entry["name"])
    data = data_of(body)
    trouble = why_unstorable(data)
    if trouble:
        raise invalid("/characteristic", "invalidValue", f"This cannot be kept: {trouble}.")
    if len(orjson.dumps(data)) > MAX_DATA_BYTES:
        raise invalid("/characteristic", "tooLarge", f"The data of a run can have {MAX_DATA_BYTES // 1024} KB.")
    return data
