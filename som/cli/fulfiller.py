"""`som fulfiller`: who does the work."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from som.cli import files, loading, output
from som.cli.connection import ADMINISTRATION, Server, at
from som.cli.options import DEFAULT_URL, AsJson, Fill, InputFile, Limit, Offset, Url

app = typer.Typer(help="Register and look at those who do the work.", no_args_is_help=True)

FulfillerId = Annotated[str, typer.Argument(metavar="ID", help="Identifier of the fulfiller.", show_default=False)]

_FULFILLERS = f"{ADMINISTRATION}/fulfiller"
_TABLES = frozenset({"capability", "settings", "maintenanceWindow"})


def _subject(capability: Mapping[str, Any]) -> str:
    return str(capability.get("specification") or f"category {capability.get('category')}")


def _health(health: Mapping[str, Any]) -> str:
    """Whether it is up, and where not, why, in a line."""
    breaker, down, window = (health.get(name) or {} for name in ("circuitBreaker", "down", "maintenance"))
    parts = [str(health.get("status", ""))]
    if breaker.get("state") not in (None, "closed"):
        parts.append(f"breaker {breaker['state']} until {breaker.get('until')}: {breaker.get('reason')}")
    if down:
        parts.append(str(down.get("reason")))
    if window:
        parts.append(f"in maintenance until {window.get('until')}")
    return ", ".join(parts)


def _print_health(health: Mapping[str, Any]) -> None:
    output.facts(
        [
            ("health", _health(health)),
            ("in flight", health.get("inFlight")),
            ("open tasks", health.get("openTasks")),
            ("held tasks", health.get("heldTasks")),
        ]
    )
    output.table(
        ("calls in the last", "number", "done", "accepted", "refused", "unreachable", "p50 ms", "p95 ms"),
        [(span, *_figures(health.get(name) or {})) for span, name in (("hour", "lastHour"), ("day", "lastDay"))],
    )


def _figures(figures: Mapping[str, Any]) -> list[Any]:
    return [figures.get(name) for name in ("calls", "done", "accepted", "refused", "unreachable", "p50", "p95")]


def _when(window: Mapping[str, Any]) -> str:
    if window.get("startDateTime"):
        return f"{window['startDateTime']} to {window['endDateTime']}"
    days = ", ".join(window.get("day") or ("every day",))
    return f"{days} {window.get('startTime')} to {window.get('endTime')} {window.get('timeZone') or 'UTC'}"


@app.command("list")
def list_fulfillers(limit: Limit = 100, offset: Offset = 0, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """List fulfillers with what they can do."""
    with Server(url) as server:
        page = server.page(_FULFILLERS, {"limit": limit, "offset": offset})
    columns = ("id", "name", "kind", "state", "health", "endpoint", "capabilities")
    output.listing(page.items, page.total, columns, _row, in_json=as_json)


@app.command()
def show(fulfiller_id: FulfillerId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show a fulfiller; its credentials are never shown."""
    with Server(url) as server:
        fulfiller = server.get(at(_FULFILLERS, fulfiller_id))
        how = {} if as_json else server.get(at(_FULFILLERS, fulfiller_id, "health"))
    if as_json:
        output.as_json(fulfiller)
        return
    output.facts(
        (name, None if value in (None, []) else output.short(value))
        for name, value in fulfiller.items()
        if name not in ("href", *_TABLES)
    )
    output.table(
        ("for", "action", "places", "condition"),
        [
            (_subject(one), one["action"], ", ".join(one.get("place") or ()), one.get("condition"))
            for one in fulfiller.get("capability") or ()
        ],
    )
    windows = fulfiller.get("maintenanceWindow") or ()
    if windows:
        output.table(("maintenance", "when"), [(one.get("name"), _when(one)) for one in windows])
    _print_health(how)
    if fulfiller.get("settings"):
        output.table(
            ("setting", "value"), [(name, output.short(value, 1000)) for name, value in fulfiller["settings"].items()]
        )


@app.command()
def health(fulfiller_id: FulfillerId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show how a fulfiller is: circuit breaker, probes, what it has open, what calls to it came to."""
    with Server(url) as server:
        found = server.get(at(_FULFILLERS, fulfiller_id, "health"))
    if as_json:
        output.as_json(found)
    else:
        _print_health(found)


@app.command()
def add(
    file: InputFile,
    fill: Fill = [],  # noqa: B006 - typer copies it
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Register the fulfiller in a file, or bring it up to date."""
    body = files.read_object(file, files.values(fill))
    with Server(url) as server:
        loaded = loading.load(server, loading.Entry(loading.FULFILLER, body, file))
        if as_json:
            output.as_json(server.get(at(_FULFILLERS, loaded.id)))
        else:
            output.line(f"{loaded.id}  {loaded.outcome}")


@app.command()
def drain(
    fulfiller_id: FulfillerId,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Remove it from the registry as soon as it has nothing left.")
    ] = False,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Give a fulfiller no new work; it finishes what it has."""
    _administer(fulfiller_id, "withdrawn" if withdraw else "draining", url, as_json=as_json)


@app.command()
def resume(fulfiller_id: FulfillerId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Give a drained fulfiller new work again."""
    _administer(fulfiller_id, "enabled", url, as_json=as_json)


@app.command()
def remove(fulfiller_id: FulfillerId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Remove a fulfiller; refused while tasks are open at it."""
    with Server(url) as server:
        server.delete(at(_FULFILLERS, fulfiller_id))
    output.told({"id": fulfiller_id, "removed": True}, f"{fulfiller_id}  removed", in_json=as_json)


def _administer(fulfiller_id: str, state: str, url: str, *, as_json: bool) -> None:
    with Server(url) as server:
        found = server.patch(at(_FULFILLERS, fulfiller_id), {"administrativeState": state})
    output.told(found, f"{fulfiller_id}  {state}", in_json=as_json)


def _row(one: dict[str, Any]) -> output.Row:
    return (
        one["id"],
        one.get("name"),
        one.get("kind"),
        output.state(one.get("administrativeState")),
        _health(one.get("health") or {}),
        one.get("endpoint"),
        ", ".join(f"{_subject(can)}:{can['action']}" for can in one.get("capability") or ()),
    )
