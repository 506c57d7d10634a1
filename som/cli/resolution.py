"""`som fallout resolve`: the same for much fallout, and how far it is."""

import time
from typing import Annotated, Any

import typer

from som.cli import output
from som.cli.connection import ADMINISTRATION, Server, at
from som.cli.exits import Unusable
from som.cli.fallout import Cause, Code, Fulfiller, Queue, Since, Specification, wanted
from som.cli.options import DEFAULT_URL, As, AsJson, Limit, Offset, Url

_RESOLUTIONS = f"{ADMINISTRATION}/falloutResolution"
_PAUSE_SECONDS = 0.5
_ENDED = ("done", "cancelled")

Id = Annotated[str, typer.Argument(metavar="ID", help="Identifier of the resolution.")]
OneOrAll = Annotated[
    str | None, typer.Argument(metavar="[ID]", help="Identifier of the resolution; left out, all are listed.")
]


def resolve(
    do: Annotated[str, typer.Option("--do", help="retry, edit, reassign, skip, or fail.")] = "retry",
    cause: Cause = None,
    code: Code = None,
    fulfiller: Fulfiller = None,
    specification: Specification = None,
    queue: Queue = None,
    since: Since = None,
    to: Annotated[str | None, typer.Option("--to", metavar="FULFILLER", help="For reassign: who shall do it.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="For fail: undo what was done in the items.")] = False,
    rate: Annotated[float, typer.Option("--rate", min=0.1, help="Tasks a second at most.")] = 50.0,
    force: Annotated[
        bool, typer.Option("--force", help="Do it although a task does not offer it; needs --why.")
    ] = False,
    why: Annotated[str | None, typer.Option("--why", help="For what reason; it is kept in the history.")] = None,
    who: As = None,
    watch: Annotated[bool, typer.Option("--watch", help="Wait until everything has been passed on.")] = False,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Do the same about all fallout of a cause, a code, or a fulfiller."""
    match = wanted(code, fulfiller, specification, cause, queue, since)
    chosen = {name: value for name, value in match.items() if value is not None}
    if not chosen:
        raise Unusable("Say which fallout: --cause, --code, --fulfiller, --specification, --queue or --since.")
    optional = {"fulfiller": to, "undo": undo or None, "force": force or None, "why": why, "who": who}
    body: dict[str, Any] = {"match": chosen, "do": do, "rate": rate}
    body |= {name: value for name, value in optional.items() if value is not None}
    with Server(url) as server:
        found = server.post(_RESOLUTIONS, body)
        if watch:
            found = _worked_off(server, found)
    _show(found, as_json=as_json)


def _worked_off(server: Server, found: dict[str, Any]) -> dict[str, Any]:
    """The job when it has passed everything on, or was stopped."""
    while found["state"] not in _ENDED:
        time.sleep(_PAUSE_SECONDS)
        found = server.get(at(_RESOLUTIONS, found["id"]))
    return found


def resolution(
    resolution_id: OneOrAll = None,
    limit: Limit = 100,
    offset: Offset = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Show how far a bulk resolution is, and what has become of its tasks; or list them all."""
    with Server(url) as server:
        if resolution_id is not None:
            _show(server.get(at(_RESOLUTIONS, resolution_id)), as_json=as_json)
            return
        page = server.page(_RESOLUTIONS, {"limit": limit, "offset": offset})
    columns = ("id", "state", "do", "found", "passed on", "refused", "became", "who", "why")
    output.listing(page.items, page.total, columns, _row, in_json=as_json)


def _row(one: dict[str, Any]) -> output.Row:
    counts = (str(one[name]) for name in ("found", "taken", "refused"))
    return (one["id"], output.state(one["state"]), one["do"], *counts, _became(one), one.get("who"), one.get("why"))


def _became(found: dict[str, Any]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted((found.get("outcome") or {}).items()))


def stop(
    resolution_id: Id,
    why: Annotated[str | None, typer.Option("--why", help="For what reason.")] = None,
    who: As = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Stop a bulk resolution: what it has passed on is done, the rest stays held."""
    said = {name: value for name, value in (("why", why), ("who", who)) if value is not None}
    with Server(url) as server:
        found = server.patch(at(_RESOLUTIONS, resolution_id), {"state": "cancelled", **said})
    _show(found, as_json=as_json)


def _show(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        output.as_json(found)
        return
    output.facts(
        [
            ("id", found["id"]),
            ("state", output.state(found["state"])),
            ("do", found["do"]),
            ("found", str(found["found"])),
            ("passed on", str(found["taken"])),
            ("refused", str(found["refused"])),
            ("not looked at", str(found["left"]) if found.get("left") else None),
            ("became", _became(found)),
            ("stopped by", (found.get("stopped") or {}).get("who")),
            ("not undone", str(found["notUndoneCount"]) if found.get("notUndoneCount") else None),
        ]
    )
    if found.get("error"):
        output.table(("task", "why not"), [(one["task"], one["message"]) for one in found["error"]])

    if found.get("notUndone"):
        rows = [
            ((one.get("serviceOrder") or one["processFlow"])["id"], one["item"], one["task"].get("name"), one["reason"])
            for one in found["notUndone"]
        ]
        output.table(("order", "item", "not undone", "why"), rows)


COMMANDS = (resolve, resolution, stop)
