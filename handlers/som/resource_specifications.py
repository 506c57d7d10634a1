"""Resource specifications, shaped like TMF634 v4: published, and kept as they are once they are used."""

from collections.abc import Mapping
from typing import Any

from handlers.dependencies import Dependencies
from handlers.specification_rules import Body, SpecificationRules, specification_kind
from models.aside import aside_if_big
from models.domain.caller import Caller
from models.domain.errors import InvalidRequest
from models.domain.resource_specification import check_resource_specification, users_of
from models.reading import reading
from models.references import first_match

KIND = specification_kind("resourceSpecification")

_SHOWN = 5
_REFERENCE = "body.resourceSpecification"
_PLACES = (("resource", "the resource"), ("resourcePool", "the resource pool"))


class ResourceSpecificationRules(SpecificationRules):
    """The rules of resource specifications."""

    kind = KIND
    ending = "To end its being used anew, set its lifecycleStatus to Retired."

    def __init__(self, dependencies: Dependencies) -> None:
        """Check specifications before they are published."""
        super().__init__(dependencies.store)
        self._patterns = dependencies.patterns

    async def check(self, caller: Caller, body: Body, size: int) -> None:  # noqa: ARG002 - the rules' shape
        """Whether any resource could be as it says."""
        found = await aside_if_big(size, check_resource_specification, body, self._patterns)
        if found:
            raise InvalidRequest(found)

    async def user(self, caller: Caller, stored: Mapping[str, Any]) -> str | None:
        """The resources, pools and service specifications that refer to it."""
        body = stored["body"]
        family = {"body.name": body["name"], "_id": {"$ne": stored["_id"]}}
        alone = await first_match(self._store, KIND.name, caller.tenant, family) is None
        users = []
        with reading():
            for collection, words in _PLACES:
                where = {"tenant": caller.tenant, "$or": _referring(body, alone=alone)}
                found = self._store.collection(collection).find(where, {"_id": 1}).limit(_SHOWN + 1)
                users += _told(words, [str(one["_id"]) async for one in found])
            published = self._store.collection("serviceSpecification").find({"tenant": caller.tenant})
            bodies = [one["body"] async for one in published]
        users += _told("the service specification", users_of(body, bodies, alone=alone))
        return "; ".join(users) or None

    async def keeper(self, caller: Caller, stored: Mapping[str, Any]) -> str | None:
        """Another resource specification that relates to it."""
        where = {"body.resourceSpecRelationship.id": stored["_id"]}
        other = await first_match(self._store, KIND.name, caller.tenant, where)
        return f"the resource specification {other}" if other is not None else None


def _referring(body: Mapping[str, Any], *, alone: bool) -> list[Body]:
    """The conditions, one of which a document meets that refers to this version, as `refers` says of references."""
    named = {f"{_REFERENCE}.id": {"$exists": False}, f"{_REFERENCE}.name": body["name"]}
    by_name = [{**named, f"{_REFERENCE}.version": body["version"]}] if body.get("version") else []
    by_name += [{**named, f"{_REFERENCE}.version": {"$exists": False}}] if alone else []
    return [{f"{_REFERENCE}.id": body["id"]}, *by_name]


def _told(words: str, keys: list[str]) -> list[str]:
    if not keys:
        return []
    more = " and more" if len(keys) > _SHOWN else ""
    return [f"{words}{'s' if len(keys) > 1 else ''} {', '.join(keys[:_SHOWN])}{more}"]
