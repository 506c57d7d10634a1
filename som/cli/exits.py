"""How a command ends: exit codes that mean something, and the errors that lead to them."""

from collections.abc import Mapping
from enum import IntEnum
from typing import ClassVar


class Exit(IntEnum):
    """What the shell gets."""

    OK = 0
    OTHER_END = 1
    USAGE = 2
    REFUSED = 3
    UNREACHABLE = 4
    TIMEOUT = 5


MEANING: Mapping[Exit, str] = {
    Exit.OK: "Done. With `--watch`: the order is completed (or cancelled, where that was asked).",
    Exit.OTHER_END: "The order ended in another way than it should, the server could not be started, or `som check` "
    "has left something wrong.",
    Exit.USAGE: "The command was not understood, or a file or setting cannot be used; the server was not asked.",
    Exit.REFUSED: "The server refused the input; its error is shown, with the place in the input.",
    Exit.UNREACHABLE: "The server cannot be reached, or answered with a fault of its own.",
    Exit.TIMEOUT: "The time given with `--timeout` was over; what was asked for goes on at the server.",
}


class CommandError(Exception):
    """Ends a command with a message and an exit code."""

    exit: ClassVar[Exit]


class EndedOtherwise(CommandError):
    """What was watched did not end as it should."""

    exit = Exit.OTHER_END


class Unusable(CommandError):
    """Something the user gave cannot be used."""

    exit = Exit.USAGE


class Refused(CommandError):
    """The server says that the input is wrong."""

    exit = Exit.REFUSED

    def __init__(self, status: int, message: str, code: str = "") -> None:
        """Keep the HTTP status and the server's own word for the error."""
        super().__init__(message)
        self.status = status
        self.code = code


class Unreachable(CommandError):
    """The server does not answer, or not as it should."""

    exit = Exit.UNREACHABLE


class TimedOut(CommandError):
    """It took longer than the user wanted to wait."""

    exit = Exit.TIMEOUT
