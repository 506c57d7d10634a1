"""`som propagation`: changes of shared services on their way to those who rely on them."""

from typing import Annotated, Any

import typer

from som.cli import output
from som.cli.connection import ADMINISTRATION, Server, at
from som.cli.options import DEFAULT_URL, AsJson, Url

PROPAGATIONS = f"{ADMINISTRATION}/propagation"

app = typer.Typer(help="Changes of shared services, on their way to those who rely on them.", no_args_is_help=True)
Identifier = Annotated[str, typer.Argument(metavar="ID", help="Identifier of the propagation.", show_default=False)]


@app.command("list")
def list_propagations(
    service: Annotated[str | None, typer.Option("--service", help="Only those of this service.")] = None,
    order: Annotated[str | None, typer.Option("--order", help="Only those that this order has caused.")] = None,
    state: Annotated[str | None, typer.Option("--state", help="acknowledged, inProgress or done.")] = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """List changes, and how many of the dependent services have been told."""
    named = {"service": service, "serviceOrder": order, "state": state}
    with Server(url) as server:
        found = server.get(PROPAGATIONS, {name: value for name, value in named.items() if value is not None})
    if as_json:
        output.as_json(found)
        return
    rows = [
        (one["id"], one["service"]["id"], output.state(one["state"]), progress(one), str(one["proposed"]))
        for one in found
    ]
    output.table(("id", "service", "state", "told", "proposed"), rows)


@app.command()
def show(propagation: Identifier, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show one change: who was told, and what was done."""
    with Server(url) as server:
        _show(server.get(at(PROPAGATIONS, propagation)), as_json=as_json)


@app.command()
def place(propagation: Identifier, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Place the modifications that a change has proposed for dependent services."""
    with Server(url) as server:
        _show(server.post(at(PROPAGATIONS, propagation, "order"), None), as_json=as_json)


def progress(one: dict[str, Any]) -> str:
    """How many of all have been told."""
    return f"{one['told']}/{one['total']}"


def _show(one: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        output.as_json(one)
        return
    output.facts(
        [
            ("id", one["id"]),
            ("service", one["service"]["id"]),
            ("state", output.state(one["state"])),
            ("changed", ", ".join((*one["attribute"], *one.get("serviceCharacteristic", ())))),
            ("by", one.get("serviceOrder", {}).get("id") or one["who"]),
            ("told", progress(one)),
            *((name, str(one[name])) for name in ("revised", "proposed", "placed", "failed")),
        ]
    )
    if one["problem"]:
        output.table(("service", "problem"), [(each["service"], each["message"]) for each in one["problem"]])
