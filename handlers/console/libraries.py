"""The libraries of the designer: bpmn-js and dmn-js, taken out of npm's packages by `make designer`.

    python -m handlers.console.libraries NODE_MODULES VENDOR

copies what browsers need. They are pinned in package-lock.json, with their checksums and without any address.
"""

import hashlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent
VENDOR = FOLDER / "vendor"

SCRIPTS = {"bpmn-js": "bpmn-modeler.js", "dmn-js": "dmn-modeler.js"}
STYLES = {
    "bpmn-js": ("diagram-js.css", "bpmn-js.css", "bpmn-font/css/bpmn-embedded.css"),
    "dmn-js": (
        "dmn-js-shared.css",
        "dmn-js-drd.css",
        "dmn-js-decision-table.css",
        "dmn-js-decision-table-controls.css",
        "dmn-js-literal-expression.css",
        "dmn-js-boxed-expression.css",
        "dmn-js-boxed-expression-controls.css",
        "dmn-font/css/dmn-embedded.css",
    ),
}


def files() -> Iterator[tuple[str, str]]:
    """Every file: where it stands among npm's packages, and what it is called here."""
    for package, script in SCRIPTS.items():
        yield f"{package}/dist/{script.replace('.js', '.production.min.js')}", script
        yield f"{package}/LICENSE", f"{package}.LICENSE"
        for style in STYLES[package]:
            yield f"{package}/dist/assets/{style}", f"{package}.{Path(style).name}"


def stylesheets() -> list[str]:
    """The names of the stylesheets, in the order in which pages take them."""
    return [name for _, name in files() if name.endswith(".css")]


def are_here(folder: Path = VENDOR) -> bool:
    """Whether all of them are there."""
    return all((folder / name).is_file() for _, name in files())


def edition(folder: Path = VENDOR) -> str:
    """What changes with any of them, to be part of their addresses."""
    digest = hashlib.sha256()
    for _, name in files():
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()[:12]


def copy(packages: Path, folder: Path) -> None:
    """Take them out of npm's packages."""
    folder.mkdir(parents=True, exist_ok=True)
    for source, name in files():
        shutil.copyfile(packages / source, folder / name)


if __name__ == "__main__":
    copy(Path(sys.argv[1]), Path(sys.argv[2]))
