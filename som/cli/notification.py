"""`som listener`, `som delivery` and `som event`: what happened, and who was told."""

from typing import Annotated, Any

import typer

from som.cli import output
from som.cli.connection import ADMINISTRATION, Server, at
from som.cli.options import DEFAULT_URL, AsJson, Limit, Offset, Url

listener_app = typer.Typer(help="Look at who is told of events.", no_args_is_help=True)
delivery_app = typer.Typer(help="Look at deliveries of events, and repeat them.", no_args_is_help=True)
event_app = typer.Typer(help="Look at what has happened.", no_args_is_help=True)


@listener_app.command("list")
def list_listeners(
    state: Annotated[str | None, typer.Option("--state", help="Only `active` or `ended` ones.")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """List listeners with what still waits for them and what was given up; --json tells why one is mute."""
    with Server(url) as server:
        page = server.page(f"{ADMINISTRATION}/hubListener", {"state": state, "limit": limit, "offset": offset})
    columns = ("id", "state", "api", "callback", "pending", "dead", "query")
    output.listing(page.items, page.total, columns, _listener_row, in_json=as_json)


@delivery_app.command("list")
def list_deliveries(
    state: Annotated[str | None, typer.Option("--state", help="Only `pending`, `delivered` or `dead` ones.")] = None,
    listener: Annotated[str | None, typer.Option("--listener", help="Only to this listener.")] = None,
    limit: Limit = 20,
    offset: Offset = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """List deliveries with their last attempt."""
    asked = {"state": state, "listener": listener, "limit": limit, "offset": offset}
    with Server(url) as server:
        page = server.page(f"{ADMINISTRATION}/delivery", asked)
    columns = ("id", "state", "event", "attempts", "last answer", "next")
    output.listing(page.items, page.total, columns, _delivery_row, in_json=as_json)


@delivery_app.command()
def replay(
    delivery_id: Annotated[str, typer.Argument(metavar="ID", help="Identifier of the delivery.", show_default=False)],
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Send an event to its subscriber again."""
    with Server(url) as server:
        delivery = server.post(at(f"{ADMINISTRATION}/delivery", delivery_id, "replay"), None)
    if as_json:
        output.as_json(delivery)
    else:
        output.line(f"{delivery_id}  ", output.state((delivery or {}).get("state")))


@event_app.command("list")
def list_events(
    resource: Annotated[str | None, typer.Option("--resource", help="Only about the resource with this id.")] = None,
    order: Annotated[str | None, typer.Option("--order", help="Only about this order.")] = None,
    event_type: Annotated[str | None, typer.Option("--type", help="Only of this type.")] = None,
    limit: Limit = 20,
    offset: Offset = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """List events."""
    asked = {"resourceId": resource, "order": order, "eventType": event_type, "limit": limit, "offset": offset}
    with Server(url) as server:
        page = server.page(f"{ADMINISTRATION}/event", asked)
    columns = ("id", "at", "event", "resource", "number", "state")
    output.listing(page.items, page.total, columns, _event_row, in_json=as_json)


def _listener_row(one: dict[str, Any]) -> output.Row:
    return (
        one["id"],
        output.state("mute" if one.get("problem") else one.get("state")),
        f"{one.get('api')} {one.get('version')}",
        one.get("callback"),
        str(one.get("pending", "")),
        str(one.get("dead", "")),
        one.get("query"),
    )


def _event_row(one: dict[str, Any]) -> output.Row:
    return (
        one["id"],
        one.get("eventTime"),
        one.get("eventType"),
        one.get("resourceId"),
        str(one.get("sequence", "")),
        output.state(one.get("state")),
    )


def _delivery_row(one: dict[str, Any]) -> output.Row:
    last = one.get("last") or {}
    answer = str(last.get("status") or last.get("error") or "")
    tried = str(one.get("attempts", ""))
    return one["id"], output.state(one.get("state")), one.get("eventType"), tried, answer, one.get("due")
