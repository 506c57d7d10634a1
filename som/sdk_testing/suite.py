"""The suite: what every kind keeps to. How it is used stands in the package's own docstring."""

import asyncio
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal

import pytest

from adapters.guard import Guarded
from adapters.ports import Accepted, Done, Fulfiller, FulfillerCall, Outcome, Progress, Refused, Unreachable
from models.domain.outcomes import Report, parse_report
from som.sdk_testing.calls import Mailbox, a_call

Behaviour = Literal[
    "done", "accepting", "reporting", "refusing", "absent", "slow", "late", "throttling", "garbling"
]  # fmt: skip
DECLARABLE = (
    "accepted and reported", "accepted and polled", "late", "duplicate", "refused", "unreachable", "slow", "throttled",
    "garbage", "cancel", "compensate", "restart in between", "many at once",
)  # fmt: skip

_PATIENCE = 30.0


class FulfillerSuite(ABC):
    """Derive from it, say how to get a fulfiller that behaves in a given way, and all of this is tested.

    Attributes:
        counterpart: what the kind is run against, for the documents; a stand-in is named as such.
        cannot: what the kind cannot do by its nature, by name (`DECLARABLE`), and why.
        facts: what the output of done work holds, among other things.
        characteristics: the characteristics that done work reports, among others.
        refusal: what the reason of a refusal contains.
        patience: seconds that a call may take at this kind's counterpart.
        impatience: seconds that a call waits where the counterpart is slow or late; long enough for a connection.
        pause: seconds that one who throttles asks to wait; None where the kind's protocol cannot say it.
    """

    counterpart: ClassVar[str]
    cannot: ClassVar[Mapping[str, str]] = {}
    facts: ClassVar[Mapping[str, Any]] = {"port": 7}
    characteristics: ClassVar[Mapping[str, Any]] = {"vlan": 7}
    refusal: ClassVar[str] = "The rack is full."
    patience: ClassVar[float] = 5.0
    impatience: ClassVar[float] = 0.5
    pause: ClassVar[float | None] = 17.0

    @abstractmethod
    async def fulfiller(self, behaviour: Behaviour) -> Fulfiller:
        """A new instance, for a counterpart that behaves like that."""

    @abstractmethod
    async def standing(self) -> int | None:
        """Pieces of work that stand at the counterparts of this test: done, and not undone. None: nobody can count."""

    def call(self, operation: Any = "fulfil", **attributes: Any) -> FulfillerCall:
        """The task of this test; each test has a key of its own."""
        asked = a_call(operation, callback_url=self.mailbox.address("callback"), timeout=self.patience)
        return replace(asked, idempotency_key=f"{self.key}:{operation}:0", **attributes)

    def notification_url(self, fulfiller: str) -> str:
        """Where the hub of the counterpart may tell; `adapters.http_session.Tools` asks for such a function."""
        return self.mailbox.address(f"hub/{fulfiller}")

    @pytest.fixture(autouse=True)
    async def mailbox_of_the_test(self) -> AsyncIterator[None]:
        self.key = f"{uuid.uuid4()}:00aa"
        async with Mailbox() as self.mailbox:
            yield

    async def _guarded(self, behaviour: Behaviour) -> Guarded:
        return Guarded(await self.fulfiller(behaviour), f"the {behaviour} one")

    def _needs(self, ability: str) -> None:
        if ability in self.cannot:
            pytest.skip(f"by its nature: {self.cannot[ability]}")

    async def _ended(self, fulfiller: Guarded, outcome: Outcome, call: FulfillerCall) -> Outcome:
        """What becomes of the work in the end; accepted work is asked for until then."""
        if not isinstance(outcome, Accepted):
            return outcome
        accepted, deadline = outcome, time.monotonic() + _PATIENCE
        while isinstance(outcome, Accepted | Progress | Unreachable) and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
            outcome = await fulfiller.poll(accepted, call)
        return outcome

    def _is_done(self, outcome: Outcome) -> Done:
        assert isinstance(outcome, Done), outcome
        assert self.facts.items() <= outcome.output.items(), outcome
        reported = {entry["name"]: entry.get("value") for entry in outcome.service_characteristic}
        assert self.characteristics.items() <= reported.items(), outcome
        return outcome

    async def _stand(self, count: int) -> None:
        standing = await self.standing()
        assert standing in (count, None)

    def test_what_it_cannot_do_is_declared_with_a_reason(self) -> None:
        assert self.counterpart.strip()
        for ability, reason in self.cannot.items():
            assert ability in DECLARABLE
            assert len(reason) > 20, f"why not {ability}?"

    async def test_done_work_brings_its_facts(self) -> None:
        fulfiller, call = await self._guarded("done"), self.call()
        self._is_done(await self._ended(fulfiller, await fulfiller.engage(call), call))
        await self._stand(1)

    async def test_duplicate_a_repeated_call_has_the_same_outcome_and_one_effect(self) -> None:
        self._needs("duplicate")
        fulfiller, call = await self._guarded("done"), self.call()
        first = await fulfiller.engage(call)
        again = await fulfiller.engage(replace(call, attempt=2, repeated=True))
        if isinstance(first, Accepted) and isinstance(again, Accepted):
            assert again.reference == first.reference
        ended = await self._ended(fulfiller, first, call)
        assert await self._ended(fulfiller, again, call) == self._is_done(ended)
        await self._stand(1)

    async def test_many_calls_at_once_are_all_answered(self) -> None:
        self._needs("many at once")
        fulfiller = await self._guarded("done")
        calls = [replace(self.call(timeout=30.0), idempotency_key=f"{self.key}{place}") for place in range(20)]
        outcomes = await asyncio.gather(*(fulfiller.engage(call) for call in calls))
        assert all(isinstance(outcome, Done | Accepted) for outcome in outcomes), outcomes

    async def test_accepted_work_is_found_done_by_another_instance_that_only_knows_the_reference(self) -> None:
        """Accepted and polled, with a restart of ours in between."""
        self._needs("accepted and polled")
        self._needs("restart in between")
        first, call = await self._guarded("accepting"), self.call()
        accepted = await first.engage(call)
        assert isinstance(accepted, Accepted), accepted
        assert accepted.reference
        await first.aclose()
        successor = await self._guarded("accepting")
        outcome = await successor.poll(accepted, call)
        assert isinstance(outcome, Progress | Done), "it takes a while, or was done before a slow machine asked"
        self._is_done(await self._ended(successor, accepted, call))
        await self._stand(1)

    async def test_accepted_work_is_reported(self) -> None:
        """By a callback, which is the report, or by a notification, which is a hint to ask."""
        self._needs("accepted and reported")
        fulfiller, call = await self._guarded("reporting"), self.call()
        accepted = await fulfiller.engage(call)
        assert isinstance(accepted, Accepted), accepted
        outcome: Outcome | Report = Progress()
        async with asyncio.timeout(_PATIENCE):
            while isinstance(outcome, Progress):
                place, body = await self.mailbox.next()
                outcome = parse_report(body) if place == "callback" else await fulfiller.poll(accepted, call)
        self._is_done(outcome)

    async def test_what_only_a_callback_can_tell_is_in_progress_when_polled(self) -> None:
        outcome = await (await self._guarded("accepting")).poll(Accepted("x"), self.call())
        assert isinstance(outcome, Progress | Done | Refused | Unreachable)

    async def test_a_refusal_gives_the_reason(self) -> None:
        self._needs("refused")
        fulfiller, call = await self._guarded("refusing"), self.call()
        outcome = await self._ended(fulfiller, await fulfiller.engage(call), call)
        assert isinstance(outcome, Refused), outcome
        assert self.refusal in outcome.reason
        assert not outcome.maybe_done
        await self._stand(0)

    async def test_one_that_is_not_there_is_unreachable_and_has_surely_done_nothing(self) -> None:
        self._needs("unreachable")
        outcome = await (await self._guarded("absent")).engage(self.call())
        assert isinstance(outcome, Unreachable), outcome
        assert outcome.reason
        assert not outcome.maybe_done

    async def test_one_that_is_too_slow_is_given_up_in_time_and_may_have_done_it(self) -> None:
        self._needs("slow")
        began = time.monotonic()
        outcome = await (await self._guarded("slow")).engage(self.call(timeout=self.impatience))
        assert time.monotonic() - began < 20
        assert isinstance(outcome, Unreachable), outcome
        assert outcome.maybe_done

    async def test_late_an_answer_that_nobody_waited_for_is_found_by_the_repeated_call(self) -> None:
        self._needs("late")
        fulfiller, call = await self._guarded("late"), self.call()
        outcome = await fulfiller.engage(replace(call, timeout=self.impatience))
        assert isinstance(outcome, Unreachable), outcome
        assert outcome.maybe_done
        again = await fulfiller.engage(replace(call, attempt=2, repeated=True))
        self._is_done(await self._ended(fulfiller, again, call))
        await self._stand(1)

    async def test_one_that_throttles_is_given_the_time_that_it_asks_for(self) -> None:
        self._needs("throttled")
        outcome = await (await self._guarded("throttling")).engage(self.call())
        assert isinstance(outcome, Unreachable), outcome
        assert (outcome.retry_after, outcome.maybe_done) == (self.pause, False)

    async def test_garbage_is_a_refusal_that_leaves_open_whether_it_was_done(self) -> None:
        self._needs("garbage")
        outcome = await (await self._guarded("garbling")).engage(self.call())
        assert isinstance(outcome, Refused), outcome
        assert outcome.maybe_done
        assert outcome.reason

    async def test_work_that_goes_on_is_cancelled(self) -> None:
        self._needs("cancel")
        fulfiller, call = await self._guarded("accepting"), self.call()
        accepted = await fulfiller.engage(call)
        assert isinstance(accepted, Accepted), accepted
        stop = self.call("cancel", engaged=accepted, fulfil_key=call.idempotency_key)
        for attempt in (1, 2):  # a repeated one has no second effect
            asked = replace(stop, attempt=attempt, repeated=attempt > 1)
            outcome = await self._ended(fulfiller, await fulfiller.engage(asked), asked)
            assert isinstance(outcome, Done), outcome
        await asyncio.sleep(0.7)  # when it would have been done
        if await self.standing() is not None:  # who keeps no accounts remembers no cancellation either
            assert not isinstance(await fulfiller.poll(accepted, call), Done)
        await self._stand(0)

    async def test_where_nothing_was_taken_on_there_is_nothing_to_cancel(self) -> None:
        self._needs("cancel")
        fulfiller = await self._guarded("accepting")
        stop = self.call("cancel", fulfil_key=self.call().idempotency_key)
        assert isinstance(await self._ended(fulfiller, await fulfiller.engage(stop), stop), Done)
        await self._stand(0)

    async def test_work_that_is_done_is_undone(self) -> None:
        self._needs("compensate")
        fulfiller, call = await self._guarded("done"), self.call()
        engaged = await fulfiller.engage(call)
        done = self._is_done(await self._ended(fulfiller, engaged, call))
        await self._stand(1)
        undo = self.call(
            "compensate",
            engaged=engaged if isinstance(engaged, Accepted) else None,
            output=done.output,
            fulfil_key=call.idempotency_key,
        )
        for attempt in (1, 2):
            asked = replace(undo, attempt=attempt, repeated=attempt > 1)
            outcome = await self._ended(fulfiller, await fulfiller.engage(asked), asked)
            assert isinstance(outcome, Done), outcome
        await self._stand(0)

    async def test_a_cancelled_call_is_let_go_at_once(self) -> None:
        self._needs("slow")
        slow = asyncio.create_task((await self._guarded("slow")).engage(self.call()))
        await asyncio.sleep(0.1)
        slow.cancel()
        done, _ = await asyncio.wait([slow], timeout=2)
        assert done
        assert slow.cancelled()

    async def test_it_closes_more_than_once_without_complaint(self) -> None:
        fulfiller = await self.fulfiller("done")
        await fulfiller.aclose()
        await fulfiller.aclose()
