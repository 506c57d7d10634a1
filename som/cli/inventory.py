"""`som service`: what stands in the inventory."""

from collections.abc import Mapping
from typing import Annotated, Any

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
    """Show a service: its state, its values and where they come from, what is not as ordered, its relations."""
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
            ("ordered by", _wish(service.get("desired") or {})),
            ("drift", _drift(service)),
        ]
    )
    _values(service)
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


def _wish(desired: Mapping[str, Any]) -> str | None:
    """Who wants it so: `item 1 of <order>, since …, active, Line 2`."""
    link, specification = desired.get("serviceOrderItem"), desired.get("serviceSpecification") or {}
    if not link:
        return None
    said = [f"item {link.get('itemId')} of {link.get('serviceOrderId')}"]
    said += [f"since {desired['since']}"] if "since" in desired else []
    named = " ".join(str(specification[name]) for name in ("name", "version") if specification.get(name))
    return ", ".join([*said, f"to be {desired.get('state')}", *([f"of {named}"] if named else [])])


def _drift(service: Mapping[str, Any]) -> str | None:
    drift = service.get("drift")
    if not drift:
        return None
    return f"{len(drift['difference'])} otherwise than ordered since {drift['since']}"


def _values(service: Mapping[str, Any]) -> None:
    """The values: as they are, from where, and as ordered where that differs."""
    actual = service.get("actual") or {}
    known = {one["name"]: one for one in actual.get("serviceCharacteristic", ())}
    drift = list((service.get("drift") or {}).get("difference", ()))
    wanted = {one.get("name"): one for one in drift if one["attribute"] == "serviceCharacteristic"}
    rows = []
    for one in service.get("serviceCharacteristic") or ():
        name = one.get("name")
        otherwise = wanted.pop(name, None)
        ordered = "" if otherwise is None else str(otherwise.get("desired"))
        rows.append((name, str(one.get("value")), _source(known.get(name)), ordered))
    rows += [(name, "", "missing", str(one.get("desired"))) for name, one in wanted.items()]
    output.table(("characteristic", "value", "source", "but ordered"), rows)
    others = [one for one in drift if one["attribute"] != "serviceCharacteristic"]
    if others:
        named = [(" ".join(filter(None, (one["attribute"], one.get("name")))), one) for one in others]
        rows = [(name, str(one.get("actual")), _source(one), str(one.get("desired"))) for name, one in named]
        output.table(("drift", "actual", "source", "but ordered"), rows)


def _source(value: Mapping[str, Any] | None) -> str:
    """Where a value comes from, in words."""
    match (value or {}).get("source"):
        case "ordered":
            return "as ordered"
        case "reported" | "recorded" as how:
            return f"{how} by {(value or {}).get('by')}"
        case _:
            return ""


@app.command("list")
def list_services(
    state: Annotated[str | None, typer.Option("--state", help="Only in these states, separated by commas.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Only with this name.")] = None,
    specification: Annotated[str | None, typer.Option("--specification", help="Only of this specification id.")] = None,
    drift: Annotated[bool, typer.Option("--drift", help="Only those that are otherwise than ordered.")] = False,
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
    asked |= {"hasDrift": "true"} if drift else {}
    with Server(url) as server:
        page = server.page(f"{INVENTORY}/service", asked | files.values(where))
    columns = ("id", "state", "name", "specification", "")
    output.listing(page.items, page.total, columns, _row, in_json=as_json)


def _row(one: dict[str, Any]) -> output.Row:
    kind = one.get("serviceSpecification") or {}
    drifting = "drift" if one.get("hasDrift") else ""
    return one["id"], output.state(one.get("state")), one.get("name"), kind.get("name") or kind.get("id"), drifting
