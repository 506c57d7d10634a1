"""`som sink`: where actual instances of services and resources go."""

from typing import Annotated, Any

import typer

from som.cli import output
from som.cli.connection import ADMINISTRATION, Server, at
from som.cli.options import DEFAULT_URL, AsJson, Limit, Offset, Url

app = typer.Typer(help="Send actual instances to other inventories, or to webhooks.", no_args_is_help=True)

_SINKS = f"{ADMINISTRATION}/sink"

SinkId = Annotated[str, typer.Argument(metavar="SINK", help="Identifier of the sink.", show_default=False)]


@app.command()
def add(
    address: Annotated[
        str, typer.Argument(help="The webhook's address, or the base path of an inventory's API.", show_default=False)
    ],
    kind: Annotated[str, typer.Option("--kind", help="webhook, tmf638 or tmf639.")] = "webhook",
    name: Annotated[str | None, typer.Option("--name", help="Name, for people.")] = None,
    resource: Annotated[str | None, typer.Option("--resource", help="For a webhook: service or resource.")] = None,
    specification: Annotated[
        list[str], typer.Option("--specification", help="Only instances of this id or name; can be repeated.")
    ] = [],  # noqa: B006 - typer copies it
    query: Annotated[str | None, typer.Option("--query", help="Which changes, as a hub's query says it.")] = None,
    token: Annotated[
        str | None, typer.Option("--token", envvar="SOM_SINK_TOKEN", help="Bearer token for an inventory.")
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Begin with the whole inventory, and not only with what changes.")
    ] = False,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Register a sink; the secret that signs a webhook is shown this once."""
    body: dict[str, Any] = {"address": address, "kind": kind}
    optional = {"name": name, "resource": resource, "specification": specification or None, "query": query}
    body |= {key: value for key, value in optional.items() if value is not None}
    if whole:
        body["initialCopy"] = True
    if token is not None:
        body["credentials"] = {"type": "bearer", "token": token}
    with Server(url) as server:
        made = server.post(_SINKS, body)
    if as_json:
        output.as_json(made)
    else:
        output.facts([("id", made["id"]), ("secret", made.get("secret"))])


@app.command()
def change(
    sink_id: SinkId,
    address: Annotated[str | None, typer.Option("--address", help="Where instances go from now on.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Name, for people.")] = None,
    specification: Annotated[
        list[str], typer.Option("--specification", help="Only instances of this id or name; can be repeated.")
    ] = [],  # noqa: B006 - typer copies it
    query: Annotated[str | None, typer.Option("--query", help="Which changes; an empty text for all.")] = None,
    token: Annotated[
        str | None, typer.Option("--token", envvar="SOM_SINK_TOKEN", help="Bearer token for an inventory.")
    ] = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Change a sink: what is given changes, the rest stays."""
    given = {"address": address, "name": name, "specification": specification or None}
    patch: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if query is not None:
        patch["query"] = query or None
    if token is not None:
        patch["credentials"] = {"type": "bearer", "token": token}
    with Server(url) as server:
        changed = server.patch(at(_SINKS, sink_id), patch)
    if as_json:
        output.as_json(changed)
    else:
        output.facts([("id", changed["id"]), ("address", changed["address"])])


@app.command()
def copy(sink_id: SinkId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Send the whole inventory to a sink, piece by piece; `som sink list` shows how far it is."""
    with Server(url) as server:
        begun = server.post(at(_SINKS, sink_id, "copy"), {})
    if as_json:
        output.as_json(begun)
    else:
        output.facts([("copy", str(begun["number"])), ("state", begun["state"]), ("copied", str(begun["copied"]))])


@app.command("list")
def list_sinks(limit: Limit = 20, offset: Offset = 0, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """List sinks, with what waits for them."""
    with Server(url) as server:
        page = server.page(_SINKS, {"limit": limit, "offset": offset})
    columns = ("id", "name", "kind", "state", "waiting", "given up", "copied", "address")
    output.listing(page.items, page.total, columns, _row, in_json=as_json)


@app.command()
def remove(sink_id: SinkId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Remove a sink; what it has stays there."""
    with Server(url) as server:
        server.delete(at(_SINKS, sink_id))
    if as_json:
        output.as_json({"removed": sink_id})
    else:
        output.line("removed", sink_id)


def _row(one: dict[str, Any]) -> output.Row:
    return (
        one["id"],
        one.get("name"),
        one["kind"],
        one["state"],
        str(one.get("pending", 0)),
        str(one.get("dead", 0)),
        _copied(one.get("copy")),
        one["address"],
    )


def _copied(copy: dict[str, Any] | None) -> str | None:
    """How far the latest copy of the inventory is."""
    if copy is None:
        return None
    return f"{copy['copied']}{' so far' if copy['state'] == 'inProgress' else ''}"
