"""What the kinds have in common that run a program for each call, wherever it runs."""

from abc import abstractmethod
from typing import Any

from adapters import command_protocol as protocol
from adapters.base import BaseFulfiller
from adapters.ports import Accepted, FulfillerCall, Outcome, Progress, Unreachable


class ProgramFulfiller(BaseFulfiller):
    """A kind that speaks the protocol of programs: write `run`."""

    @abstractmethod
    async def run(self, words: bytes, seconds: float) -> protocol.Run | Outcome:
        """Run the program within so many seconds: tell it this, and return what it said, or why it was not run."""

    async def engage(self, call: FulfillerCall) -> Outcome:
        """Run the program for the task."""
        outcome = await self.run(protocol.request(call, self._parameters), call.timeout)
        return protocol.read_engagement(outcome) if isinstance(outcome, protocol.Run) else outcome

    async def read(self, call: FulfillerCall) -> Outcome:
        """Run the program to ask what is: operation `read`."""
        return await self.engage(call)

    async def poll(self, reference: Accepted, call: FulfillerCall) -> Outcome:
        """Run the program to ask, where it said that it can be asked."""
        if not protocol.is_polled(reference):
            return Progress()
        outcome = await self.run(protocol.look(reference, call, self._parameters), call.timeout)
        return protocol.read_look(outcome) if isinstance(outcome, protocol.Run) else outcome

    @property
    def _parameters(self) -> Any:
        return self.definition.settings.get("parameters")


def out_of_time(what: str, seconds: float, stdout: bytes) -> Unreachable:
    """What becomes of a program whose time was up, with the last that it said: `The command did not end …`."""
    said = protocol.last_words(stdout)
    reason = f"{what} within {seconds:g} seconds{f'; the last that it said: {said}' if said else ''}."
    return Unreachable(reason, cause="timeout")
