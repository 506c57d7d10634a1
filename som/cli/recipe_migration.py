"""`som recipe migrate`: runs of a recipe, moved to another version."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from som.cli import output
from som.cli.connection import ADMINISTRATION, Server, at
from som.cli.exits import CommandError, Exit
from som.cli.options import DEFAULT_URL, AsJson, Url

_RECIPES = f"{ADMINISTRATION}/recipe"
_PAGE = 100

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the recipe.", show_default=False)]
From = Annotated[str, typer.Option("--from", help="Version that the runs are on.", show_default=False)]
To = Annotated[str, typer.Option("--to", help="Version that they are to go on with.", show_default=False)]
Runs = Annotated[
    list[str] | None, typer.Option("--run", help="Only this run; can be repeated. Without, all that have not ended.")
]
Why = Annotated[str | None, typer.Option("--why", help="Why, for those who read the history.")]


class NotAllMovable(CommandError):
    """Some runs cannot be moved."""

    exit = Exit.REFUSED


def migrate(
    name: Name,
    version: From,
    to: To,
    preview: Annotated[bool, typer.Option("--preview", help="Only say which can, and why others cannot.")] = False,
    runs: Runs = None,
    why: Why = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Let runs go on with another version of their recipe, where that is sound."""
    path = at(_RECIPES, f"{name}:{version}", "migration")
    with Server(url) as server:
        known = _looked(server, path, to, runs)
        if not preview:
            known |= _asked(server, path, to, [key for key, one in known.items() if one["possible"]], why)
    found = list(known.values())
    stay = [one for one in found if not one["possible"]]
    if as_json:
        output.as_json(found)
    else:
        for one in found:
            output.line(one["id"], f"  {_said(one, preview=preview)}")
            for obstacle in one["obstacle"]:
                output.line(f"    {obstacle['name'] or obstacle['element']}: {obstacle['reason']}")
        output.line(f"{len(found) - len(stay)} of {len(found)} runs can go on with {to}.")
    if stay and not preview:
        raise NotAllMovable(f"{len(stay)} of {len(found)} runs stay on {version}.")


def _looked(server: Server, path: str, to: str, runs: list[str] | None) -> dict[str, dict[str, Any]]:
    """What can be moved, page by page: nothing moves meanwhile."""
    body: dict[str, Any] = {"to": to, "preview": True}
    if runs:
        pages = [{**body, "run": runs[start : start + _PAGE]} for start in range(0, len(runs), _PAGE)]
        return {one["id"]: one for page in pages for one in server.post(path, page)["run"]}
    found: dict[str, dict[str, Any]] = {}
    offset, total = 0, 1
    while offset < total:
        page = server.post(path, {**body, "offset": offset, "limit": _PAGE})
        found |= {one["id"]: one for one in page["run"]}
        offset, total = offset + _PAGE, page["total"]
    return found


def _asked(server: Server, path: str, to: str, runs: list[str], why: str | None) -> dict[str, dict[str, Any]]:
    """Ask for those by their ids, as many at a time as one request takes."""
    body = {"to": to, **({"why": why} if why else {})}
    pages = [{**body, "run": runs[start : start + _PAGE]} for start in range(0, len(runs), _PAGE)]
    return {one["id"]: one for page in pages for one in server.post(path, page)["run"]}


def _said(one: dict[str, Any], *, preview: bool) -> str:
    if not one["possible"]:
        return "stays"
    if preview:
        return "can be moved"
    return "is moved" if one["asked"] else "has ended"


COMMANDS: tuple[tuple[str, Callable[..., None]], ...] = (("migrate", migrate),)
