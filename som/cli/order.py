"""`som order`: place, follow, cancel and resume service orders."""

import time
import uuid
from typing import Annotated, Any

import typer

from som.cli import files, output
from som.cli.connection import JSON_PATCH, ORDERING, Server, at
from som.cli.exits import EndedOtherwise, TimedOut, Unusable
from som.cli.follow import Follower
from som.cli.options import (
    DEFAULT_URL,
    AsJson,
    Fill,
    IdempotencyKey,
    InputFile,
    Limit,
    Offset,
    Timeout,
    Url,
    Watch,
)
from som.cli.picture import Picture, pointer
from som.cli.views import table, view

app = typer.Typer(help="Place, follow, cancel and resume service orders.", no_args_is_help=True)

OrderId = Annotated[str, typer.Argument(metavar="ID", help="Identifier of the order.", show_default=False)]

_ORDERS = f"{ORDERING}/serviceOrder"
_CANCELLATIONS = f"{ORDERING}/cancelServiceOrder"
_LOOK_SECONDS = 0.3


@app.command()
def submit(
    file: InputFile,
    watch: Watch = False,
    fill: Fill = [],  # noqa: B006 - typer copies it
    timeout: Timeout = 0,
    idempotency_key: IdempotencyKey = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Place the order in a file."""
    body = files.read_object(file, files.values(fill))
    with Server(url) as server:
        order = server.post(_ORDERS, body, idempotency_key or str(uuid.uuid4()))
        if not watch:
            _show(order, as_json=as_json)
            return
        _follow(server, str(order["id"]), timeout, wanted="completed", as_json=as_json)


@app.command()
def show(
    order_id: OrderId,
    watch: Watch = False,
    timeout: Timeout = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Show an order with its items, tasks and troubles."""
    with Server(url) as server:
        if watch:
            _follow(server, order_id, timeout, wanted="completed", as_json=as_json)
        elif as_json:
            output.as_json(server.get(at(_ORDERS, order_id)))
        else:
            _draw(Follower(server, order_id).look())


@app.command("list")
def list_orders(
    state: Annotated[str | None, typer.Option("--state", help="Only in these states, separated by commas.")] = None,
    external_id: Annotated[str | None, typer.Option("--external-id", help="Only with this externalId.")] = None,
    where: Annotated[
        list[str], typer.Option("--filter", metavar="NAME=VALUE", help="Any other filter of TMF641; can be repeated.")
    ] = [],  # noqa: B006 - typer copies it
    sort: Annotated[str, typer.Option("--sort", help="What to sort by; `-` in front turns it around.")] = "-orderDate",
    limit: Limit = 20,
    offset: Offset = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """List orders, the newest first."""
    asked = {"state": state, "externalId": external_id, "sort": sort, "limit": limit, "offset": offset}
    with Server(url) as server:
        page = server.page(_ORDERS, asked | files.values(where))
    columns = ("id", "state", "ordered", "external id", "description")
    output.listing(page.items, page.total, columns, _row, in_json=as_json)


@app.command()
def cancel(
    order_id: OrderId,
    reason: Annotated[str | None, typer.Option("--reason", help="Why, for the record.")] = None,
    watch: Watch = False,
    timeout: Timeout = 0,
    idempotency_key: IdempotencyKey = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Ask for the cancellation of an order."""
    body: dict[str, Any] = {"serviceOrder": {"id": order_id}}
    if reason:
        body["cancellationReason"] = reason
    with Server(url) as server:
        request = server.post(_CANCELLATIONS, body, idempotency_key or str(uuid.uuid4()))
        if not watch:
            _show(request, as_json=as_json)
            return
        decided = _decision(server, str(request["id"]), timeout)
        if decided.get("state") != "done":
            raise EndedOtherwise(f"The cancellation ended as {decided.get('state')}: {_words(decided)}")
        seen = Follower(server, order_id).look()
        if seen.state not in ("cancelled", "pendingCancellation"):
            raise EndedOtherwise(f"The cancellation was denied, the order is {seen.state}: {_words(decided)}")
        _follow(server, order_id, timeout, wanted="cancelled", as_json=as_json)


@app.command()
def resume(
    order_id: OrderId,
    item: Annotated[
        str | None,
        typer.Option("--item", metavar="PATH", help="Only this item: its id, for a nested one like 1/2. Else all."),
    ] = None,
    watch: Watch = False,
    timeout: Timeout = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Let held work go on, once its trouble is resolved."""
    path = at(_ORDERS, order_id)
    with Server(url) as server:
        if item is None:
            order = server.patch(path, {"state": "inProgress"})
        else:
            present, version = server.versioned(path)
            where = pointer(present, item)
            if where is None:
                raise Unusable(f"Order {order_id} has no item {item}.")
            change = [{"op": "replace", "path": f"{where}/state", "value": "inProgress"}]
            order = server.patch(path, change, JSON_PATCH, version)
        if watch:
            _follow(server, order_id, timeout, wanted="completed", as_json=as_json)
        else:
            _show(order, as_json=as_json)


def _follow(server: Server, order_id: str, timeout: float, *, wanted: str, as_json: bool) -> None:
    seen = Follower(server, order_id, timeout).follow(view(silent=as_json))
    if as_json:
        output.as_json(seen.order)
    if seen.state != wanted:
        why = "".join(f"\n  {text}" for text in seen.trouble)
        raise EndedOtherwise(f"Order {order_id} is {seen.state}, not {wanted}.{why}")


def _decision(server: Server, request_id: str, timeout: float) -> dict[str, Any]:
    """The cancellation request once it is decided; that it is carried out is seen at the order."""
    give_up = time.monotonic() + timeout if timeout else None
    while True:
        request: dict[str, Any] = server.get(at(_CANCELLATIONS, request_id))
        order = server.get(at(_ORDERS, str(request["serviceOrder"]["id"])))
        if request.get("state") in ("done", "terminatedWithError"):
            return request
        if order.get("state") == "pendingCancellation":
            return request | {"state": "done"}
        if give_up is not None and time.monotonic() >= give_up:
            raise TimedOut(f"The cancellation is still {request.get('state')} after {timeout:g} s; it goes on.")
        time.sleep(_LOOK_SECONDS)


def _words(request: dict[str, Any]) -> str:
    said = request.get("completionMessage") or request.get("errorMessage") or "no reason was given"
    return said if isinstance(said, str) else str(said)


def _show(resource: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        output.as_json(resource)
    else:
        output.line(str(resource["id"]), "  ", output.state(resource.get("state")))


def _draw(seen: Picture) -> None:
    order = seen.order
    out = output.console()
    if out.is_terminal:
        out.print(table(seen, height=10_000))
        return
    output.facts(
        [
            ("id", order.get("id")),
            ("state", output.state(seen.state)),
            ("externalId", order.get("externalId")),
            ("description", order.get("description")),
            ("ordered", order.get("orderDate")),
            ("completed", order.get("completionDate")),
        ]
    )
    output.table(
        ("item", "action", "what", "state"), [(i.path, i.action, i.what, output.state(i.state)) for i in seen.items]
    )
    if seen.tasks:
        output.table(
            ("item", "task", "service", "state", "fulfiller", "tries"),
            [
                (t.item, t.label, t.service, output.state(t.state), t.fulfiller, str(t.attempts or ""))
                for t in seen.tasks
            ],
        )
    for trouble in seen.trouble:
        output.line(f"! {trouble}")


def _row(one: dict[str, Any]) -> output.Row:
    return (
        one["id"],
        output.state(one.get("state")),
        one.get("orderDate"),
        one.get("externalId"),
        one.get("description"),
    )
