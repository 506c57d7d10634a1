"""What every kind of fulfiller keeps to: one suite, run over each implementation of the port."""

import asyncio
import time
from abc import ABC, abstractmethod
from typing import Any, Literal

from adapters.ports import Accepted, Done, Fulfiller, FulfillerCall, Progress, Refused, Unreachable

Behaviour = Literal["done", "accepting", "refusing", "absent", "slow"]


def a_call(operation: Any = "fulfil", **attributes: Any) -> FulfillerCall:
    """A task to be done."""
    given = {
        "order_id": "order-1",
        "order_item_id": "1",
        "input": {"speed": 100},
        "callback_url": "http://127.0.0.1:9/callback/token",
        "timeout": 5.0,
        **attributes,
    }
    service = {"id": "service-1", "serviceCharacteristic": [{"name": "vlan", "value": 7}]}
    return FulfillerCall("plan-1:00aa", "add", service, f"key:{operation}", operation, **given)


class FulfillerSuite(ABC):
    """Derive from it, say how to get a fulfiller that behaves in a given way, and all of this is tested."""

    @abstractmethod
    async def fulfiller(self, behaviour: Behaviour) -> Fulfiller:
        """A fulfiller that is done at once with {port: 7}, accepts (done within a second), refuses because the rack is
        full, is not there, or is slower than half a second."""

    async def test_done_work_brings_its_facts(self) -> None:
        outcome = await (await self.fulfiller("done")).engage(a_call())
        assert outcome == Done({"port": 7}, ({"name": "vlan", "value": 7},), outcome.supporting_resource)  # type: ignore[union-attr]

    async def test_a_repeated_call_has_the_same_outcome(self) -> None:
        fulfiller = await self.fulfiller("done")
        assert await fulfiller.engage(a_call()) == await fulfiller.engage(a_call(attempt=2))

    async def test_many_calls_at_once_are_all_answered(self) -> None:
        fulfiller = await self.fulfiller("done")
        outcomes = await asyncio.gather(*(fulfiller.engage(a_call()) for _ in range(50)))
        assert all(isinstance(outcome, Done) for outcome in outcomes)

    async def test_accepted_work_is_found_done_by_another_instance_that_only_knows_the_reference(self) -> None:
        accepted = await (await self.fulfiller("accepting")).engage(a_call())
        assert isinstance(accepted, Accepted)
        assert accepted.reference
        successor = await self.fulfiller("accepting")
        deadline = time.monotonic() + 10
        outcome = await successor.poll(accepted, a_call())
        assert isinstance(outcome, Progress), "the work takes a while"
        while isinstance(outcome, Progress) and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
            outcome = await successor.poll(accepted, a_call())
        assert isinstance(outcome, Done)
        assert outcome.output == {"port": 7}

    async def test_what_waits_for_a_callback_only_is_in_progress_when_polled(self) -> None:
        assert isinstance(await (await self.fulfiller("accepting")).poll(Accepted("x"), a_call()), Progress | Done)

    async def test_a_refusal_gives_the_reason(self) -> None:
        assert await (await self.fulfiller("refusing")).engage(a_call()) == Refused("The rack is full.")

    async def test_one_that_is_not_there_is_unreachable_and_has_surely_done_nothing(self) -> None:
        outcome = await (await self.fulfiller("absent")).engage(a_call())
        assert isinstance(outcome, Unreachable)
        assert outcome.reason
        assert not outcome.maybe_done

    async def test_one_that_is_too_slow_is_given_up_in_time_and_may_have_done_it(self) -> None:
        began = time.monotonic()
        outcome = await (await self.fulfiller("slow")).engage(a_call(timeout=0.3))
        assert time.monotonic() - began < 20
        assert isinstance(outcome, Unreachable)
        assert outcome.maybe_done

    async def test_work_is_called_off_and_undone(self) -> None:
        fulfiller = await self.fulfiller("accepting")
        assert isinstance(await fulfiller.engage(a_call()), Accepted)
        assert isinstance(await fulfiller.engage(a_call("cancel")), Done)
        assert isinstance(await fulfiller.engage(a_call("compensate")), Done)

    async def test_a_cancelled_call_is_let_go_at_once(self) -> None:
        slow = asyncio.create_task((await self.fulfiller("slow")).engage(a_call()))
        await asyncio.sleep(0.1)
        slow.cancel()
        done, _ = await asyncio.wait([slow], timeout=2)
        assert done
        assert slow.cancelled()

    async def test_it_closes_more_than_once_without_complaint(self) -> None:
        fulfiller = await self.fulfiller("done")
        await fulfiller.aclose()
        await fulfiller.aclose()
