"""`som resource`: what services are made of."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from som.cli import files, histories, output
from som.cli.connection import INVENTORY, RESOURCES, Server, at
from som.cli.options import DEFAULT_URL, AsJson, Limit, Offset, Url

app = typer.Typer(help="Look at the resources in the inventory.", no_args_is_help=True)

ResourceId = Annotated[str, typer.Argument(metavar="ID", help="Identifier of the resource.", show_default=False)]
_STATES = ("resourceStatus", "usageState", "administrativeState", "operationalState")


@app.command()
def show(resource_id: ResourceId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show a resource: its states, characteristics and relations, and the services that it carries."""
    with Server(url) as server:
        resource = server.get(at(f"{RESOURCES}/resource", resource_id))
        carried = () if as_json else _carried(server, resource_id)
    if as_json:
        output.as_json(resource)
        return
    place = resource.get("place") or {}
    output.facts(
        [
            ("id", resource["id"]),
            ("name", resource.get("name")),
            ("class", resource.get("@type")),
            ("value", resource.get("value") or resource.get("serialNumber")),
            ("specification", _named(resource.get("resourceSpecification"))),
            ("place", _named(place)),
            *((name, resource.get(name)) for name in _STATES),
        ]
    )
    characteristics = resource.get("resourceCharacteristic") or ()
    if characteristics:
        output.table(("characteristic", "value"), [(one.get("name"), str(one.get("value"))) for one in characteristics])
    related = [(one.get("relationshipType"), one.get("id"), None) for one in resource.get("resourceRelationship") or ()]
    related += [("carries service", one.get("id"), one.get("name")) for one in carried]
    if related:
        output.table(("relation", "id", "name"), related)


def _carried(server: Server, key: str) -> list[dict[str, Any]]:
    asked = {"supportingResource.id": key, "fields": "name", "state.ne": "terminated"}
    return server.page(f"{INVENTORY}/service", asked).items


def _named(reference: Mapping[str, Any] | None) -> str | None:
    """The name of what is referred to, or its id."""
    return None if reference is None else reference.get("name") or reference.get("id")


@app.command("list")
def list_resources(
    status: Annotated[str | None, typer.Option("--status", help="Only with these, separated by commas.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Only with this name.")] = None,
    value: Annotated[str | None, typer.Option("--value", help="Only with this value, such as a number.")] = None,
    kind: Annotated[str | None, typer.Option("--class", help="Only of these classes (@type).")] = None,
    specification: Annotated[str | None, typer.Option("--specification", help="Only of this specification id.")] = None,
    where: Annotated[
        list[str], typer.Option("--filter", metavar="NAME=VALUE", help="Any other filter of TMF639; can be repeated.")
    ] = [],  # noqa: B006 - typer copies it
    limit: Limit = 20,
    offset: Offset = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """List resources, in the order of their creation."""
    asked = {
        "resourceStatus": status,
        "name": name,
        "value": value,
        "@type": kind,
        "resourceSpecification.id": specification,
        "limit": limit,
        "offset": offset,
    }
    with Server(url) as server:
        page = server.page(f"{RESOURCES}/resource", asked | files.values(where))
    columns = ("id", "status", "usage", "name", "value", "specification")
    output.listing(page.items, page.total, columns, _row, in_json=as_json)


@app.command()
def history(
    resource_id: ResourceId,
    limit: Limit = 20,
    offset: Offset = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Show who changed a resource, when, from what to what, and why."""
    with Server(url) as server:
        histories.changes(server, "resource", resource_id, limit, offset, in_json=as_json)


def _row(one: dict[str, Any]) -> output.Row:
    return (
        one["id"],
        output.state(one.get("resourceStatus")),
        one.get("usageState"),
        one.get("name"),
        one.get("value") or one.get("serialNumber"),
        _named(one.get("resourceSpecification")),
    )
