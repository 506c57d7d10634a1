"""What `som fallout` does about held tasks: retry, edit, reassign, skip, complete, fail."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from som.cli import files, output
from som.cli.connection import Server, at
from som.cli.exits import Unusable
from som.cli.fallout import FALLOUT, TaskId
from som.cli.options import DEFAULT_URL, As, AsJson, Url

Why = Annotated[str | None, typer.Option("--why", help="For what reason; it is kept in the history.")]
Needed = Annotated[str, typer.Option("--why", help="For what reason; it is kept in the history.", show_default=False)]
Force = Annotated[bool, typer.Option("--force", help="Do it although the task does not offer it; needs --why.")]
Report = Annotated[
    Path | None,
    typer.Option(
        "--report",
        exists=True,
        dir_okay=False,
        metavar="FILE",
        help="JSON or YAML with output, serviceCharacteristic and supportingResource, as a fulfiller reports them.",
        show_default=False,
    ),
]


def retry(task_id: TaskId, why: Why = None, who: As = None, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Try a held task again as it is."""
    _intervene(task_id, {"do": "retry"}, why, who, url, as_json=as_json)


def edit(
    task_id: TaskId,
    given: Annotated[
        str | None, typer.Option("--input", metavar="JSON", help="The task's new input.", show_default=False)
    ] = None,
    characteristic: Annotated[
        list[str], typer.Option("--set", metavar="NAME=VALUE", help="A value for the service; can be repeated.")
    ] = [],  # noqa: B006 - typer copies it
    why: Why = None,
    who: As = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Try a held task again with other data: another input, other values of its service, or both."""
    body: dict[str, Any] = {"do": "edit"}
    if given is not None:
        body["input"] = _json(given, strict=True)
    if characteristic:
        body["characteristic"] = [_named(one) for one in characteristic]
    _intervene(task_id, body, why, who, url, as_json=as_json)


def reassign(
    task_id: TaskId,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="FULFILLER", help="Who shall do it; left out, anybody but those that were tried."),
    ] = None,
    force: Force = False,
    why: Why = None,
    who: As = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Give a held task to another fulfiller."""
    body = {"do": "reassign"} | ({"fulfiller": to} if to else {})
    _intervene(task_id, body, why, who, url, force=force, as_json=as_json)


def skip(
    task_id: TaskId,
    why: Needed,
    force: Force = False,
    who: As = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Go on without a held task; with --force, also without one that is not optional."""
    _intervene(task_id, {"do": "skip"}, why, who, url, force=force, as_json=as_json)


def complete(
    task_id: TaskId,
    why: Needed,
    report: Report = None,
    who: As = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Say that a held task was done by hand, and report what came of it."""
    values = files.read_object(report, {}) if report is not None else {}
    _intervene(task_id, {**values, "do": "complete"}, why, who, url, as_json=as_json)


def fail(
    task_id: TaskId,
    why: Needed,
    undo: Annotated[bool, typer.Option("--undo", help="Undo what was done in the item; else it is left.")] = False,
    who: As = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Give up the order item of a held task. What depends on it fails too; everything else goes on."""
    _intervene(task_id, {"do": "fail", "undo": undo}, why, who, url, as_json=as_json)


def _intervene(
    task_id: str,
    body: dict[str, Any],
    why: str | None,
    who: str | None,
    url: str,
    *,
    force: bool = False,
    as_json: bool,
) -> None:
    optional = {"why": why, "who": who, "force": force or None}
    sent = body | {name: value for name, value in optional.items() if value is not None}
    with Server(url) as server:
        made = server.post(at(FALLOUT, task_id, "intervention"), sent)
    if as_json:
        output.as_json(made)
    else:
        output.line(f"{task_id}  {made['do']} is under way")


def _named(text: str) -> dict[str, Any]:
    name, found, value = text.partition("=")
    if not found or not name:
        raise Unusable(f"{text!r} is no NAME=VALUE.")
    return {"name": name, "value": _json(value, strict=False)}


def _json(text: str, *, strict: bool) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if strict:
            raise Unusable(f"The input is no JSON: {error}.") from None
        return text


COMMANDS = (retry, edit, reassign, skip, complete, fail)
