"""`som fallout`: what is held, why, and what is done about it."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.text import Text

from som.cli import histories, output
from som.cli.connection import ADMINISTRATION, Server, at
from som.cli.options import DEFAULT_URL, As, AsJson, Limit, Offset, Url

app = typer.Typer(help="Look at what is held, and do something about it.", no_args_is_help=True)

FALLOUT = f"{ADMINISTRATION}/fallout"

TaskId = Annotated[str, typer.Argument(metavar="ID", help="Identifier of the held task.", show_default=False)]
Code = Annotated[str | None, typer.Option("--code", help="Only what is held with this code, such as unreachable.")]
Fulfiller = Annotated[str | None, typer.Option("--fulfiller", help="Only what is held at this fulfiller.")]
Specification = Annotated[
    str | None,
    typer.Option("--specification", help="Only work on services of this specification (identifier or name)."),
]
Cause = Annotated[str | None, typer.Option("--cause", help="Only what is held for this cause.")]
Queue = Annotated[str | None, typer.Option("--queue", help="Only what is in this queue.")]
Since = Annotated[str | None, typer.Option("--since", metavar="TIME", help="Only what is held since then or later.")]


@app.command("list")
def list_fallout(
    code: Code = None,
    fulfiller: Fulfiller = None,
    specification: Specification = None,
    cause: Cause = None,
    queue: Queue = None,
    since: Since = None,
    limit: Limit = 100,
    offset: Offset = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """List held tasks, those held longest first."""
    filters = wanted(code, fulfiller, specification, cause, queue, since)
    with Server(url) as server:
        page = server.page(FALLOUT, {**filters, "limit": limit, "offset": offset})
    columns = ("id", "task", "order", "code", "fulfiller", "since", "queue", "assignee")
    output.listing(page.items, page.total, columns, _row, in_json=as_json)


@app.command()
def groups(
    code: Code = None,
    fulfiller: Fulfiller = None,
    specification: Specification = None,
    queue: Queue = None,
    since: Since = None,
    limit: Limit = 100,
    offset: Offset = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """List fallout by cause: one broken fulfiller and 500 orders are one group."""
    filters = wanted(code, fulfiller, specification, None, queue, since)
    with Server(url) as server:
        page = server.page(f"{ADMINISTRATION}/falloutGroup", {**filters, "limit": limit, "offset": offset})
    columns = ("cause", "tasks", "orders", "code", "fulfiller", "oldest", "reason")
    output.listing(page.items, page.total, columns, _row_of_group, in_json=as_json)


@app.command()
def show(task_id: TaskId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show a held task: why, what was tried, and what can be done."""
    with Server(url) as server:
        found = server.get(at(FALLOUT, task_id))
    if as_json:
        output.as_json(found)
        return
    output.facts(
        [
            ("id", found["id"]),
            ("task", found.get("name")),
            ("state", output.state(found.get("state"))),
            *_cause(found),
            ("item", found.get("item")),
            ("fulfiller", found.get("fulfiller")),
            ("code", found["code"]),
            ("message", found.get("message")),
            ("cause", found.get("cause")),
            ("since", found.get("since")),
            ("held", f"{found.get('count')} times so far"),
            ("can be done", ", ".join(found.get("actions") or ())),
            ("queue", found.get("queue")),
            ("assignee", found.get("assignee")),
        ]
    )
    histories.attempts(found)
    histories.interventions(found)
    comments = [(one["at"], one["who"], one.get("text"), one.get("assignee")) for one in found.get("comment") or ()]
    if comments:
        output.table(("at", "who", "comment", "given to"), comments)


@app.command()
def assign(
    task_id: TaskId,
    to: Annotated[str | None, typer.Option("--to", help="Who looks after it; an empty text lets it go.")] = None,
    queue: Annotated[str | None, typer.Option("--queue", help="The queue to move it to.")] = None,
    comment: Annotated[str | None, typer.Option("--comment", help="A remark.")] = None,
    who: As = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Say who looks after a held task, move it to another queue, or add a comment."""
    change: dict[str, Any] = {name: value for name, value in (("queue", queue), ("comment", comment)) if value}
    if to is not None:
        change["assignee"] = to or None
    with Server(url) as server:
        found = server.patch(at(FALLOUT, task_id), change | ({"who": who} if who else {}))
    text = f"{found['id']}  queue {found['queue']}, assignee {found.get('assignee') or 'nobody'}"
    output.told(found, text, in_json=as_json)


def _row(one: dict[str, Any]) -> Sequence[str | Text | None]:
    names = ("fulfiller", "since", "queue", "assignee")
    ((_, cause),) = _cause(one)
    return (one["id"], one.get("name"), cause, one["code"], *(one.get(name) for name in names))


def _cause(one: dict[str, Any]) -> list[tuple[str, str]]:
    """What the task is done for: an order, or a process flow."""
    if "processFlow" in one:
        return [("process flow", one["processFlow"]["id"])]
    return [("order", one["serviceOrder"]["id"])]


def _row_of_group(one: dict[str, Any]) -> Sequence[str | Text | None]:
    counts = (str(one["count"]), str(one["orderCount"]))
    return (one["id"], *counts, one["code"], one.get("fulfiller"), one["oldest"], one.get("reason"))


def wanted(
    code: str | None,
    fulfiller: str | None,
    specification: str | None,
    cause: str | None,
    queue: str | None,
    since: str | None,
) -> dict[str, str | None]:
    """The filters of these options, by their names in the API."""
    return {
        "code": code,
        "fulfiller": fulfiller,
        "specification": specification,
        "cause": cause,
        "queue": queue,
        "since": since,
    }
