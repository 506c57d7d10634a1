"""`som service`: what stands in the inventory."""

from typing import Annotated

import typer

from som.cli import files, output
from som.cli.connection import INVENTORY, Server, at
from som.cli.options import DEFAULT_URL, AsJson, Limit, Offset, Url

app = typer.Typer(help="Look at the services in the inventory.", no_args_is_help=True)


@app.command()
def show(
    service_id: Annotated[str, typer.Argument(metavar="ID", help="Identifier of the service.", show_default=False)],
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Show a service: its state, characteristics, relations and resources."""
    with Server(url) as server:
        service = server.get(at(f"{INVENTORY}/service", service_id))
    if as_json:
        output.as_json(service)
        return
    specification = service.get("serviceSpecification") or {}
    output.facts(
        [
            ("id", service["id"]),
            ("name", service.get("name")),
            ("specification", specification.get("name") or specification.get("id")),
            ("state", output.state(service.get("state"))),
            ("started", service.get("startDate")),
            ("ended", service.get("endDate")),
        ]
    )
    characteristics = service.get("serviceCharacteristic") or ()
    output.table(("characteristic", "value"), [(one.get("name"), str(one.get("value"))) for one in characteristics])
    related = [
        (one.get("relationshipType"), (one.get("service") or {}).get("id"), (one.get("service") or {}).get("name"))
        for one in service.get("serviceRelationship") or ()
    ]
    related += [("supportingService", one.get("id"), one.get("name")) for one in service.get("supportingService") or ()]
    related += [
        ("supportingResource", one.get("id"), one.get("name")) for one in service.get("supportingResource") or ()
    ]
    if related:
        output.table(("relation", "id", "name"), related)


@app.command("list")
def list_services(
    state: Annotated[str | None, typer.Option("--state", help="Only in these states, separated by commas.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Only with this name.")] = None,
    specification: Annotated[str | None, typer.Option("--specification", help="Only of this specification id.")] = None,
    where: Annotated[
        list[str], typer.Option("--filter", metavar="NAME=VALUE", help="Any other filter of TMF638; can be repeated.")
    ] = [],  # noqa: B006 - typer copies it
    limit: Limit = 20,
    offset: Offset = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """List services, in the order of their creation."""
    asked = {"state": state, "name": name, "serviceSpecification.id": specification, "limit": limit, "offset": offset}
    with Server(url) as server:
        page = server.page(f"{INVENTORY}/service", asked | files.values(where))
    if as_json:
        output.as_json(page.items)
        return
    rows = []
    for one in page.items:
        kind = one.get("serviceSpecification") or {}
        rows.append((one["id"], output.state(one.get("state")), one.get("name"), kind.get("name") or kind.get("id")))
    output.table(("id", "state", "name", "specification"), rows)
    output.more(len(page.items), page.total)
