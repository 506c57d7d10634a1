"""TMF701 process flow specifications: the published recipes, as clients of TMF701 find them. Only read here."""

from collections.abc import Mapping
from typing import Any

import orjson

from handlers.conditions import etag, is_unchanged
from handlers.dependencies import Dependencies
from handlers.documents import ApiDocument
from handlers.exchange import Reply, Request
from handlers.paging import page_headers
from handlers.query import Limits, parse_fields, parse_list_query
from handlers.settings import HttpSettings
from models.domain.errors import NotFound
from models.domain.filters import matches
from models.domain.listing import Sort, select_fields
from models.domain.shapes import Shape
from models.process_flow_specifications import specification_body
from models.recipe_book import PublishedRecipe
from models.recipe_versions import SPECIFICATION as NAME

Document = dict[str, Any]


class ProcessFlowSpecifications:
    """Reads published recipes as process flow specifications."""

    def __init__(self, document: ApiDocument, dependencies: Dependencies, settings: HttpSettings) -> None:
        """Read from the book of recipes."""
        self._recipes = dependencies.recipes
        self._patterns = dependencies.patterns
        self._limits = Limits(default_page=settings.page_size, maximum_page=settings.max_page_size)
        self._shape = Shape.compile(document.node, document.schema("ProcessFlowSpecification"))

    async def list(self, request: Request) -> Reply:
        """Answer one page of those that match; without a wish, by name, the newest version first."""
        query = parse_list_query(request.query, self._shape, self._patterns, self._limits)
        known = [_body(request, one) for one in await self._recipes.of(request.caller.tenant)]
        found = [body for body in known if matches(query.condition, body, self._patterns)]
        for key in reversed(query.sort or (Sort(("name",)),)):
            found.sort(key=lambda body, key=key: _sorted_by(body, key), reverse=key.descending)  # type: ignore[misc]
        page = found[query.offset : query.offset + query.limit]
        bodies = [select_fields(body, query.fields) for body in page]
        address = request.url(request.path) + (f"?{request.query}" if request.query else "")
        headers = page_headers(address, query.offset, query.limit, len(bodies), len(found))
        return Reply(200, orjson.dumps(bodies), [(name.encode(), value.encode()) for name, value in headers])

    async def retrieve(self, request: Request) -> Reply:
        """Answer one."""
        fields = parse_fields(request.query, self._shape)
        published = await self._recipes.of(request.caller.tenant)
        found = next((one for one in published if one.id == request.id), None)
        if found is None:
            raise NotFound(f"There is no processFlowSpecification with the id {request.id[:100]!r}.")
        if is_unchanged(request, {"rev": found.revision}):
            return Reply(304, headers=[(b"etag", etag(found.revision))])
        body = select_fields(_body(request, found), fields)
        return Reply(200, orjson.dumps(body), [(b"etag", etag(found.revision))])


def _sorted_by(body: Mapping[str, Any], key: Sort) -> tuple[bool, str]:
    value: Any = body
    for name in key.path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return (value is not None, str(value))


def _body(request: Request, published: PublishedRecipe) -> Document:
    return {**specification_body(published), "href": request.url(f"/{NAME}/{published.id}")}
