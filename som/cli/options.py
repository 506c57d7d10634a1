"""Options that many commands share."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_URL = "http://127.0.0.1:8641"

Url = Annotated[str, typer.Option("--url", envvar="SOM_URL", help="Address of the server.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for scripts.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many to show at most.")]
Offset = Annotated[int, typer.Option("--offset", min=0, help="How many to leave out at the start.")]
Fill = Annotated[
    list[str], typer.Option("--set", metavar="NAME=VALUE", help="Value for ${NAME} in the file; can be repeated.")
]
InputFile = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE", help="A JSON or YAML file.", show_default=False)
]
As = Annotated[
    str | None,
    typer.Option("--as", "--who", envvar="SOM_USER", help="Who does it; callers are not identified yet."),
]
Watch = Annotated[bool, typer.Option("--watch", help="Follow the order until it has ended.")]
Timeout = Annotated[
    float, typer.Option("--timeout", min=0, metavar="SECONDS", help="How long to watch; 0 means as long as it takes.")
]
IdempotencyKey = Annotated[
    str | None,
    typer.Option(
        "--idempotency-key",
        help="Text that makes the request unique: repeated with the same key, it takes effect once. Made up "
        "where none is given.",
        show_default=False,
    ),
]
