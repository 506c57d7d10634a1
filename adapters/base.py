"""What kinds of fulfillers may derive from; plug-ins find it in `som.sdk`."""

import asyncio
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar, Self

from adapters.credentials import Credentials
from adapters.http_session import Tools
from adapters.ports import Accepted, FulfillerCall, Outcome, Probe, Progress
from models.domain.fulfiller import FulfillerDefinition
from models.domain.violations import Violation

_THREADS = 16


class BaseFulfiller(ABC):
    """A kind on an asynchronous library: set `kind`, write `engage`, and `poll` where work is accepted for later."""

    kind: ClassVar[str]

    def __init__(self, definition: FulfillerDefinition, credentials: Credentials, tools: Tools) -> None:
        """Keep what was registered; connect later, when there is something to do."""
        self.definition = definition
        self.credentials = credentials
        self.tools = tools

    @classmethod
    def check(cls, definition: FulfillerDefinition) -> list[Violation]:  # noqa: ARG003 - for the kinds that have rules
        """What is wrong with a registration of this kind, beyond the rules for all. By default nothing."""
        return []

    @classmethod
    def check_here(cls, definition: FulfillerDefinition, tools: Tools) -> list[Violation]:  # noqa: ARG003 - likewise
        """What this server cannot or may not do of it. By default nothing."""
        return []

    @classmethod
    def create(cls, definition: FulfillerDefinition, credentials: Credentials, tools: Tools) -> Self:
        """Make the fulfiller of this registration."""
        return cls(definition, credentials, tools)

    @abstractmethod
    async def engage(self, call: FulfillerCall) -> Outcome:
        """Ask for the work: Done, Accepted, Refused or Unreachable."""

    async def poll(self, reference: Accepted, call: FulfillerCall) -> Outcome:  # noqa: ARG002 - for the kinds that poll
        """Look how accepted work is. By default only a callback tells."""
        return Progress()

    async def probe(self, seconds: float) -> Probe | None:  # noqa: ARG002 - for the kinds that probe
        """Look whether the fulfiller is up, without giving it work. By default there is nothing to look at."""
        return None

    async def aclose(self) -> None:  # noqa: B027 - closing nothing is a proper answer
        """Let go of what the instance holds. Calls under way may still end."""


class BlockingFulfiller(BaseFulfiller):
    """A kind on a library that blocks: write `engage_blocking` and `poll_blocking`; they run in threads of their own.

    A thread cannot be ended from outside. Pass `call.timeout` on to the library, so that the thread ends in time; where
    it does not, the call counts as unanswered, and the thread stays occupied until the library lets go.
    """

    def __init__(self, definition: FulfillerDefinition, credentials: Credentials, tools: Tools) -> None:
        """Have as many threads as calls may be under way at one time, at most sixteen."""
        super().__init__(definition, credentials, tools)
        threads = min(definition.max_concurrent or _THREADS, _THREADS)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=f"fulfiller-{definition.id}")

    @abstractmethod
    def engage_blocking(self, call: FulfillerCall) -> Outcome:
        """Ask for the work, in a thread."""

    def poll_blocking(self, reference: Accepted, call: FulfillerCall) -> Outcome:  # noqa: ARG002 - for kinds that poll
        """Look how accepted work is, in a thread. By default only a callback tells."""
        return Progress()

    async def engage(self, call: FulfillerCall) -> Outcome:
        """Run `engage_blocking` in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.engage_blocking, call)

    async def poll(self, reference: Accepted, call: FulfillerCall) -> Outcome:
        """Run `poll_blocking` in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.poll_blocking, reference, call)

    async def aclose(self) -> None:
        """Take no new calls; threads end with what they are doing."""
        self._threads.shutdown(wait=False)
