"""`som load`: specifications, fulfillers, pools and services from files."""

from pathlib import Path
from typing import Annotated

import typer

from som.cli import files, loading, output
from som.cli.connection import Server
from som.cli.options import DEFAULT_URL, AsJson, Fill, Url

Paths = Annotated[
    list[Path],
    typer.Argument(exists=True, metavar="FILE...", help="JSON or YAML files, or folders of them.", show_default=False),
]


def load(
    paths: Paths,
    fill: Fill = [],  # noqa: B006 - typer copies it
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Load specifications of services and resources, fulfillers, pools and services from files.

    What each file holds is told by its "@type" or its folder (catalogue,
    resource-specifications, fulfillers, services). What is there already
    (same id; or same name, for a specification also same version) is brought up to date where it differs.
    """
    wanted = loading.entries(paths, files.values(fill))
    done = []
    with Server(url) as server:
        for entry in wanted:
            loaded = loading.load(server, entry)
            done.append({"kind": entry.kind, "name": entry.label, "id": loaded.id, "outcome": loaded.outcome})
            if not as_json:
                output.line(f"{loaded.outcome:<9}  {entry.kind:<20}  {entry.label}")
    if as_json:
        output.as_json(done)
