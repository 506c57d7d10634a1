"""Messages and signals between the recipes of a plan and the world: what came, what is thrown, what is awaited.

What comes is in the plan's inbox, what follows from it is owed by the plan in the write that takes it out there. See
`models.recipe_messages` for how nothing is lost on the way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models.domain.plan import PlannedTask
from models.domain.recipe_messages import SIGNAL, address, addresses
from models.domain.recipes.effects import Await, Broadcast, Effect, Send
from models.domain.recipes.happenings import Message, Signal
from models.ids import new_id
from models.recipe_messages import RecipeMessages
from scheduler.engagement import Parts
from scheduler.plan_record import PlanRecord

Document = dict[str, Any]


@dataclass(slots=True)
class Letter:
    """One message or signal out of the inbox.

    Attributes:
        entry: as it stood there.
        happening: what it is to a run.
        taken: whether a run has taken it.
    """

    entry: Document
    happening: Message | Signal
    taken: bool = False

    def is_for(self, task: str) -> bool:
        """Whether the run of this task may have it: a message goes to one, a signal to all but who has thrown it."""
        if self.entry["kind"] == SIGNAL:
            return (self.entry.get("thrownBy") or {}).get("task") != task
        return not self.taken


class RecipeMail:
    """The messages and signals of one plan's recipes."""

    def __init__(self, parts: Parts, record: PlanRecord) -> None:
        """Work for this plan."""
        self._parts = parts
        self._record = record
        self._messages = RecipeMessages(parts.store, parts.clock)
        self._letters: list[Letter] = []
        self._effects: list[Document] = []
        self._wanted: list[str] = []

    @property
    def letters(self) -> Sequence[Letter]:
        """What has come since the last write of the plan."""
        return self._letters

    def hear(self, entry: Document) -> None:
        """Take in a message or signal out of the inbox."""
        now, data = self._parts.clock.now(), entry.get("data", {})
        if entry["kind"] == SIGNAL:
            happening: Message | Signal = Signal(now, entry["name"], data)
        else:
            happening = Message(now, entry["name"], entry.get("correlation"), data)
        self._letters.append(Letter(entry, happening))

    def note(self, task: PlannedTask, effect: Effect) -> None:
        """Carry out with the next write what a run throws or begins to wait for."""
        match effect:
            case Await(kind="message", name=str(name), correlation=correlation):
                self._wanted.append(address("message", name, correlation))
            case Broadcast(name=name, data=data):
                self._throw(task, {"kind": SIGNAL, "name": name, "data": dict(data)})
            case Send(name=name, correlation=correlation, data=data):
                thrown = {"kind": "message", "name": name, "correlation": correlation, "data": dict(data)}
                self._throw(task, thrown)

    def _throw(self, task: PlannedTask, thrown: Document) -> None:
        self._effects.append({"thrown": {"id": new_id(), "task": task.key, **thrown}})

    def take_effects(self) -> list[Document]:
        """What the next write of the plan owes to messages: what became of them, what is thrown, what is looked for."""
        wanted = self._wanted
        for letter in self._letters:
            entry = letter.entry
            if "message" in entry:
                told = {"id": entry["message"], "handing": entry["handing"], "taken": letter.taken}
                self._effects.append({"message": told})
            if letter.taken and entry["kind"] != SIGNAL:  # whoever took it may wait for the next one
                wanted += addresses("message", entry["name"], entry.get("correlation"))
        still = set(self._record.awaited) if wanted else set()
        looked_for = [one for one in dict.fromkeys(wanted) if one in still]
        effects = [*self._effects, *([{"awaits": looked_for}] if looked_for else [])]
        self._letters, self._effects, self._wanted = [], [], []
        return effects

    async def carry_out(self, effects: Sequence[Document]) -> None:
        """Do what the plan owes. Done twice, it is done once.

        Raises:
            Unavailable: the database cannot be reached.
        """
        record = self._record
        for effect in effects:
            if "message" in effect:
                await self._messages.settle(effect["message"], record.id)
            elif "thrown" in effect:
                await self._messages.throw(effect["thrown"], record.tenant, record.id)
            elif "awaits" in effect:
                await self._messages.look_for(record.tenant, record.id, effect["awaits"])
