"""`som serve`, `som stop`, `som version`: the server itself."""

from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError

from som.cli import output
from som.cli.connection import Server
from som.cli.exits import Unreachable, Unusable
from som.cli.options import DEFAULT_URL, AsJson, Url
from som.version import program_version

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder for the embedded database, logs and process ids.", show_default="./.som"),
]

Host = Annotated[str | None, typer.Option("--host", help="Address to listen on.", show_default="127.0.0.1")]
Port = Annotated[int | None, typer.Option("--port", help="Port to listen on; 0 takes a free one.", show_default="8641")]
MongodbUrl = Annotated[
    str | None,
    typer.Option("--mongodb-url", help="A MongoDB replica set, instead of the embedded one.", show_default=False),
]
Roles = Annotated[
    str | None,
    typer.Option("--roles", help="`api`, `scheduler`, `notifier`, separated by commas, or `all`.", show_default="all"),
]
Config = Annotated[Path | None, typer.Option("--config", help="A TOML file with settings.", show_default=False)]
LogFormat = Annotated[str | None, typer.Option("--log-format", help="`text` or `json`.", show_default="text")]
LogLevel = Annotated[
    str | None, typer.Option("--log-level", help="`debug`, `info`, `warning` or `error`.", show_default="info")
]


def serve(
    host: Host = None,
    port: Port = None,
    data_dir: DataDir = None,
    mongodb_url: MongodbUrl = None,
    roles: Roles = None,
    config: Config = None,
    log_format: LogFormat = None,
    log_level: LogLevel = None,
) -> None:
    """Run the server until it is told to end (Ctrl-C, SIGTERM).

    Everything else that can be set is set by environment or file; see the reference of the settings.
    """
    import os  # noqa: PLC0415 - with the server, below

    from som.bootstrap import serve as run  # noqa: PLC0415 - the server is not loaded for commands that only call one
    from som.logging import set_up_logging  # noqa: PLC0415
    from som.settings import unknown_variables  # noqa: PLC0415

    flags = {
        "host": host,
        "port": port,
        "data_dir": data_dir,
        "mongodb_url": mongodb_url,
        "roles": roles,
        "config": config,
        "log_format": log_format,
        "log_level": log_level,
    }
    settings = settings_of(flags)
    set_up_logging(settings.log_format, settings.log_level)
    for name in unknown_variables(os.environ):
        structlog.get_logger("som").warning("this variable is no setting", variable=name)
    raise typer.Exit(run(settings))


def settings_of(flags: dict[str, Any]) -> Any:
    """The settings, flags that were given going first.

    Raises:
        Unusable: they cannot be used; the message names each and where it can be set.
    """
    from som.settings import PREFIX, Settings  # noqa: PLC0415 - as above

    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except SettingsError as trouble:
        raise Unusable(str(trouble)) from None
    except ValidationError as trouble:
        lines = []
        for one in trouble.errors(include_url=False, include_input=False):
            name = str(one["loc"][0]) if one["loc"] else ""
            where = f"{name} ({PREFIX}{name.upper()})" if name in Settings.model_fields else name
            lines.append(f"{where}: {one['msg'].removeprefix('Value error, ')}" if where else one["msg"])
        raise Unusable("A setting cannot be used.\n" + "\n".join(lines)) from None


def stop(data_dir: DataDir = None) -> None:
    """End everything that `som demo` left running, the embedded database included, and wait for it."""
    from som.demo.processes import stop_all  # noqa: PLC0415 - as above

    ended = stop_all(settings_of({"data_dir": data_dir}).data_dir)
    output.line(f"Ended: {', '.join(ended)}." if ended else "Nothing was running.")


def show_version(url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show the version of this program, and of the server if one answers."""
    versions = {"som": program_version(), "server": _server_version(url)}
    if as_json:
        output.as_json(versions)
        return
    output.facts([("som", versions["som"]), ("server", versions["server"] or f"none answers at {url}")])


def _server_version(url: str) -> str | None:
    with Server(url) as server:
        try:
            answer = server.get("/healthz")
        except Unreachable:
            return None
    return str(answer.get("version") or "") if isinstance(answer, dict) else ""
