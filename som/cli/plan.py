"""`som plan` and `som task`: what is, or would be, done for an order."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.text import Text

from som.cli import files, histories, output
from som.cli.connection import ADMINISTRATION, Server, at
from som.cli.decided import policy_line
from som.cli.options import DEFAULT_URL, AsJson, Fill, InputFile, Url
from som.cli.picture import picture

app = typer.Typer(help="Show what is done for an order, or what would be.", no_args_is_help=True)
task_app = typer.Typer(help="Look at a single piece of work.", no_args_is_help=True)


@app.command()
def show(
    order: Annotated[str, typer.Argument(metavar="ORDER", help="Identifier of the order.", show_default=False)],
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Show the plan of an order: services, tasks and what each needs first."""
    with Server(url) as server:
        plan = server.get(at(f"{ADMINISTRATION}/plan", order))
        if as_json:
            output.as_json(plan)
        else:
            _draw(plan, _names(server))


@app.command()
def preview(
    file: InputFile,
    fill: Fill = [],  # noqa: B006 - typer copies it
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Show the plan that the order in a file would get; nothing is changed."""
    body = files.read_object(file, files.values(fill))
    with Server(url) as server:
        plan = server.post(f"{ADMINISTRATION}/planPreview", body)
        if as_json:
            output.as_json(plan)
        else:
            _draw(plan, _names(server))
            for decision in plan.get("policyDecision") or ():
                output.line(policy_line(decision))


@task_app.command("show")
def show_task(
    task_id: Annotated[str, typer.Argument(metavar="ID", help="Identifier of the task.", show_default=False)],
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Show a task: its fulfiller and why that one, its attempts, input and output."""
    with Server(url) as server:
        task = server.get(at(f"{ADMINISTRATION}/task", task_id))
    if as_json:
        output.as_json(task)
        return
    output.facts(_facts(task))
    histories.decisions(task)
    histories.attempts(task)


def _facts(task: Mapping[str, Any]) -> list[tuple[str, str | Text | None]]:
    error, decision = task.get("error") or {}, task.get("decision") or {}
    return [
        ("id", task["id"]),
        ("name", task.get("name")),
        ("state", output.state(task.get("state"))),
        ("trouble", error.get("message")),
        ("remark", task.get("remark")),
        ("order", task.get("serviceOrder")),
        ("process flow", task.get("processFlow")),
        ("item", task.get("item")),
        ("service", task.get("service")),
        ("fulfiller", task.get("fulfiller")),
        ("chosen because", decision.get("reason")),
        ("at the places", ", ".join((decision.get("situation") or {}).get("place") or ()) or None),
        ("input", _short(task.get("input"))),
        ("output", _short(task.get("output"))),
    ]


def _draw(plan: Mapping[str, Any], names: Mapping[str, str]) -> None:
    rows = picture({}, plan, names).tasks
    label = {row.key: f"{row.label} of {row.service}" if row.service else row.label for row in rows}
    services = plan.get("service") or ()
    output.facts([("plan", plan.get("id")), ("state", output.state(plan.get("state")))])
    output.table(
        ("item", "service", "specification", "action", "becomes", "shared"),
        [
            (
                one.get("item"),
                one["id"],
                (one.get("specification") or {}).get("name"),
                one["action"],
                output.state(one.get("state")),
                "yes" if one.get("shared") else "",
            )
            for one in services
        ],
    )
    needs = {str(task.get("key")): task.get("needs") or () for task in plan.get("task") or ()}
    output.table(
        ("item", "task", "service", "state", "fulfiller", "after"),
        [
            (
                row.item,
                row.label,
                row.service,
                output.state(row.state),
                row.fulfiller,
                ", ".join(label.get(key, key) for key in needs[row.key]),
            )
            for row in rows
        ],
    )


def _names(server: Server) -> dict[str, str]:
    page = server.page(f"{ADMINISTRATION}/fulfiller", {"limit": 1000, "fields": "name"})
    return {str(one["id"]): str(one.get("name") or one["id"]) for one in page.items}


def _short(value: Any) -> str | None:
    return None if value is None else str(value)
