"""`som explain`: what an order waits for, and who can help it on."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text
from rich.tree import Tree

from som.cli import output
from som.cli.connection import ADMINISTRATION, Server, at
from som.cli.options import DEFAULT_URL, AsJson, Url

_COLOUR = {"person": "bold red", "customer": "magenta", "order": "yellow", "time": "cyan", "fulfiller": "yellow"}


def explain(
    order: Annotated[str, typer.Argument(metavar="ORDER", help="Identifier of the order.", show_default=False)],
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Explain an order: what it waits for, since when, until when, and who or what can help it on."""
    with Server(url) as server:
        found = server.get(at(f"{ADMINISTRATION}/order", order, "explanation"))
    if as_json:
        output.as_json(found)
        return
    output.console().print(_tree(found))


def _tree(found: Mapping[str, Any]) -> Tree:
    title = Text.assemble(("order ", "bold"), found["id"], "  ", output.state(found["state"]))
    tree = Tree(title)
    tree.add(Text(str(found["summary"])))
    waits = list(found["wait"])
    for wait in [wait for wait in waits if wait.get("item") is None]:
        _add(tree, wait)
    for item in found["item"]:
        path = item["path"]
        after = f", after item {', '.join(item['needs'])}" if item.get("needs") else ""
        waiting = f", {item['behind']} wait for others" if item["behind"] else ""
        branch = tree.add(
            Text.assemble(
                ("item ", "bold"), path, "  ", output.state(item["state"]),
                f"  {item['ended']} of {item['tasks']} tasks ended{waiting}{after}",
            )
        )  # fmt: skip
        for wait in [wait for wait in waits if wait.get("item") == path]:
            _add(branch, wait)
    return tree


def _add(branch: Tree, wait: Mapping[str, Any]) -> None:
    leaf = branch.add(Text.assemble((f"{wait['kind']} ", _COLOUR.get(wait["by"], "bold")), wait["message"]))
    for line in _facts(wait):
        leaf.add(line)


def _facts(wait: Mapping[str, Any]) -> list[RenderableType]:
    task = wait.get("task") or {}
    named = (
        ("since", wait.get("since")),
        ("until", wait.get("until")),
        ("task", task.get("id")),
        ("can be done", ", ".join(wait.get("actions") or ())),
        ("assignee", wait.get("assignee")),
    )
    lines: list[RenderableType] = [Text.assemble((f"{name}: ", "dim"), str(value)) for name, value in named if value]
    decision = wait.get("decision") or {}
    if decision.get("reason"):
        chosen = Tree(Text.assemble(("chosen because: ", "dim"), decision["reason"]))
        for candidate in decision.get("candidate") or ():
            fulfiller = candidate.get("fulfiller") or {}
            name = fulfiller.get("name") or fulfiller.get("id") or ""
            chosen.add(Text(f"{name}: {candidate.get('rejected') or 'chosen'}"))
        lines.append(chosen)
    return lines
