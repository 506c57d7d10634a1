"""`som work`: what people have to do, and how they say that it is done (TMF701 task flows)."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from som.cli import files, output
from som.cli.connection import JSON_PATCH, Server, at
from som.cli.exits import Refused, Unusable
from som.cli.options import DEFAULT_URL, As, AsJson, Limit, Offset, Url

app = typer.Typer(help="Look at what people have to do, and do it.", no_args_is_help=True)

PROCESSES = "/tmf-api/processFlowManagement/v4"
OPEN = "new,active,hold"
_NOT_FOUND = 404

WorkId = Annotated[str, typer.Argument(metavar="ID", help="Identifier of the task flow.", show_default=False)]
Queue = Annotated[str | None, typer.Option("--queue", help="Only the work of this queue.")]


@app.command("list")
def list_work(
    queue: Queue = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only what is yours (--as, or SOM_USER).")] = False,
    order: Annotated[str | None, typer.Option("--order", help="Only the work for this order.")] = None,
    state: Annotated[str, typer.Option("--state", help="Only work in these states, separated by commas.")] = OPEN,
    who: As = None,
    limit: Limit = 100,
    offset: Offset = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """List work that is open, the most urgent first."""
    wanted = {"queue": queue, "assignee": _me(who) if mine else None, "relatedEntity.id": order, "state": state}
    shown = {"sort": "priority,requestedCompletionDate", "limit": limit, "offset": offset}
    with Server(url) as server:
        page = server.page(f"{PROCESSES}/taskFlow", {**wanted, **shown})
    columns = ("id", "name", "state", "priority", "due", "queue", "assignee")
    output.listing(page.items, page.total, columns, _row, in_json=as_json)


@app.command()
def show(work_id: WorkId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show one piece of work: what to do, and what to report."""
    with Server(url) as server:
        found = _found(server, work_id)
    if as_json:
        output.as_json(found)
        return
    output.facts(_facts(found))
    _show_form(found)
    notes = [(note.get("date"), note.get("author"), note.get("text")) for note in found.get("note") or ()]
    if notes:
        output.table(("at", "who", "comment"), notes)


@app.command()
def claim(work_id: WorkId, who: As = None, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Take work, and begin with it; refused when somebody else has it."""
    me = _me(who)
    with Server(url) as server:
        found, tag = _versioned(server, work_id)
        owner = found.get("assignee")
        if owner not in (None, me):
            raise Refused(409, f"{owner} has it already; `som work delegate` gives it to somebody else.")
        _tell(server.patch(_path(found), {"assignee": me, "state": "active"}, if_match=tag), as_json=as_json)


@app.command()
def release(work_id: WorkId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Give work back to its queue."""
    _change(url, work_id, {"assignee": None}, as_json=as_json)


@app.command()
def delegate(
    work_id: WorkId,
    to: Annotated[str | None, typer.Option("--to", help="The person to give it to.")] = None,
    queue: Annotated[str | None, typer.Option("--queue", help="The queue to move it to.")] = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Give work to somebody else, or move it to another queue."""
    change = {name: value for name, value in (("assignee", to), ("queue", queue)) if value}
    if not change:
        raise Unusable("Say to whom (--to), or to which queue (--queue).")
    _change(url, work_id, change, as_json=as_json)


@app.command()
def complete(
    work_id: WorkId,
    given: Annotated[
        list[str], typer.Option("--set", metavar="NAME=VALUE", help="A value to report; can be repeated.")
    ] = [],  # noqa: B006 - typer copies it
    report: Annotated[
        Path | None,
        typer.Option("--report", exists=True, dir_okay=False, metavar="FILE", help="The values, as JSON or YAML."),
    ] = None,
    who: As = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Say that work is done, and report what its form asks for."""
    reported = [{"name": name, "value": value} for name, value in files.data(report, given).items()]
    _change(
        url,
        work_id,
        {"state": "completed", "characteristic": reported} | ({"assignee": who} if who else {}),
        as_json=as_json,
    )


@app.command()
def fail(
    work_id: WorkId,
    why: Annotated[str, typer.Option("--why", help="Why it cannot be done.", show_default=False)],
    who: As = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Say that work cannot be done: the order's item is held for somebody to look."""
    _change(url, work_id, {"state": "cancelled", "reason": why} | ({"assignee": who} if who else {}), as_json=as_json)


@app.command()
def ask(
    work_id: WorkId,
    why: Annotated[str, typer.Option("--why", help="What for, for the customer to read.", show_default=False)],
    missing: Annotated[
        list[str], typer.Option("--missing", metavar="NAME", help="A characteristic that is wanted; can be repeated.")
    ] = [],  # noqa: B006 - typer copies it
    who: As = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Ask the customer for what is missing: the work ends, and comes again when the customer has answered."""
    asked: dict[str, Any] = {"reason": why}
    if missing:
        asked["missing"] = [{"characteristic": name} for name in missing]
    _change(url, work_id, {"informationRequired": asked} | ({"assignee": who} if who else {}), as_json=as_json)


@app.command()
def comment(
    work_id: WorkId,
    text: Annotated[str, typer.Argument(help="What to say.", show_default=False)],
    who: As = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Add a comment."""
    note = {"text": text} | ({"author": who} if who else {})
    with Server(url) as server:
        found, tag = _versioned(server, work_id)
        place, value = ("/note/-", note) if found.get("note") else ("/note", [note])
        add = {"op": "add", "path": place, "value": value}
        _tell(server.patch(_path(found), [add], JSON_PATCH, if_match=tag), as_json=as_json)


def _facts(found: dict[str, Any]) -> list[tuple[str, str | Text | None]]:
    return [
        ("id", found["id"]),
        ("name", found.get("name")),
        ("state", output.state(found["state"])),
        ("outcome", found.get("outcome")),
        ("reason", found.get("reason")),
        ("queue", found.get("queue")),
        ("assignee", found.get("assignee")),
        ("priority", str(found.get("priority"))),
        ("due", found.get("requestedCompletionDate")),
        ("began", found.get("startDate")),
        ("ended", found.get("completionDate")),
        *((entity["role"], entity["id"]) for entity in found.get("relatedEntity") or ()),
        ("instructions", found.get("instructions")),
        ("input", _compact(found.get("input"))),
    ]


def _show_form(found: dict[str, Any]) -> None:
    """What is to be reported, and what was."""
    asked = (found.get("form") or {}).get("properties") or {}
    needed = (found.get("form") or {}).get("required") or ()
    reported = {entry["name"]: entry.get("value") for entry in found.get("characteristic") or ()}
    values = [
        (name, "yes" if name in needed else "", _wanted(asked.get(name, {})), _compact(reported.get(name)))
        for name in dict.fromkeys((*asked, *reported))
    ]
    if values:
        output.table(("to report", "needed", "type", "reported"), values)


def _wanted(schema: dict[str, Any]) -> str:
    """What a value has to be, in a word or two."""
    if "enum" in schema:
        return " | ".join(str(one) for one in schema["enum"])
    return str(schema.get("type", ""))


def _change(url: str, work_id: str, change: dict[str, Any], *, as_json: bool) -> None:
    with Server(url) as server:
        _tell(server.patch(_path(_found(server, work_id)), change), as_json=as_json)


def _tell(found: dict[str, Any], *, as_json: bool) -> None:
    outcome = f" ({found['outcome']})" if found.get("outcome") else ""
    text = f"{found['id']}  {found['state']}{outcome}, {found.get('assignee') or 'nobody'} has it"
    output.told(found, text, in_json=as_json)


def _row(one: dict[str, Any]) -> Sequence[str | Text | None]:
    due = (str(one.get("priority")), one.get("requestedCompletionDate"))
    return (one["id"], one.get("name"), output.state(one["state"]), *due, one.get("queue"), one.get("assignee"))


def _found(server: Server, work_id: str) -> dict[str, Any]:
    page = server.page(f"{PROCESSES}/taskFlow", {"id": work_id})
    if not page.items:
        raise Refused(_NOT_FOUND, f"There is no work with the id {work_id}.")
    return page.items[0]


def _versioned(server: Server, work_id: str) -> tuple[dict[str, Any], str]:
    return server.versioned(_path(_found(server, work_id)))


def _path(found: dict[str, Any]) -> str:
    return at(PROCESSES, "processFlow", found["processFlow"]["id"], "taskFlow", found["id"])


def _me(who: str | None) -> str:
    if not who:
        raise Unusable("Say who you are: with --as, or in SOM_USER.")
    return who


def _compact(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
