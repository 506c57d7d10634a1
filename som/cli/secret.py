"""`som secret`: the secrets that recipes name. A value is set, and never shown."""

import sys
from typing import Annotated, Any

import typer

from som.cli import output
from som.cli.connection import ADMINISTRATION, Server, at
from som.cli.exits import Refused, Unusable
from som.cli.options import DEFAULT_URL, AsJson, Limit, Offset, Url

app = typer.Typer(help="Set the secrets that recipes name, such as passwords and tokens.", no_args_is_help=True)

_SECRETS = f"{ADMINISTRATION}/secret"
_CONFLICT = 409

Name = Annotated[str, typer.Argument(help="As recipes name it: `secrets.NAME`.", show_default=False)]


@app.command("set")
def set_secret(
    name: Name,
    value: Annotated[
        str | None,
        typer.Option("--value", envvar="SOM_SECRET_VALUE", help="The value; without it, it is asked for, or read."),
    ] = None,
    description: Annotated[str | None, typer.Option("--description", help="What it is for, for people.")] = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Set a secret, or give it another value; without --value it is asked for, or read from the standard input."""
    body: dict[str, Any] = {"value": _value() if value is None else value}
    if description is not None:
        body["description"] = description
    with Server(url) as server:
        try:
            made = server.post(_SECRETS, {"name": name, **body})
        except Refused as refusal:
            if refusal.status != _CONFLICT or refusal.code != "alreadyExists":
                raise
            made = server.patch(at(_SECRETS, name), body)
    output.told(made, f"{name}  set", in_json=as_json)


@app.command("list")
def list_secrets(limit: Limit = 100, offset: Offset = 0, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """List the secrets: their names, who has set them, and when."""
    with Server(url) as server:
        page = server.page(_SECRETS, {"limit": limit, "offset": offset})
    output.listing(page.items, page.total, ("name", "set by", "changed", "description"), _row, in_json=as_json)


@app.command()
def remove(name: Name, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Remove a secret; a step of a recipe that needs it from now on is held."""
    with Server(url) as server:
        server.delete(at(_SECRETS, name))
    output.told({"name": name, "removed": True}, f"{name}  removed", in_json=as_json)


def _value() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Value", hide_input=True, confirmation_prompt=True))
    value = sys.stdin.read().removesuffix("\n")
    if not value:
        raise Unusable("The standard input has no value.")
    return value


def _row(one: dict[str, Any]) -> output.Row:
    return (one["name"], one["setBy"], one["lastUpdate"], one.get("description"))
