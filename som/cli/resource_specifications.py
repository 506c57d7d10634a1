"""`som resource-specification`: what resources of a kind are like."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from som.cli import files, histories, output
from som.cli.connection import ADMINISTRATION, Server, at
from som.cli.options import DEFAULT_URL, AsJson, Fill, InputFile, Limit, Offset, Url

app = typer.Typer(help="Publish and look at resource specifications.", no_args_is_help=True)

SpecificationId = Annotated[
    str, typer.Argument(metavar="ID", help="Identifier of the specification.", show_default=False)
]

_BASE = f"{ADMINISTRATION}/resourceSpecification"
_OWN = ("id", "name", "version", "lifecycleStatus", "category", "description", "@type", "vendor", "model")


@app.command("list")
def list_specifications(
    name: Annotated[str | None, typer.Option("--name", help="Only versions with this name.")] = None,
    status: Annotated[str | None, typer.Option("--status", help="Only with these, separated by commas.")] = None,
    category: Annotated[str | None, typer.Option("--category", help="Only of this category.")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """List resource specifications, in the order of their creation."""
    asked = {"name": name, "lifecycleStatus": status, "category": category, "limit": limit, "offset": offset}
    with Server(url) as server:
        page = server.page(_BASE, asked)
    columns = ("id", "name", "version", "status", "category", "characteristics")
    output.listing(page.items, page.total, columns, _row, in_json=as_json)


@app.command()
def show(specification_id: SpecificationId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show a resource specification: what it asks of resources, and what it relates to."""
    with Server(url) as server:
        found = server.get(at(_BASE, specification_id))
    if as_json:
        output.as_json(found)
        return
    output.facts((name, found[name]) for name in _OWN if name in found)
    told = [_characteristic(one) for one in found.get("resourceSpecCharacteristic") or ()]
    if told:
        output.table(("characteristic", "type", "how many", "values"), told)
    related = found.get("resourceSpecRelationship") or ()
    if related:
        names = ("relationshipType", "id", "name")
        output.table(("relation", "id", "name"), [tuple(one.get(name) for name in names) for one in related])


@app.command()
def create(
    file: InputFile,
    fill: Fill = [],  # noqa: B006 - typer copies it
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Publish the resource specification in a file."""
    with Server(url) as server:
        made = server.post(_BASE, files.read_object(file, files.values(fill)))
    _told(made, as_json=as_json)


@app.command()
def retire(specification_id: SpecificationId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Set one to Retired: references by name alone mean another version from now on."""
    with Server(url) as server:
        changed = server.patch(at(_BASE, specification_id), {"lifecycleStatus": "Retired"})
    _told(changed, as_json=as_json)


@app.command()
def remove(specification_id: SpecificationId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Remove one that nothing refers to."""
    with Server(url) as server:
        server.delete(at(_BASE, specification_id))
    output.told({"id": specification_id, "removed": True}, f"{specification_id}  removed", in_json=as_json)


@app.command()
def history(
    specification_id: SpecificationId,
    limit: Limit = 20,
    offset: Offset = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Show who changed one, when, from what to what, and why."""
    with Server(url) as server:
        histories.changes(server, "resourceSpecification", specification_id, limit, offset, in_json=as_json)


def _row(one: dict[str, Any]) -> output.Row:
    names = ", ".join(str(told.get("name")) for told in one.get("resourceSpecCharacteristic") or ())
    return (
        one["id"],
        one.get("name"),
        one.get("version"),
        output.state(one.get("lifecycleStatus")),
        one.get("category"),
        names,
    )


def _characteristic(one: Mapping[str, Any]) -> output.Row:
    least, most = one.get("minCardinality", 0), one.get("maxCardinality", 1)
    values = ", ".join(map(_value, one.get("resourceSpecCharacteristicValue") or ()))
    return (one.get("name"), one.get("valueType"), str(most) if least == most else f"{least} to {most}", values)


def _value(one: Mapping[str, Any]) -> str:
    unit = f" {one['unitOfMeasure']}" if one.get("unitOfMeasure") else ""
    if "value" in one:
        return f"{output.short(one['value'])}{unit}{' (default)' if one.get('isDefault') else ''}"
    if "valueFrom" in one or "valueTo" in one:
        return f"{one.get('valueFrom', '')}..{one.get('valueTo', '')}{unit}"
    return str(one.get("regex", ""))


def _told(specification: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        output.as_json(specification)
    else:
        output.line(f"{specification['id']}  ", output.state(specification.get("lifecycleStatus")))
