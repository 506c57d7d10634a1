"""`som release`: packages of specifications and recipes, examined, installed, compared and taken back as one."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from models.domain.releases.difference import difference
from models.release_recipes import recipe_differences
from som.cli import output, packages
from som.cli.connection import ADMINISTRATION, Server, at
from som.cli.exits import CommandError, Exit, Unusable
from som.cli.options import DEFAULT_URL, AsJson, Limit, Offset, Url

app = typer.Typer(help="Release packages: validate, install, compare and roll back.", no_args_is_help=True)

_RELEASES = f"{ADMINISTRATION}/release"
_SIGNS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}

PackagePath = Annotated[
    Path,
    typer.Argument(
        exists=True, metavar="PACKAGE", help="A folder, an archive of one (tar, zip), or one YAML or JSON file.",
        show_default=False,
    ),
]  # fmt: skip
ReleaseId = Annotated[
    str, typer.Argument(metavar="ID", help="A version of a release, `<name>:<version>`.", show_default=False)
]


class InvalidPackage(CommandError):
    """The package cannot be installed as it is."""

    exit = Exit.REFUSED


@app.command()
def validate(package: PackagePath, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Say what installing a package would do, and everything that stands against it."""
    read = packages.read(package)
    with Server(url) as server:
        found = _preview(server, read)
    if as_json:
        output.as_json(found)
    else:
        _show_preview(found)
    _refuse(found, read)


@app.command()
def install(package: PackagePath, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Install a package: all of it, or nothing."""
    read = packages.read(package)
    with Server(url) as server:
        found = _preview(server, read)
        if not as_json:
            _show_preview(found)
        _refuse(found, read)
        installed = server.post(_RELEASES, read.body)
    if as_json:
        output.as_json(installed)
    else:
        output.line(str(installed["id"]), "  ", str(installed["state"]))


@app.command("list")
def list_releases(
    name: Annotated[str | None, typer.Option("--name", help="Only versions of this release.")] = None,
    state: Annotated[str | None, typer.Option("--state", help="installed, superseded or rolledBack.")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """List all versions that were ever installed."""
    with Server(url) as server:
        page = server.page(_RELEASES, {"name": name, "state": state, "limit": limit, "offset": offset})
    columns = ("id", "state", "installed", "specifications", "description")
    output.listing(page.items, page.total, columns, _row, in_json=as_json)


@app.command()
def show(release_id: ReleaseId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show a version of a release, and what it holds."""
    with Server(url) as server:
        found = server.get(at(_RELEASES, release_id))
    if as_json:
        output.as_json(found)
        return
    output.facts(
        [
            ("id", found["id"]),
            ("state", output.state(found["state"])),
            ("supersedes", (found.get("supersedes") or {}).get("id")),
            ("description", found.get("description")),
            ("requires", ", ".join(f"{one['name']} {one.get('version', '*')}" for one in found.get("requires", ()))),
            ("needs", ", ".join(map(_need, found.get("needs", ())))),
            ("first installed", found["createdDate"]),
        ]
    )
    for what, name in (
        ("specification", "specification"),
        ("resource specification", "resourceSpecificationVersion"),
        ("recipe", "recipeVersion"),
    ):
        held = found.get(name) or ()
        if held:
            output.table((what, "version", "name"), [(one["id"], one.get("version"), one.get("name")) for one in held])


@app.command()
def diff(
    new: Annotated[
        str, typer.Argument(metavar="NEW", help="A package, or the id of a version of a release.", show_default=False)
    ],
    old: Annotated[
        str | None,
        typer.Argument(
            metavar="OLD",
            help="What to compare with, likewise. Without it: the installed version, or the one before.",
            show_default=False,
        ),
    ] = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Say what differs between two versions: specifications and recipes, and in these tasks, elements and mappings."""
    with Server(url) as server:
        after = _release(server, new)
        before = _release(server, old) if old else _before(server, after)
    specifications, kinds = (
        difference(*((one or {}).get(name, ()) for one in (before, after)))
        for name in ("serviceSpecification", "resourceSpecification")
    )
    recipes = recipe_differences(*((one or {}).get("recipe", ()) for one in (before, after)))
    if as_json:
        output.as_json({"specification": specifications, "resourceSpecification": kinds, "recipe": recipes})
        return
    _show_difference(specifications)
    _show_difference(kinds, "resource specification ")
    _show_difference(recipes, "recipe ")


@app.command()
def rollback(release_id: ReleaseId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Take an installed version back; the one before it is installed again."""
    with Server(url) as server:
        found = server.post(at(_RELEASES, release_id, "rollback"), None)
    if as_json:
        output.as_json(found)
        return
    before = (found.get("supersedes") or {}).get("id")
    output.line(f"{found['id']}  ", output.state(found["state"]), f"; {before} is installed again" if before else "")


@app.command()
def pack(
    folder: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, metavar="FOLDER", help="The package.", show_default=False)
    ],
    target: Annotated[
        Path, typer.Argument(dir_okay=False, metavar="FILE", help="The archive to write.", show_default=False)
    ],
) -> None:
    """Write a package's folder into one archive: the same bytes whenever the files are the same."""
    packages.read(folder)
    packages.pack(folder, target)


def _need(one: Mapping[str, Any]) -> str:
    return f"pool {one['pool']}" if "pool" in one else f"{one.get('action', 'add')} of {one.get('specification')}"


def _preview(server: Server, read: packages.PackageFile) -> dict[str, Any]:
    found: dict[str, Any] = server.post(f"{ADMINISTRATION}/releasePreview", read.body)
    return found


def _refuse(found: Mapping[str, Any], read: packages.PackageFile) -> None:
    violations = [f"  {read.place(one['pointer'])}: {one['message']}" for one in found["violation"]]
    if violations:
        raise InvalidPackage("\n".join([f"{found['id']} cannot be installed:", *violations]))


def _show_preview(found: Mapping[str, Any]) -> None:
    if found["installed"]:
        output.line(f"{found['id']} is installed already.")
        return
    instead = f" in the place of {found['supersedes']}" if found["supersedes"] else ""
    new = [f"{len(found['created'])} new specifications"]
    for words, name in (("resource specifications", "createdResourceSpecification"), ("recipes", "createdRecipe")):
        new += [f"{len(found[name])} new {words}"] if found[name] else []
    output.line(f"{found['id']}{instead}: {', '.join(new)}")
    _show_difference(found["difference"])
    _show_difference(found["resourceSpecificationDifference"], "resource specification ")
    _show_difference(found["recipeDifference"], "recipe ")
    for one in (*found["moved"], *found["movedResourceSpecification"], *found["movedRecipe"]):
        output.line(f"  {one['id']}: {one['from']} → {one['to']}")


def _show_difference(found: Iterable[Mapping[str, Any]], what: str = "") -> None:
    for one in found:
        versions = " → ".join(str(one[name]) for name in ("from", "to") if one.get(name))
        output.line((_SIGNS[one["kind"]][0], _SIGNS[one["kind"]][1]), f" {what}{one['name']} {versions}")
        for part in one["difference"]:
            sign, colour = _SIGNS[part["kind"]]
            named = part["name"] + (f" {part['attribute']}" if part.get("attribute") else "")
            output.line("    ", (sign, colour), f" {part['what']} {named}{_values(part)}")


def _values(part: Mapping[str, Any]) -> str:
    if part["kind"] != "changed":
        value = part.get("after", part.get("before"))
        return "" if value is None else f": {output.short(value)}"
    return f": {output.short(part.get('before'))} → {output.short(part.get('after'))}"


def _release(server: Server, named: str) -> dict[str, Any]:
    path = Path(named)
    if path.exists():
        return packages.read(path).body
    found = server.find(at(_RELEASES, named))
    if found is None:
        raise Unusable(f"{named} is neither a package here nor a release there.")
    return found


def _before(server: Server, after: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a package would take the place of, or a release took the place of."""
    superseded = (after.get("supersedes") or {}).get("id")
    if "href" in after:
        return server.find(at(_RELEASES, superseded)) if superseded else None
    installed = server.page(_RELEASES, {"name": after.get("name"), "state": "installed", "fields": "id"}).items
    return server.find(at(_RELEASES, str(installed[0]["id"]))) if installed else None


def _row(one: dict[str, Any]) -> output.Row:
    return (
        one["id"],
        output.state(one["state"]),
        one["createdDate"],
        str(len(one["specification"])),
        one.get("description"),
    )
