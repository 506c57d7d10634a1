"""What has happened to a task or a piece of work so far, as tables; those that would be empty are left out."""

from collections.abc import Mapping, Sequence
from typing import Any

from som.cli import output
from som.cli.connection import ADMINISTRATION, Server

Entry = Mapping[str, Any]


def attempts(task: Entry) -> None:
    """The calls of a task, and what came of each."""
    _table(
        ("at", "fulfiller", "outcome", "detail"),
        [(one["at"], one.get("fulfiller"), one["outcome"], one.get("detail")) for one in task.get("attempt") or ()],
    )


def interventions(task: Entry) -> None:
    """What people and rules have done about a held task."""
    _table(
        ("at", "who", "did", "why"),
        [(one["at"], one["who"], one["do"], one.get("why")) for one in task.get("intervention") or ()],
    )


def decisions(task: Entry) -> None:
    """Who was looked at for a task and why or why not, and who was chosen before."""
    found = (task.get("decision") or {}).get("candidate") or ()
    rows = [(_name(one), "chosen" if one.get("chosen") else one.get("rejected")) for one in found]
    _table(("candidate", "why or why not"), rows)
    former = [(_chosen(one), one.get("reason")) for one in task.get("formerDecision") or ()]
    _table(("chosen before", "because"), former)


def changes(server: Server, kind: str, key: str, limit: int, offset: int, *, in_json: bool) -> None:
    """Who changed something, when, from what to what, and why.

    Args:
        server: where it is.
        kind: its collection, such as `resource`.
        key: its id.
        limit: how many to show.
        offset: how many to leave out before.
        in_json: as JSON.
    """
    asked = {"resourceType": kind, "resourceId": key, "limit": limit, "offset": offset}
    page = server.page(f"{ADMINISTRATION}/history", asked)
    columns = ("at", "event", "changed to", "by", "because")
    output.listing(page.items, page.total, columns, _event_row, in_json=in_json)


def _told(changes: Mapping[str, Any] | None) -> str:
    """What changed: plain values as they are now, of others that they did."""
    return ", ".join(_one(name, value) for name, value in (changes or {}).items())


def _one(name: str, value: Any) -> str:
    if value is None:
        return f"no {name}"
    return name if isinstance(value, (dict, list)) else f"{name} {value}"


def _event_row(one: dict[str, Any]) -> output.Row:
    return (one.get("at"), one.get("what"), _told(one.get("after")), one.get("who"), one.get("why"))


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    if rows:
        output.table(columns, rows)


def _chosen(decision: Entry) -> str:
    return next((_name(one) for one in decision.get("candidate") or () if one.get("chosen")), "nobody")


def _name(candidate: Entry) -> str:
    fulfiller = candidate.get("fulfiller") or {}
    return str(fulfiller.get("name") or fulfiller.get("id") or "")
