"""`som demo`: one command from nothing to completed orders."""

from pathlib import Path
from typing import Annotated

import typer

from som.cli.server import Config, DataDir, Host, Port, settings_of

Examples = Annotated[
    Path | None, typer.Option("--examples", help="Folder of the examples.", show_default="those that come along")
]


def demo(
    host: Host = None,
    port: Port = None,
    data_dir: DataDir = None,
    config: Config = None,
    examples: Examples = None,
) -> None:
    """Start everything, place real orders and show them live; leave it running for you to look around.

    A server, three fulfillers and a subscriber are started as processes of their own, or re-used where they run. The
    example catalogue is loaded, orders are placed, and what came of them is checked: in the orders, in the inventory
    and at the subscriber. The command fails when anything is not as it should be. `som stop` ends what it left running.
    """
    from som.demo.play import play  # noqa: PLC0415 - what starts processes is not loaded for commands that only call

    play(settings_of({"host": host, "port": port, "data_dir": data_dir, "config": config}), examples)
