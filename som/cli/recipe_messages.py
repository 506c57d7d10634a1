"""`som recipe message` and `signal`: telling runs of recipes something."""

import uuid
from collections.abc import Callable
from typing import Annotated, Any

import typer

from som.cli import files, output
from som.cli.connection import ADMINISTRATION, Server
from som.cli.options import DEFAULT_URL, AsJson, IdempotencyKey, Url

_MESSAGES = f"{ADMINISTRATION}/recipeMessage"

Name = Annotated[str, typer.Argument(help="The name by which recipes await it.", show_default=False)]
Data = Annotated[
    str | None, typer.Option("--data", metavar="JSON|FILE", help="What it carries, a JSON object.", show_default=False)
]


def message(
    name: Name,
    correlation: Annotated[
        str | None, typer.Option("--correlation", help="What the run that is meant asks for.", show_default=False)
    ] = None,
    data: Data = None,
    keep: Annotated[
        str | None, typer.Option("--keep", metavar="DURATION", help="Keep it so long for a run that will await it.")
    ] = None,
    idempotency_key: IdempotencyKey = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Send a message to the run that awaits it; refused where none does, unless it is to be kept."""
    body = {"name": name, "correlation": correlation, "timeToLive": keep}
    _send(
        {label: value for label, value in body.items() if value is not None},
        data,
        idempotency_key,
        url,
        as_json=as_json,
    )


def signal(
    name: Name,
    data: Data = None,
    idempotency_key: IdempotencyKey = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Send a signal to all runs that await it."""
    _send({"kind": "signal", "name": name}, data, idempotency_key, url, as_json=as_json)


COMMANDS: tuple[tuple[str, Callable[..., None]], ...] = (("message", message), ("signal", signal))


def _send(body: dict[str, Any], data: str | None, key: str | None, url: str, *, as_json: bool) -> None:
    if data is not None:
        body["data"] = files.given(data, "--data")
    with Server(url) as server:
        sent = server.post(_MESSAGES, body, key or str(uuid.uuid4()))
    reached = f"  given to {sent['reached']} plans so far" if "reached" in sent else ""
    output.told(sent, f"{sent['id']}  {sent['state']}{reached}", in_json=as_json)
