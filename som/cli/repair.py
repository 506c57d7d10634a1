"""`som repair`, `som service reconcile`: finding and repairing what is otherwise than ordered."""

import time
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from som.cli import output
from som.cli.connection import ADMINISTRATION, Server, at
from som.cli.exits import Unusable
from som.cli.options import DEFAULT_URL, AsJson, Limit, Offset, Url

app = typer.Typer(help="See what is otherwise than ordered, and have it repaired.", no_args_is_help=True)

_REPAIRS = f"{ADMINISTRATION}/repair"
_SERVICES = f"{ADMINISTRATION}/service"
_PAUSE_SECONDS = 0.3

ServiceId = Annotated[str, typer.Argument(metavar="SERVICE", help="Identifier of the service.", show_default=False)]


def reconcile(
    service_id: ServiceId,
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=0, help="How long to wait for the answer.")
    ] = 30.0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Have the fulfillers of a service asked what is, and show what they said."""
    path = f"{at(_SERVICES, service_id)}/reconciliation"
    with Server(url) as server:
        found = server.post(path, None)
        ends = time.monotonic() + wait
        while found["state"] == "asked" and time.monotonic() < ends:
            time.sleep(_PAUSE_SECONDS)
            found = server.get(path)
    if as_json:
        output.as_json(found)
    else:
        _show_reading(found)
    if found["state"] == "asked" and wait:
        raise Unusable(f"Nobody has answered within {wait:g} seconds; it goes on.")


def _show_reading(found: Mapping[str, Any]) -> None:
    said = found.get("lastRead") or {}
    drift = "yes; see som repair show" if found.get("hasDrift") else "none"
    output.facts(
        [
            ("service", found["id"]),
            ("state", found["state"]),
            ("policy", found.get("policy")),
            ("last read", said.get("at")),
            ("next read", found.get("nextReadDate")),
            ("drift", drift),
        ]
    )
    answers = said.get("answer") or ()
    if answers:
        rows = [(one.get("fulfiller"), one.get("outcome"), one.get("reason")) for one in answers]
        output.table(("fulfiller", "said", "reason"), rows)


@app.command("list")
def list_repairs(
    specification: Annotated[str | None, typer.Option("--specification", help="Only of this specification id.")] = None,
    fulfiller: Annotated[str | None, typer.Option("--fulfiller", help="Only what this one has built.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Only where this characteristic differs.")] = None,
    limit: Limit = 20,
    offset: Offset = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """List the services that are otherwise than ordered, and how far their repairs are."""
    asked = {"specification": specification, "fulfiller": fulfiller, "name": name, "limit": limit, "offset": offset}
    with Server(url) as server:
        page = server.page(_REPAIRS, asked)
    columns = ("service", "name", "repair", "order", "since", "drift")
    output.listing(page.items, page.total, columns, _row, in_json=as_json)


@app.command()
def show(service_id: ServiceId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show the drift of a service, and the order that would repair it."""
    with Server(url) as server:
        found = server.get(at(_REPAIRS, service_id))
    if as_json:
        output.as_json(found)
        return
    output.facts(
        [
            ("service", found["id"]),
            ("since", found["since"]),
            ("policy", found.get("policy")),
            ("repair", found.get("state")),
            ("order", _order_of(found)),
            ("problem", found.get("problem")),
        ]
    )
    rows = [
        (" ".join(filter(None, (one["attribute"], one.get("name")))), str(one.get("actual")), str(one.get("desired")))
        for one in found["difference"]
    ]
    output.table(("what", "is", "but ordered"), rows)


@app.command()
def place(service_id: ServiceId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Place the order that repairs a service."""
    with Server(url) as server:
        order = server.post(f"{at(_REPAIRS, service_id)}/order", None)
    if as_json:
        output.as_json(order)
    else:
        output.facts([("order", order["id"]), ("state", output.state(order.get("state")))])


def _order_of(repair: Mapping[str, Any]) -> str | None:
    order = repair.get("order")
    return f"{order['id']} {order.get('state', '')}".rstrip() if order else None


def _row(one: dict[str, Any]) -> output.Row:
    return (one["id"], one["service"].get("name"), one.get("state"), _order_of(one), one["since"], one.get("reason"))
