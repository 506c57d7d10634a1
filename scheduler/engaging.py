"""What engaging fulfillers takes, and what it brings: the values that the parts of the scheduler hand each other."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from adapters.ports import Fulfiller, FulfillerCall, ResourcePools
from models.callback_token import CallbackTokens
from models.clock import Clock
from models.deciding import Deciding
from models.domain.fulfiller import FulfillerDefinition
from models.domain.outcomes import Outcome
from models.domain.plan import PlannedTask
from models.domain.program import Program
from models.domain.rate_limit import RateLimit
from models.durations import Durations
from models.fallout_rules import RuleBook
from models.presence import Presence
from models.recipe_port import RecipeSource
from models.sealing import Sealer
from models.store import Store
from scheduler.capacity import Capacity
from scheduler.directory import Directory
from scheduler.gates import Gates, Ticket
from scheduler.health import Health

Document = dict[str, Any]


class Slots(Protocol):
    """Places for calls at the same time, per fulfiller and over all processes."""

    @property
    def gates(self) -> Gates:
        """Where calls get in line."""

    def ask(self, fulfiller: str, limit: int | None, priority: int) -> Ticket | None:
        """Get in line for a call; None where too many wait already, so that the plan is to wait outside."""

    def ask_to_poll(self, fulfiller: str, priority: int) -> Ticket | None:
        """Get in line for a poll, in the same way."""

    def place(
        self, ticket: Ticket, fulfiller: str, limit: int | None, rate: RateLimit | None = None
    ) -> AbstractAsyncContextManager[None]:
        """Wait for a place and for a call of the rate limit; hold the place while the context is open."""

    async def take_back(self) -> None:
        """Free the places that a former life of this process still holds."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What engaging a fulfiller takes; `rules`, `pools`, `recipes` and `deciding` are None where there are none.

    `program` is written down with what is done.
    """

    store: Store
    clock: Clock
    directory: Directory
    tokens: CallbackTokens
    slots: Slots
    callback_base: str
    durations: Durations
    health: Health
    capacity: Capacity
    presence: Presence
    rules: RuleBook | None = None
    pools: ResourcePools | None = None
    sealer: Sealer = field(default_factory=Sealer)
    recipes: RecipeSource | None = None
    program: Program = field(default_factory=Program)
    deciding: Deciding | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """The task cannot be given to anybody: a person, or a change of the registry, has to help.

    Attributes:
        decision: that nobody can have it, and why not.
        capability: what is needed.
        former_decision: the one before.
    """

    code: str
    reason: str
    message: str
    decision: Document | None = None
    capability: Document | None = None
    former_decision: Document | None = None


@dataclass(frozen=True, slots=True)
class Engagement:
    """A task ready to be given to a fulfiller.

    Attributes:
        decision: a new one, where one was made.
        former_decision: the one before it.
        free: no call for the task can have had an effect so far, so that somebody else may have it.
    """

    task: PlannedTask
    revision: int
    definition: FulfillerDefinition
    fulfiller: Fulfiller
    call: FulfillerCall
    decision: Document | None = None
    former_decision: Document | None = None
    free: bool = False


@dataclass(slots=True)
class Answer:
    """What came back, and what it took.

    Attributes:
        free: neither this call nor any before can have had an effect.
        detail: of the attempt, as it is kept with it.
        facts: what else is to be kept with the task.
    """

    key: str
    revision: int
    outcome: Outcome
    fulfiller: str | None = None
    milliseconds: int = 0
    poll: bool = False
    free: bool = False
    detail: Document = field(default_factory=dict)
    facts: Document = field(default_factory=dict)
