"""`som listener`, `som delivery` and `som event`: what happened, and who was told."""

from typing import Annotated

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
    if as_json:
        output.as_json(page.items)
        return
    rows = [
        (
            one["id"],
            output.state("mute" if one.get("problem") else one.get("state")),
            f"{one.get('api')} {one.get('version')}",
            one.get("callback"),
            str(one.get("pending", "")),
            str(one.get("dead", "")),
            one.get("query"),
        )
        for one in page.items
    ]
    output.table(("id", "state", "api", "callback", "pending", "dead", "query"), rows)
    output.more(len(page.items), page.total)


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
    if as_json:
        output.as_json(page.items)
        return
    rows = []
    for one in page.items:
        last = one.get("last") or {}
        answer = str(last.get("status") or last.get("error") or "")
        tried = str(one.get("attempts", ""))
        rows.append((one["id"], output.state(one.get("state")), one.get("eventType"), tried, answer, one.get("due")))
    output.table(("id", "state", "event", "attempts", "last answer", "next"), rows)
    output.more(len(page.items), page.total)


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
    if as_json:
        output.as_json(page.items)
        return
    rows = [
        (
            one["id"],
            one.get("eventTime"),
            one.get("eventType"),
            one.get("resourceId"),
            str(one.get("sequence", "")),
            output.state(one.get("state")),
        )
        for one in page.items
    ]
    output.table(("id", "at", "event", "resource", "number", "state"), rows)
    output.more(len(page.items), page.total)
