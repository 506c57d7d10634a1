"""Process flow specifications of TMF701: published recipes, as clients of TMF701 know them."""

from collections.abc import Iterator, Mapping
from typing import Any

from models.aside import aside
from models.clock import to_text
from models.domain.recipes import Process
from models.recipe_book import PublishedRecipe, as_published

Document = dict[str, Any]


async def as_specification(stored: Mapping[str, Any]) -> Document:
    """The document of a recipe with the body that its process flow specification has, for the events of that.

    Args:
        stored: of a version that is published, or was until now; it is told of as it last was.
    """
    published = await aside(as_published, stored)
    body = specification_body(published) if published is not None else {"id": stored["_id"]}
    return {**stored, "body": body}


def specification_body(published: PublishedRecipe) -> Document:
    """A version of a recipe as TMF701 describes kinds of processes; the JSON Schemas of its data are ours to add."""
    process = published.recipe.process
    made: Document = {
        "id": published.id,
        "@type": "ProcessFlowSpecification",
        "name": published.name,
        "version": published.version,
        "lifecycleStatus": "published",
        "lastUpdate": to_text(published.updated),
        "processFlowSpecificationCharacteristic": list(_characteristics(process)),
        "taskFlowSpecification": [
            {"id": node.id, "name": node.title, "@type": "TaskFlowSpecificationRef"}
            for node in process.nodes.values()
            if node.kind == "task"
        ],
        "processFlowSpecificationRelationship": [
            {"name": name, "relationshipType": "calls", "@type": "ProcessFlowSpecificationRelationship"}
            for name in sorted(published.recipe.called - published.recipe.processes.keys())
        ],
        "inputSchema": process.input_schema,
        "outputSchema": process.output_schema,
    }
    if process.name:
        made["description"] = process.name
    return {name: value for name, value in made.items() if value not in (None, [])}


def _characteristics(process: Process) -> Iterator[Document]:
    """Yield what a run begins with, as far as the recipe declares it."""
    schema = process.input_schema or {}
    required = schema.get("required") or ()
    for name, rule in (schema.get("properties") or {}).items():
        told = rule if isinstance(rule, Mapping) else {}
        made: Document = {
            "name": name,
            "@type": "CharacteristicSpecification",
            "configurable": True,
            "minCardinality": 1 if name in required else 0,
            "maxCardinality": 1,
        }
        for ours, theirs in (("description", "description"), ("valueType", "type"), ("regex", "pattern")):
            if isinstance(told.get(theirs), str):
                made[ours] = told[theirs]
        values = [{"value": value} for value in told.get("enum") or ()]
        if "default" in told:
            values.append({"value": told["default"], "isDefault": True})
        if values:
            made["characteristicValueSpecification"] = values
        yield made
