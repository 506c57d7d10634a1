"""`som recipe`: versions of recipes on a server, along their life."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from som.cli import output, recipe_files
from som.cli.connection import ADMINISTRATION, Server, at
from som.cli.exits import CommandError, Exit, Refused
from som.cli.options import DEFAULT_URL, AsJson, Limit, Offset, Url

_RECIPES = f"{ADMINISTRATION}/recipe"
_CONFLICT = 409
_SIGNS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}

RecipeId = Annotated[str, typer.Argument(metavar="ID", help="Identifier, `<name>:<version>`.", show_default=False)]
RecipeFile = Annotated[
    Path,
    typer.Argument(exists=True, dir_okay=False, metavar="FILE", help="A BPMN or a YAML file.", show_default=False),
]
Name = Annotated[str | None, typer.Option("--name", help="Name of the recipe, instead of that of its file.")]
VersionName = Annotated[str | None, typer.Option("--version", help="Its version, instead of the one in the file.")]
Why = Annotated[str | None, typer.Option("--why", help="Why, for those who read the history.")]


class CaseFailed(CommandError):
    """A test case came out otherwise than it expects."""

    exit = Exit.REFUSED


def list_recipes(
    name: Annotated[str | None, typer.Option("--name", help="Only versions of this recipe.")] = None,
    state: Annotated[str | None, typer.Option("--state", help="draft, inReview, published or retired.")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """List recipes, every version on a line."""
    with Server(url) as server:
        page = server.page(_RECIPES, {"name": name, "state": state, "limit": limit, "offset": offset})
    columns = ("id", "state", "for", "changed", "description")
    output.listing(page.items, page.total, columns, _row, in_json=as_json)


def show(recipe_id: RecipeId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show a version of a recipe, and the steps of its life."""
    with Server(url) as server:
        found = server.get(at(_RECIPES, recipe_id))
    if as_json:
        output.as_json(found)
        return
    output.facts(
        [
            ("id", found["id"]),
            ("state", output.state(found["state"])),
            ("description", found.get("description")),
            ("for", _bindings(found)),
            *((label, ", ".join(_names(found, part))) for part, label in _BESIDE),
        ]
    )
    output.table(
        ("state", "date", "who", "why"),
        [(one["state"], one["date"], one.get("who"), one.get("why")) for one in found["step"]],
    )


def load(
    file: RecipeFile,
    name: Name = None,
    version: VersionName = None,
    publish_it: Annotated[bool, typer.Option("--publish", help="Put it up for review and publish it, too.")] = False,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Make the draft of a recipe in a file, or bring the one that is there up to date."""
    body = recipe_files.read(file, name, version)
    with Server(url) as server:
        made = _loaded(server, body)
        if publish_it:
            steps = {"draft": ("review", "publish"), "inReview": ("publish",)}
            for step in steps.get(made["state"], ()):
                made = server.post(at(_RECIPES, str(made["id"]), step), {})
    output.told(made, f"{made['id']}  {made['state']}", in_json=as_json)


def review(recipe_id: RecipeId, why: Why = None, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Put a draft up for review."""
    _step(recipe_id, "review", why, url, as_json=as_json)


def give_back(recipe_id: RecipeId, why: Why = None, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Return a recipe in review to its author, as a draft."""
    _step(recipe_id, "return", why, url, as_json=as_json)


def publish(recipe_id: RecipeId, why: Why = None, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Publish a recipe in review, whose checks and test cases stand by it."""
    _step(recipe_id, "publish", why, url, as_json=as_json)


def retire(recipe_id: RecipeId, why: Why = None, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Let nothing new begin with a published recipe."""
    _step(recipe_id, "retire", why, url, as_json=as_json)


def remove(recipe_id: RecipeId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Remove a draft."""
    with Server(url) as server:
        server.delete(at(_RECIPES, recipe_id))
    output.told({"id": recipe_id, "removed": True}, f"{recipe_id}  removed", in_json=as_json)


def diff(
    recipe_id: RecipeId,
    older: Annotated[
        str | None,
        typer.Argument(metavar="OLD", help="What to compare with; without it, the version before.", show_default=False),
    ] = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Say what differs between two versions: elements, mappings, flows, and what stands beside the drawing."""
    with Server(url) as server:
        found = server.get(at(_RECIPES, recipe_id, "difference"), {"from": older})
    if as_json:
        output.as_json(found)
        return
    output.line(f"{found['from'] or 'nothing'} → {found['to']}")
    for one in found["difference"]:
        attribute = f" {one['attribute']}" if one.get("attribute") else ""
        output.line("  ", _SIGNS[one["kind"]], f" {one['what']} {one['name']}{attribute}{_values(one)}")


def verify(recipe_id: RecipeId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Check a version on the server, against what is registered there, and run its test cases."""
    with Server(url) as server:
        found = server.post(at(_RECIPES, recipe_id, "try"), {})
    if as_json:
        output.as_json(found)
    else:
        _show_trials(found)
    failed = [one["name"] for one in found["trial"] if not one["passed"]]
    if failed or not found["tryable"]:
        raise CaseFailed(f"{recipe_id}: {', '.join(failed)} failed." if failed else f"{recipe_id} cannot be tried.")


COMMANDS: tuple[tuple[str, Callable[..., None]], ...] = (
    ("list", list_recipes),
    ("show", show),
    ("load", load),
    ("review", review),
    ("return", give_back),
    ("publish", publish),
    ("retire", retire),
    ("remove", remove),
    ("diff", diff),
    ("verify", verify),
)

_BESIDE = (("decisionTable", "decisions"), ("form", "forms"), ("testCase", "test cases"))


def _loaded(server: Server, body: Mapping[str, Any]) -> dict[str, Any]:
    """The draft, made or changed; what is published already with the same content stays as it is."""
    try:
        made: dict[str, Any] = server.post(_RECIPES, body)
    except Refused as refusal:
        if refusal.status != _CONFLICT:
            raise
        change = {name: value for name, value in body.items() if name not in ("name", "version")}
        made = server.patch(at(_RECIPES, f"{body['name']}:{body['version']}"), change)
    return made


def _step(recipe_id: str, step: str, why: str | None, url: str, *, as_json: bool) -> None:
    with Server(url) as server:
        made = server.post(at(_RECIPES, recipe_id, step), {} if why is None else {"why": why})
    output.told(made, f"{recipe_id}  {made['state']}", in_json=as_json)


def _show_trials(found: Mapping[str, Any]) -> None:
    for problem in found["problem"]:
        element = problem["name"] or problem["element"]
        output.line((problem["severity"], "yellow"), f"  {element}: " if element else "  ", problem["reason"])
    for one in found["trial"]:
        output.line(("passed", "green") if one["passed"] else ("failed", "bold red"), f"  {one['name']}")
        for difference in one["difference"]:
            output.line(f"    {difference}")


def _names(found: Mapping[str, Any], part: str) -> Iterable[str]:
    return (str(one.get("name", "unnamed")) for one in found.get(part) or ())


def _bindings(found: Mapping[str, Any]) -> str:
    return ", ".join(map(_binding, found.get("binding") or ()))


def _binding(one: Mapping[str, Any]) -> str:
    what = f"{one.get('action', 'add')} of {one['specification']}"
    return " ".join(filter(None, (what, one.get("versions"), "by policy" if one.get("byPolicy") else None)))


def _values(one: Mapping[str, Any]) -> str:
    before, after = ("nothing" if one.get(name) is None else output.short(one[name]) for name in ("before", "after"))
    return f": {before} → {after}" if "before" in one or "after" in one else ""


def _row(one: dict[str, Any]) -> output.Row:
    return (one["id"], output.state(one["state"]), _bindings(one), one["lastUpdate"], one.get("description"))
