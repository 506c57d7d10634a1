"""Where the data that comes with the program lies, in a checkout and when installed.

Both have the same shape: the folders stand beside the packages.
"""

from pathlib import Path

_HOME = Path(__file__).resolve().parent.parent


def api_specs_dir() -> Path:
    """The API documents, by name and version: `tmf641/v4.yaml`."""
    return _HOME / "api_specs"


def examples_dir() -> Path:
    """The example catalogue and its orders."""
    return _HOME / "examples"
