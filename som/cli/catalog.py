"""`som catalog`: everything that orders are fulfilled by, exported into one file and imported from files."""

from pathlib import Path
from typing import Annotated, Any

import typer

from som.cli import catalogues, loading, output
from som.cli.connection import Server
from som.cli.exits import CommandError, Exit, Refused
from som.cli.options import DEFAULT_URL, AsJson, Url

app = typer.Typer(help="Export and import the catalogue, fulfillers, fallout rules and pools.", no_args_is_help=True)

Paths = Annotated[
    list[Path], typer.Argument(exists=True, dir_okay=False, metavar="FILE...", help="JSON or YAML files.",
                               show_default=False)
]  # fmt: skip


class NotAllImported(CommandError):
    """Some of it was refused."""

    exit = Exit.REFUSED


@app.command("export")
def export_catalogue(
    file: Annotated[
        Path | None, typer.Argument(dir_okay=False, metavar="[FILE]", help="Where to write it; standard output else.")
    ] = None,
    url: Url = DEFAULT_URL,
) -> None:
    """Write specifications of services and resources, fulfillers, fallout rules and pools in one canonical form.

    Equal catalogues are equal files. Of a pool its definition is written, not who has what of it.
    """
    with Server(url) as server:
        exported = catalogues.export(server)
    if file is None:
        typer.echo(exported.text(), nl=False)
    else:
        file.write_text(exported.text(), encoding="utf-8")
    if exported.secretive:
        output.note(f"Without the credentials of {', '.join(exported.secretive)}.")


@app.command("import")
def import_catalogue(paths: Paths, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Bring exports into a server: its own, or service specifications of other systems (TMF633, OpenSlice).

    What is there already is brought up to date. A report says what was changed or left out, what was refused, and which
    work of the imported specifications no fulfiller can do.
    """
    entries: list[loading.Entry] = []
    notes: dict[str, list[str]] = {}
    for path in paths:
        found, said = catalogues.read(path)
        entries += found
        notes |= {label: [str(note) for note in those] for label, those in said.items()}
    with Server(url) as server:
        done, refused = _load(server, loading.in_order(entries), silent=as_json)
        ids = [one["id"] for one in done if one["kind"] == loading.SPECIFICATION]
        missing = [
            {"specification": one.specification, "action": one.action, "task": one.task,
             "capability": {"specification": one.capability.specification, "action": one.capability.action}}
            for one in catalogues.missing(server, ids)
        ]  # fmt: skip
    if as_json:
        output.as_json({"imported": done, "note": notes, "refused": refused, "missingCapability": missing})
    else:
        _report(notes, missing)
    if refused:
        raise NotAllImported("\n".join(["Not imported:", *(f"  {one['message']}" for one in refused)]))


def _load(
    server: Server, entries: list[loading.Entry], *, silent: bool
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    done, refused = [], []
    for entry in entries:
        try:
            loaded = loading.load(server, entry)
        except Refused as refusal:
            refused.append({"kind": entry.kind, "name": entry.label, "message": str(refusal)})
            continue
        done.append({"kind": entry.kind, "name": entry.label, "id": loaded.id, "outcome": loaded.outcome})
        if not silent:
            output.line(f"{loaded.outcome:<9}  {entry.kind:<20}  {entry.label}")
    return done, refused


def _report(notes: dict[str, list[str]], missing: list[dict[str, Any]]) -> None:
    if notes:
        output.line("Read differently:")
    for label, those in notes.items():
        for text in those:
            output.line(f"  {label} {text}")
    if missing:
        output.line("Nobody can do:")
    for one in missing:
        wanted = one["capability"]
        output.line(f"  {wanted['action']} of {wanted['specification']}, task {one['task']} of {one['specification']}")
