"""The kind `command`: a program on the server's host, one of those that the server's operator allows."""

import asyncio
from typing import ClassVar

from adapters import command_protocol as protocol
from adapters import process
from adapters.allowances import executable
from adapters.credentials import Credentials
from adapters.http_session import Tools
from adapters.ports import Outcome, Refused, Unreachable
from adapters.program_fulfiller import ProgramFulfiller, out_of_time
from adapters.settings_rules import unknown_settings
from models.domain.fulfiller import FulfillerDefinition
from models.domain.violations import Violation

_KNOWN = ("command", "parameters")
_AT_ONCE = 16


class CommandFulfiller(ProgramFulfiller):
    """One registered program."""

    kind: ClassVar[str] = "command"

    def __init__(self, definition: FulfillerDefinition, credentials: Credentials, tools: Tools) -> None:
        """Run at most sixteen at one time in this process, fewer where the registration says so."""
        super().__init__(definition, credentials, tools)
        self._places = asyncio.Semaphore(min(definition.max_concurrent or _AT_ONCE, _AT_ONCE))

    @classmethod
    def check(cls, definition: FulfillerDefinition) -> list[Violation]:
        """What is wrong with the settings."""
        found = unknown_settings(definition.settings, _KNOWN)
        if not isinstance(definition.settings.get("command"), str):
            found.append(Violation("/settings/command", "missing", "A command fulfiller needs the name of a command."))
        return found

    @classmethod
    def check_here(cls, definition: FulfillerDefinition, tools: Tools) -> list[Violation]:
        """Whether this server allows the command."""
        folder, name = tools.allowed.commands, definition.settings.get("command")
        if folder is None:
            why = "This server runs no commands: its operator has not set SOM_COMMAND_DIR."
        elif executable(folder, name) is None:
            why = f"This server has no executable of the name {name!r:.80} among its allowed commands."
        else:
            return []
        return [Violation("/settings/command", "notAllowed", why)]

    async def run(self, words: bytes, seconds: float) -> protocol.Run | Outcome:
        """Look it up anew each time, for what the operator withdraws must not run any more."""
        not_allowed = self.check_here(self.definition, self.tools)
        folder = self.tools.allowed.commands
        program = executable(folder, self.definition.settings["command"]) if folder else None
        if program is None:
            return Refused(not_allowed[0].message if not_allowed else "The command is not there any more.")
        ends = asyncio.get_running_loop().time() + seconds
        try:
            async with asyncio.timeout_at(ends):
                await self._places.acquire()
        except TimeoutError:
            return Unreachable(f"No place to run the command came free within {seconds:g} seconds.", None, False)
        try:
            left = ends - asyncio.get_running_loop().time()
            return await process.run(program, words, self.credentials.environment(), max(left, 0.0))
        except process.NotStarted as error:
            return Refused(f"The command cannot be started: {error}.")
        except process.OutOfTime as error:
            return out_of_time("The command was ended, for it did not end", seconds, error.stdout)
        finally:
            self._places.release()
