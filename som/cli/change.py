"""`som change`: change requests of other systems that make orders, and where they come from."""

from pathlib import Path
from typing import Annotated, Any

import typer

from som.cli import files, output
from som.cli.connection import ADMINISTRATION, Server, at
from som.cli.options import DEFAULT_URL, AsJson, Fill, Limit, Offset, Url

app = typer.Typer(help="Follow change requests that make orders.", no_args_is_help=True)
sources_app = typer.Typer(help="Say where change requests come from.", no_args_is_help=True)
app.add_typer(sources_app, name="source")

_SOURCES = f"{ADMINISTRATION}/changeSource"
_CHANGES = f"{ADMINISTRATION}/change"

SourceId = Annotated[str, typer.Argument(metavar="SOURCE", help="Identifier of the source.", show_default=False)]
ChangeId = Annotated[
    str,
    typer.Argument(metavar="CHANGE", help="Identifier here, or of the change request there.", show_default=False),
]
Template = Annotated[
    Path | None,
    typer.Option("--order", exists=True, dir_okay=False, help="A JSON or YAML file: the template of the order."),
]
Token = Annotated[str | None, typer.Option("--token", envvar="SOM_CHANGE_TOKEN", help="Bearer token for the source.")]


@sources_app.command("add")
def add_source(
    endpoint: Annotated[str, typer.Argument(help="Base path of its TMF655 API.", show_default=False)],
    name: Annotated[str, typer.Option("--name", help="Name, for people.", show_default=False)],
    template: Template = None,
    fill: Fill = [],  # noqa: B006 - typer copies it
    source_id: Annotated[str | None, typer.Option("--id", help="Identifier; one is made where none is given.")] = None,
    hub: Annotated[bool, typer.Option("--hub/--no-hub", help="Whether to subscribe to its hub.")] = True,
    poll: Annotated[float | None, typer.Option("--poll", help="Seconds between two looks without a hub.")] = None,
    token: Token = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Register a source; each change request that it approves makes an order."""
    given = {"endpoint": endpoint, "name": name, "hub": hub, "id": source_id, "pollInterval": poll}
    with Server(url) as server:
        made = server.post(_SOURCES, _source_body(given, template, fill, token))
    if as_json:
        output.as_json(made)
    else:
        output.facts([("id", made["id"])])


@sources_app.command("change")
def change_source(
    source_id: SourceId,
    endpoint: Annotated[str | None, typer.Option("--endpoint", help="Base path of its TMF655 API.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Name, for people.")] = None,
    template: Template = None,
    fill: Fill = [],  # noqa: B006 - typer copies it
    status: Annotated[list[str], typer.Option("--status", help="A status that makes an order; can be repeated.")] = [],  # noqa: B006 - typer copies it
    hub: Annotated[bool | None, typer.Option("--hub/--no-hub", help="Whether to subscribe to its hub.")] = None,
    poll: Annotated[float | None, typer.Option("--poll", help="Seconds between two looks without a hub.")] = None,
    token: Token = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Change a source: what is given changes, the rest stays; it is looked at at once."""
    given = {"endpoint": endpoint, "name": name, "hub": hub, "pollInterval": poll, "status": status or None}
    with Server(url) as server:
        changed = server.patch(at(_SOURCES, source_id), _source_body(given, template, fill, token))
    if as_json:
        output.as_json(changed)
    else:
        output.facts([("id", changed["id"]), ("endpoint", changed["endpoint"])])


def _source_body(given: dict[str, Any], template: Path | None, fill: list[str], token: str | None) -> dict[str, Any]:
    """What is said of a source."""
    body = {key: value for key, value in given.items() if value is not None}
    if template is not None:
        body["order"] = files.read_object(template, files.values(fill))
    if token is not None:
        body["credentials"] = {"type": "bearer", "token": token}
    return body


@sources_app.command("list")
def list_sources(limit: Limit = 20, offset: Offset = 0, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """List sources, with when they were looked at and what was in the way."""
    with Server(url) as server:
        page = server.page(_SOURCES, {"limit": limit, "offset": offset})
    columns = ("id", "name", "hub tells", "last look", "problem", "endpoint")
    output.listing(page.items, page.total, columns, _source_row, in_json=as_json)


@sources_app.command("show")
def show_source(source_id: SourceId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show a source; its credentials are never shown."""
    with Server(url) as server:
        found = server.get(at(_SOURCES, source_id))
    if as_json:
        output.as_json(found)
    else:
        output.facts((name, str(value)) for name, value in found.items() if name != "href" and value is not None)


@sources_app.command("remove")
def remove_source(source_id: SourceId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Remove a source; orders that came from it go on."""
    with Server(url) as server:
        server.delete(at(_SOURCES, source_id))
    if as_json:
        output.as_json({"removed": source_id})
    else:
        output.line("removed", source_id)


@app.command("list")
def list_changes(
    state: Annotated[str | None, typer.Option("--state", help="Only those in this state.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="Only those of this source.")] = None,
    limit: Limit = 20,
    offset: Offset = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """List change requests that were heard of, with what has become of them."""
    asked: dict[str, Any] = {"limit": limit, "offset": offset}
    asked |= {name: value for name, value in (("state", state), ("changeSource", source)) if value is not None}
    with Server(url) as server:
        page = server.page(_CHANGES, asked)
    columns = ("id", "change request", "state", "order", "told", "owed", "problem")
    output.listing(page.items, page.total, columns, _change_row, in_json=as_json)


@app.command("show")
def show_change(change_id: ChangeId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show what has become of a change request."""
    with Server(url) as server:
        named = server.page(_CHANGES, {"changeRequest": change_id, "limit": 1}).items
        found = named[0] if named else server.get(at(_CHANGES, change_id))
    if as_json:
        output.as_json(found)
        return
    request, order = found["changeRequest"], found.get("serviceOrder") or {}
    output.facts(
        [
            ("id", found["id"]),
            ("state", found["state"]),
            ("change request", request["id"]),
            ("its status", request.get("status")),
            ("description", found.get("description")),
            ("order", order.get("id")),
            ("order state", order.get("state")),
            ("withdrawn", found.get("withdrawn")),
            ("owed", ", ".join(found["owed"]) or None),
            ("problem", _problem(found)),
        ]
    )
    if found["told"]:
        output.table(("told of", "at"), [(one["what"], one["at"]) for one in found["told"]])


def _problem(found: dict[str, Any]) -> str | None:
    return found.get("problem") or found.get("problemOfWriting")


def _source_row(one: dict[str, Any]) -> output.Row:
    tells = "yes" if one.get("hubTells") else "no"
    return (one["id"], one["name"], tells, one.get("lastLook"), one.get("problem"), one["endpoint"])


def _change_row(one: dict[str, Any]) -> output.Row:
    told = ", ".join(entry["what"] for entry in one.get("told", ()))
    order = (one.get("serviceOrder") or {}).get("id")
    owed = ", ".join(one.get("owed", ()))
    return (one["id"], one["changeRequest"]["id"], one["state"], order, told, owed, _problem(one))
