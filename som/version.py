"""The version of this program."""

from importlib.metadata import PackageNotFoundError, version


def program_version() -> str:
    """The version as it was installed; a mark of its own where it runs from its source."""
    try:
        return version("som-order-manager")
    except PackageNotFoundError:
        return "0+checkout"
