"""`som recipe convert` and `layout`: between YAML and BPMN, and a diagram for files without one."""

from pathlib import Path
from typing import Annotated

import typer

from models.domain.errors import SomError
from models.recipes.written import draw, dump, lay_out, load, say
from som.cli import files, output, recipe_files
from som.cli.exits import Unusable
from som.cli.options import AsJson

File = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE", help="A YAML or BPMN file.", show_default=False)
]
To = Annotated[
    Path | None, typer.Option("--to", "-o", metavar="FILE", help="Where to write it; without, beside the file.")
]
Force = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]


def convert(path: File, to: To = None, force: Force = False, as_json: AsJson = False) -> None:
    """Convert a recipe: YAML to BPMN with a diagram, BPMN to YAML; test cases go to or come from NAME.cases.yaml."""
    text = recipe_files.text_of(path)
    drawing = path.suffix in recipe_files.WRITTEN
    target = to or path.with_suffix(".bpmn" if drawing else ".yaml")
    beside = (target if drawing else path).with_suffix(".cases.yaml")
    written = {}
    try:
        if drawing:
            body = load(text, str(path))
            written[target] = draw(body)
            if "cases" in body:
                written[beside] = dump({"cases": body["cases"]})
        else:
            body = say(text)
            if beside.is_file():
                body |= files.read_object(beside, {})
            written[target] = dump(body)
    except SomError as error:
        raise Unusable(f"{path}: {error}" if not str(error).startswith(str(path)) else str(error)) from None
    _write(written, force=force, as_json=as_json)


def layout(path: File, to: To = None, force: Force = False, as_json: AsJson = False) -> None:
    """Give a BPMN file without a diagram one, in the same file unless another is named."""
    try:
        text = lay_out(recipe_files.text_of(path))
    except SomError as error:
        raise Unusable(f"{path}: {error}") from None
    _write({to or path: text}, force=force or to is None, as_json=as_json)


def _write(written: dict[Path, str], *, force: bool, as_json: bool) -> None:
    """Write files, all or none.

    Raises:
        Unusable: one is there with another content, or cannot be written.
    """
    for path, text in written.items():
        if not force and path.exists() and recipe_files.text_of(path) != text:
            raise Unusable(f"{path} is there already, with another content; --force writes over it.")
    for path, text in written.items():
        try:
            path.write_text(text, "utf-8")
        except OSError as fault:
            raise Unusable(f"{path} cannot be written: {fault.strerror}.") from None
    if as_json:
        output.as_json({"written": [str(path) for path in written]})
        return
    for path in written:
        output.line(f"{path} written")


COMMANDS = (("convert", convert), ("layout", layout))
