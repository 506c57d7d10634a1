"""The command line: everything that HTTP offers, for hands and scripts."""


def main() -> int:
    """Run the command of this process's arguments; answers the exit code."""
    from som.cli.app import main as run  # noqa: PLC0415 - parts of the command line are used without all of it

    return run()
