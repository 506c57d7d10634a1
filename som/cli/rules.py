"""`som fallout rules`: what is done about held tasks before people are asked."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from som.cli import files, output
from som.cli.connection import ADMINISTRATION, Server, at
from som.cli.exits import Refused
from som.cli.options import DEFAULT_URL, AsJson, InputFile, Limit, Offset, Url

app = typer.Typer(help="Rules that help held tasks before people are asked.", no_args_is_help=True)

_RULES = f"{ADMINISTRATION}/falloutRule"
_CONFLICT = 409

RuleId = Annotated[str, typer.Argument(metavar="ID", help="Identifier of the rule.", show_default=False)]


@app.command("list")
def list_rules(limit: Limit = 100, offset: Offset = 0, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """List rules, in the order in which they are read."""
    with Server(url) as server:
        page = server.page(_RULES, {"limit": limit, "offset": offset})
    columns = ("position", "id", "version", "enabled", "name", "match", "then")
    output.listing(page.items, page.total, columns, _row, in_json=as_json)


@app.command()
def show(rule_id: RuleId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show a rule whole."""
    with Server(url) as server:
        found = server.get(at(_RULES, rule_id))
    if as_json:
        output.as_json(found)
        return
    then = found.get("then") or {}
    output.facts(
        [
            ("id", found["id"]),
            ("version", str(found["version"])),
            ("name", found.get("name")),
            ("description", found.get("description")),
            ("enabled", _yes(found)),
            ("position", str(found.get("position"))),
            ("match", _conditions(found.get("match") or {})),
            ("then", _action(then)),
            ("input", None if "input" not in then else output.short(then["input"], 10_000)),
        ]
    )


@app.command()
def add(file: InputFile, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Make the rule in a file, or bring the one with its id up to date: it gets a new version then."""
    body = files.read_object(file, {})
    with Server(url) as server:
        try:
            made = server.post(_RULES, body)
        except Refused as refusal:
            if refusal.status != _CONFLICT or "id" not in body:
                raise
            change = {name: value for name, value in body.items() if name != "id"}
            made = server.patch(at(_RULES, str(body["id"])), change)
    output.told(made, f"{made['id']}  version {made['version']}", in_json=as_json)


@app.command()
def enable(rule_id: RuleId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Apply a rule from now on."""
    _switch(rule_id, url, on=True, as_json=as_json)


@app.command()
def disable(rule_id: RuleId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Apply a rule no more."""
    _switch(rule_id, url, on=False, as_json=as_json)


@app.command()
def remove(rule_id: RuleId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Remove a rule; what it has done stays told."""
    with Server(url) as server:
        server.delete(at(_RULES, rule_id))
    output.told({"id": rule_id, "removed": True}, f"{rule_id}  removed", in_json=as_json)


@app.command("try")
def try_rules(
    file: Annotated[
        list[Path],
        typer.Option(
            "--file", exists=True, dir_okay=False, metavar="FILE", help="A rule to try instead; can be repeated."
        ),
    ] = [],  # noqa: B006 - typer copies it
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="On what was held since then; a day, if left out.")
    ] = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Show what rules would have done about the fallout of the past; nothing is changed."""
    body: dict[str, Any] = {"since": since} if since else {}
    if file:
        body["rule"] = [files.read_object(name, {}) for name in file]
    with Server(url) as server:
        found = server.post(f"{ADMINISTRATION}/falloutRuleDryRun", body)
    if as_json:
        output.as_json(found)
        return
    output.facts(
        [
            ("since", found["since"]),
            ("held", f"{found['holds']} times, {found['tasks']} tasks"),
            ("left to people", str(found["leftToPeople"])),
        ]
    )
    output.table(
        ("rule", "name", "does", "would have been applied"),
        [(one["id"], one["name"], one["do"], str(one["count"])) for one in found["rule"]],
    )


def _switch(rule_id: str, url: str, *, on: bool, as_json: bool) -> None:
    with Server(url) as server:
        made = server.patch(at(_RULES, rule_id), {"enabled": on})
    text = f"{rule_id}  {'enabled' if on else 'disabled'}, version {made['version']}"
    output.told(made, text, in_json=as_json)


def _yes(rule: Mapping[str, Any]) -> str:
    return "yes" if rule.get("enabled", True) else "no"


def _conditions(match: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in match.items()) or "everything"


def _action(then: Mapping[str, Any]) -> str:
    more = ", ".join(f"{name} {value}" for name, value in then.items() if name not in ("do", "input"))
    return f"{then.get('do')} {more}".strip()


def _row(one: dict[str, Any]) -> output.Row:
    return (
        str(one.get("position")),
        one["id"],
        str(one["version"]),
        _yes(one),
        one.get("name"),
        _conditions(one.get("match") or {}),
        _action(one.get("then") or {}),
    )
