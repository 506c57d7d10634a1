"""`som flow`: recipes that run without an order, started and followed over TMF701 (process flows)."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from som.cli import files, output
from som.cli.connection import Server, at
from som.cli.options import DEFAULT_URL, AsJson, IdempotencyKey, Limit, Offset, Url

app = typer.Typer(help="Run recipes without an order, and follow them.", no_args_is_help=True)

_BASE = "/tmf-api/processFlowManagement/v4"
_FLOWS = f"{_BASE}/processFlow"

FlowId = Annotated[str, typer.Argument(metavar="ID", help="Identifier of the process flow.", show_default=False)]


@app.command("recipes")
def list_recipes(
    name: Annotated[str | None, typer.Option("--name", help="Only versions of this recipe.")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """List the recipes that can be started, with the data that they begin with."""
    with Server(url) as server:
        page = server.page(f"{_BASE}/processFlowSpecification", {"name": name, "limit": limit, "offset": offset})
    output.listing(page.items, page.total, ("id", "data", "steps"), _recipe_row, in_json=as_json)


@app.command()
def start(
    recipe: Annotated[
        str, typer.Argument(help="`<name>:<version>`, or the name for its highest version.", show_default=False)
    ],
    given: Annotated[
        list[str], typer.Option("--set", metavar="NAME=VALUE", help="A value to begin with; can be repeated.")
    ] = [],  # noqa: B006 - typer copies it
    data: Annotated[
        Path | None,
        typer.Option("--data", exists=True, dir_okay=False, metavar="FILE", help="The values, as JSON or YAML."),
    ] = None,
    key: IdempotencyKey = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Start a recipe; values are read as JSON where they are JSON, else as texts."""
    body = {
        "processFlowSpecification": recipe.partition(":")[0],
        "processFlowSpecificationRef": {"id": recipe},
        "characteristic": [{"name": name, "value": value} for name, value in files.data(data, given).items()],
    }
    with Server(url) as server:
        made = server.post(_FLOWS, body, idempotency_key=key)
    output.told(made, f"{made['id']}  {_recipe(made)}  {made['state']}", in_json=as_json)


@app.command("list")
def list_flows(
    recipe: Annotated[str | None, typer.Option("--recipe", help="Only those that run this recipe (a name).")] = None,
    state: Annotated[str | None, typer.Option("--state", help="active, hold, completed or cancelled.")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """List process flows, the newest first; those of orders and lists of work are among them."""
    wanted = {"processFlowSpecification": recipe, "state": state, "sort": "-processFlowDate"}
    with Server(url) as server:
        page = server.page(_FLOWS, {**wanted, "limit": limit, "offset": offset})
    output.listing(page.items, page.total, ("id", "recipe", "state", "since", "trouble"), _row, in_json=as_json)


@app.command()
def show(flow_id: FlowId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show a process flow: its data and results, its steps, and what it waits for."""
    with Server(url) as server:
        found = server.get(at(_FLOWS, flow_id))
        steps = server.page(at(_FLOWS, flow_id, "taskFlow"), {"limit": 1000}).items
    if as_json:
        output.as_json({**found, "taskFlow": steps})
        return
    cancellation = found.get("cancellation") or {}
    output.facts(
        [
            ("id", found["id"]),
            ("recipe", _recipe(found)),
            ("state", output.state(found["state"])),
            ("since", found.get("processFlowDate")),
            *(("trouble", one.get("message")) for one in found.get("errorMessage") or ()),
            ("cancellation", " ".join(filter(None, (cancellation.get("state"), cancellation.get("message"))))),
            *(("reached", one.get("name")) for one in found.get("milestone") or ()),
        ]
    )
    values = [(one["name"], output.short(one.get("value"))) for one in found.get("characteristic") or ()]
    if values:
        output.table(("name", "value"), values)
    if steps:
        output.table(("step", "state", "begun", "ended", "by", "trouble"), [_step_row(step) for step in steps])


@app.command()
def hold(flow_id: FlowId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Interrupt a process flow: what has begun goes on, nothing new begins."""
    _move(url, flow_id, "hold", as_json=as_json)


@app.command()
def resume(flow_id: FlowId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Let a process flow go on, and its held steps be tried again."""
    _move(url, flow_id, "active", as_json=as_json)


@app.command()
def cancel(flow_id: FlowId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Cancel a process flow: what runs is stopped, what is done is undone where its recipe says how."""
    _move(url, flow_id, "cancelled", as_json=as_json)


def _move(url: str, flow_id: str, state: str, *, as_json: bool) -> None:
    with Server(url) as server:
        made = server.patch(at(_FLOWS, flow_id), {"state": state})
    asked = (made.get("cancellation") or {}).get("state")
    told = f"{made['id']}  {made['state']}" + (f", cancellation {asked}" if asked else "")
    output.told(made, told, in_json=as_json)


def _recipe(flow: dict[str, Any]) -> str:
    return str((flow.get("processFlowSpecificationRef") or {}).get("id") or flow.get("processFlowSpecification"))


def _recipe_row(one: dict[str, Any]) -> tuple[str, str, str]:
    data = one.get("processFlowSpecificationCharacteristic") or ()
    begins = [f"{value['name']}{'' if value.get('minCardinality') else '?'}" for value in data]
    return one["id"], ", ".join(begins), ", ".join(step["name"] for step in one.get("taskFlowSpecification") or ())


def _row(one: dict[str, Any]) -> tuple[str | Text | None, ...]:
    trouble = next((error.get("message") for error in one.get("errorMessage") or ()), None)
    return one["id"], _recipe(one), output.state(one["state"]), one.get("processFlowDate"), trouble


def _step_row(step: dict[str, Any]) -> tuple[str | Text | None, ...]:
    by = step.get("assignee") or step.get("queue") or next((one["id"] for one in step.get("relatedEntity") or ()), None)
    dates = (step.get("startDate"), step.get("completionDate"))
    return step.get("name"), output.state(step["state"]), *dates, by, step.get("reason")
