"""What policies have decided, in a line each."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rich.text import Text


def policy_line(one: Mapping[str, Any]) -> Text:
    """What a policy has decided, about what, and what came of it."""
    about = one.get("task") or (f"item {one['item']}" if "item" in one else None)
    where = f"at {one['decisionPoint']}" + (f" about {about}" if about else "")
    line = Text.assemble((f"policy {one['policy']} ", "bold"), f"{where}: ")
    return line + Text("; ".join(str(word) for word in _words(one) if word))


def _words(one: Mapping[str, Any]) -> Iterable[Any]:
    approval = one.get("approval") or {}
    yield one["outcome"]
    yield from said(one["result"])
    yield one.get("problem")
    if approval:
        yield from ("approved" if approval["approved"] else "refused", approval.get("who"), approval.get("reason"))


def said(result: Mapping[str, Any]) -> Iterable[str]:
    """What an answer says besides whether something is allowed."""
    yield from (say(result[name]) for name, say in _SAID.items() if result.get(name) is not None)
    if result.get("reason"):
        yield str(result["reason"])


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _refused(found: Mapping[str, Any]) -> str:
    return f"{found['fulfiller']} ({found['reason']})" if found.get("reason") else str(found["fulfiller"])


def _recipe(named: Mapping[str, Any]) -> str:
    return " ".join(filter(None, (named["name"], named.get("versions"))))


_SAID: Mapping[str, Callable[[Any], str]] = {
    "do": str,
    "queue": "queue {}".format,
    "notBefore": "not before {}".format,
    "recipe": lambda named: "recipe " + ", ".join(map(_recipe, named)),
    "characteristic": lambda values: f"fills in {_as_json(values)}",
    "refuse": lambda found: "refuses " + ", ".join(map(_refused, found)),
    "prefer": lambda found: "prefers " + ", ".join(found),
    "after": "after {:g} s".format,
    "atMost": "at most {} times".format,
    "fulfiller": "fulfiller {}".format,
    "input": lambda value: f"input {_as_json(value)}",
    "undo": lambda undone: "undone" if undone else "not undone",
}
"""What an answer says besides allow and reason, in the order in which it is told."""
