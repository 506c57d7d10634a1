"""`som subscription`: what consumers have."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from som.cli import output
from som.cli.connection import ADMINISTRATION, Server, at
from som.cli.options import DEFAULT_URL, AsJson, Limit, Offset, Url

_SUBSCRIPTIONS = f"{ADMINISTRATION}/subscription"

app = typer.Typer(help="Look at what consumers have: who, which service, and what is under way.", no_args_is_help=True)


@app.command("list")
def list_subscriptions(
    party: Annotated[str | None, typer.Option("--party", help="Only of this party, by its id.")] = None,
    state: Annotated[
        str | None,
        typer.Option("--state", help="Only pending, active, suspended or terminated ones; several with commas."),
    ] = None,
    specification: Annotated[str | None, typer.Option("--specification", help="Only of this specification id.")] = None,
    limit: Limit = 20,
    offset: Offset = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """List subscriptions, in the order of their creation."""
    asked = {"party": party, "state": state, "specification": specification, "limit": limit, "offset": offset}
    with Server(url) as server:
        page = server.page(_SUBSCRIPTIONS, asked)
    columns = ("id", "party", "service", "state", "since", "in flight")
    output.listing(page.items, page.total, columns, _row, in_json=as_json)


@app.command()
def show(
    subscription: Annotated[
        str, typer.Argument(metavar="ID", help="Identifier of the subscription, which is its service's.")
    ],
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Show one subscription, and the orders under way for it."""
    with Server(url) as server:
        one = server.get(at(_SUBSCRIPTIONS, subscription))
    if as_json:
        output.as_json(one)
        return
    specification = one.get("specification") or {}
    output.facts(
        [
            ("id", one["id"]),
            ("party", _parties(one)),
            ("service", one["service"].get("name")),
            ("specification", specification.get("name") or specification.get("id")),
            ("state", output.state(one["state"])),
            ("since", one["since"]),
        ]
    )
    if one["inFlight"]:
        rows = [
            (entry["serviceOrder"]["id"], entry["item"], entry["action"], output.state(entry["state"]),
             entry.get("expectedCompletionDate"))
            for entry in one["inFlight"]
        ]  # fmt: skip
        output.table(("order", "item", "action", "state", "expected"), rows)


def _parties(one: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{party.get('name') or party.get('id')}{' (' + party['role'] + ')' if party.get('role') else ''}"
        for party in one["party"]
    )


def _row(one: dict[str, Any]) -> output.Row:
    return (
        one["id"],
        _parties(one),
        (one.get("specification") or {}).get("name") or one["service"].get("name"),
        output.state(one["state"]),
        one["since"],
        ", ".join(f"{entry['action']} {entry['state']}" for entry in one["inFlight"]),
    )
