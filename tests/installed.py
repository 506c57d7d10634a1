"""Run with the python of an installed copy, outside the checkout named: the program is there, and whole.

Not a test of pytest: it runs in an environment that has the program and no test tools.
"""

import subprocess
import sys
from importlib import import_module
from pathlib import Path


def main(checkout: Path) -> None:
    paths = import_module("som.paths")
    specs = paths.api_specs_dir()
    if specs.is_relative_to(checkout / "api_specs"):
        raise SystemExit("this is the checkout itself, not an installed copy")
    for original in (checkout / "api_specs").rglob("*.yaml"):
        copy = specs / original.relative_to(checkout / "api_specs")
        if copy.read_bytes() != original.read_bytes():
            raise SystemExit(f"{copy} is not what {original} is")
    subprocess.run([str(Path(sys.executable).parent / "som"), "--help"], check=True, stdout=subprocess.DEVNULL)
    print(f"installed in {specs.parent}, with its documents; `som --help` answers")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
