"""Whoever an engine's recipe deals with: who does its steps, and who sends what it waits for."""

import asyncio
from collections import Counter, defaultdict

import pytest

from adapters.ports import FulfillerCall
from models import inbox
from models.domain.outcomes import Accepted, Outcome, Refused
from models.domain.recipes import State
from tests.integration.engine import every_element as every
from tests.integration.engine.crash_names import Death
from tests.integration.engine.harness import Document, Harness, Scripted, answers

SECONDS = 900.0


class Witness(Scripted):
    """A fulfiller that remembers its effects whatever becomes of the engines, and tells of its calls."""

    def __init__(self, death: Death, refusal: str = "noPort") -> None:
        super().__init__()
        self._death = death
        self.scripts = {name: answers(Refused("no port is free", code=refusal)) for name in every.REFUSED}
        self.scripts |= {name: answers(Accepted(f"job {name}")) for name in (*every.OPEN, every.PATIENT)}

    def name_of(self, call: FulfillerCall) -> str:
        return every.name_of(call.operation, call.input)

    async def engage(self, call: FulfillerCall) -> Outcome:
        outcome = await super().engage(call)
        await self._death.passed(f"called: {self.name_of(call)} {call.idempotency_key.partition(':')[2]}")
        return outcome

    def counted(self, order: str | None = None) -> Counter[str]:
        """How often what has taken effect, for one order or for all."""
        return Counter(self.name_of(call) for call in self.effects.values() if order in (None, call.order_id))

    def keys(self) -> dict[str, set[str]]:
        """The idempotency keys of all calls, by what they were for."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for call in self.calls:
            found[self.name_of(call)].add(call.idempotency_key)
        return dict(found)


class Outside:
    """Whoever sends what the recipe waits for: each message once, as soon as it is awaited."""

    def __init__(self, engine: Harness, witness: Witness, order: str) -> None:
        self._engine = engine
        self._witness = witness
        self.order = order
        self._sent: set[str] = set()

    async def help(self) -> None:
        """Do what has its turn."""
        plan = await self._engine.store.get("plan", self.order) or {}
        for run in plan.get("recipes", {}).values():
            await self._send(State.from_document({"run": run["run"], "data": run["data"]}))
        if self._witness.counted(self.order)["tick"] == 2:
            await self._report()

    async def _send(self, state: State) -> None:
        for wait in state.waits.values():
            name = wait.name or ""
            wanted = (wait.kind == "message" and name in every.MESSAGES) or name == every.SIGNAL
            if wanted and name not in self._sent:
                self._sent.add(name)
                await self._tell({"kind": wait.kind, "name": name, "data": {f"told{name}": True}})

    async def _report(self) -> None:
        mine = (one for one in self._witness.calls if one.order_id == self.order)
        call = next((one for one in mine if self._witness.name_of(one) == every.PATIENT), None)
        if call is not None and every.PATIENT not in self._sent:
            self._sent.add(every.PATIENT)
            await self._engine.callback(call, {"status": "done"})

    async def _tell(self, entry: Document) -> None:
        assert await inbox.append(self._engine.store, self._engine.clock, self.order, entry)

    async def until_completed(self) -> Document:
        """The order, once it is completed; help meanwhile."""
        async with asyncio.timeout(SECONDS):
            while True:
                await self.help()
                document = await self._engine.get("serviceOrder", self.order)
                if document["body"]["state"] == "completed":
                    return document
                if document["body"]["state"] == "held":
                    pytest.fail(str(document["body"]["serviceOrderItem"][0]["errorMessage"]))
                await asyncio.sleep(0.01)
