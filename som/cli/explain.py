"""`som explain`: what an order waits for, and who can help it on."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text
from rich.tree import Tree

from som.cli import output
from som.cli.connection import ADMINISTRATION, Server, at
from som.cli.decided import policy_line
from som.cli.exits import Refused
from som.cli.options import DEFAULT_URL, AsJson, Url

_NOT_FOUND = 404
_COLOUR = {"person": "bold red", "customer": "magenta", "order": "yellow", "time": "cyan", "fulfiller": "yellow"}


def explain(
    order: Annotated[
        str,
        typer.Argument(
            metavar="ORDER|FLOW|TASK", help="Identifier of the order, process flow, or task.", show_default=False
        ),
    ],
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Explain an order or process flow: what it waits for, who can help it on, and why its fulfillers were chosen.

    Of a task: why its fulfiller was chosen, and not another one.
    """
    is_task = ":" in order
    with Server(url) as server:
        found = server.get(at(f"{ADMINISTRATION}/task", order)) if is_task else _explained(server, order)
    if as_json:
        output.as_json(found)
        return
    output.wide_console().print(_tree_of_task(found) if is_task else _tree(found))


def _explained(server: Server, key: str) -> Mapping[str, Any]:
    """The explanation of an order, or else of a process flow, of this id."""
    try:
        found: Mapping[str, Any] = server.get(at(f"{ADMINISTRATION}/order", key, "explanation"))
    except Refused as refusal:
        if refusal.status != _NOT_FOUND:
            raise
        try:
            found = server.get(at(f"{ADMINISTRATION}/processFlow", key, "explanation"))
        except Refused as other:
            if other.status != _NOT_FOUND:
                raise
            raise Refused(_NOT_FOUND, f"There is no order and no process flow with the id {key!r}.") from None
    return found


def _tree_of_task(task: Mapping[str, Any]) -> Tree:
    title = Text.assemble(("task ", "bold"), str(task.get("name")), "  ", output.state(task.get("state")))
    tree = Tree(title)
    _add_choice(tree, task)
    return tree


def _add_choice(branch: Tree, choice: Mapping[str, Any]) -> None:
    """Who was chosen and why, and what was decided before."""
    for decision in (*(choice.get("formerDecision") or ()), choice.get("decision") or {}):
        if decision.get("reason"):
            at_that_time = (decision.get("situation") or {}).get("at")
            told = branch.add(Text.assemble((f"{at_that_time}  " if at_that_time else "", "dim"), decision["reason"]))
            _add_candidates(told, decision)


def _add_candidates(branch: Tree, decision: Mapping[str, Any]) -> None:
    looked_at = decision.get("candidate") or ()
    able = [candidate for candidate in looked_at if candidate.get("rejectedBy") != "specification"]
    for candidate in able:
        fulfiller = candidate.get("fulfiller") or {}
        name = fulfiller.get("name") or fulfiller.get("id") or ""
        branch.add(Text(f"{name}: {candidate.get('rejected') or 'chosen'}"))
    if len(able) < len(looked_at):
        branch.add(Text(f"{len(looked_at) - len(able)} more cannot do this kind of work", "dim"))


def _tree(found: Mapping[str, Any]) -> Tree:
    what = "order " if "serviceOrder" in found else "process flow "
    title = Text.assemble((what, "bold"), found["id"], "  ", output.state(found["state"]))
    tree = Tree(title)
    waits = list(found["wait"])
    if not waits:
        tree.add(Text(str(found["summary"])))
    for wait in [wait for wait in waits if wait.get("item") is None or "item" not in found]:
        _add(tree, wait)
    for change in found.get("propagation") or ():
        progress = f"{change['told']}/{change['total']} services that rely on {change['service']} have been told"
        tree.add(Text.assemble(("change ", "bold"), progress, "  ", output.state(change["state"])))
    for one in found.get("policyDecision") or ():
        tree.add(policy_line(one))
    for one in found.get("lostReservation") or ():
        rests = f"{one['message']} The service {one['service']['id']} rests on it."
        tree.add(Text.assemble(("lost ", "bold red"), rests))
    _add_choices(tree, found)
    for item in found.get("item") or ():
        _add_item(tree, item, found)
    return tree


def _add_choices(tree: Tree, found: Mapping[str, Any]) -> None:
    """Who does the steps of a process flow, which has no items."""
    for choice in (found.get("choice") or ()) if "item" not in found else ():
        name = Text.assemble((f"{choice['task'].get('name')} ", "bold"), output.state(choice["state"]))
        _add_choice(tree.add(name), choice)


def _add_item(tree: Tree, item: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    path = item["path"]
    after = f", after item {', '.join(item['needs'])}" if item.get("needs") else ""
    waiting = f", {item['behind']} wait for others" if item["behind"] else ""
    branch = tree.add(
        Text.assemble(
            ("item ", "bold"), path, "  ", output.state(item["state"]),
            f"  {item['ended']} of {item['tasks']} tasks ended{waiting}{after}",
        )
    )  # fmt: skip
    here = [wait for wait in found["wait"] if wait.get("item") == path]
    for wait in here:
        _add(branch, wait)
    told = {(wait.get("task") or {}).get("id") for wait in here if wait.get("decision")}
    for choice in found.get("choice") or ():
        if choice["item"] == path and (choice["task"]["id"] not in told or choice.get("formerDecision")):
            name = Text.assemble((f"{choice['task'].get('name')} ", "bold"), output.state(choice["state"]))
            _add_choice(branch.add(name), choice)


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
        ("before it", ", ".join(wait.get("before") or ())),
        ("can be done", ", ".join(wait.get("actions") or ())),
        ("queue", wait.get("queue")),
        ("assignee", wait.get("assignee")),
        ("work", ", ".join(wait.get("work") or ()) or (wait.get("taskFlow") or {}).get("id")),
    )
    lines: list[RenderableType] = [Text.assemble((f"{name}: ", "dim"), str(value)) for name, value in named if value]
    decision = wait.get("decision") or {}
    if decision.get("reason"):
        label = "chosen because: " if decision.get("chosen") else "nobody chosen because: "
        chosen = Tree(Text.assemble((label, "dim"), decision["reason"]))
        _add_candidates(chosen, decision)
        lines.append(chosen)
    return lines
