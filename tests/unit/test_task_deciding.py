"""Which policies are asked about the tasks of a plan, while policies are published."""

import asyncio
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any, cast

from models.clock import Clock
from models.deciding import Deciding
from models.domain.decision_points import SELECT, Verdict
from models.domain.policies import Policy, PolicySet
from models.store import Store
from models.task_deciding import TaskDeciding


def version(number: int) -> PolicySet:
    text = f"{number}.0.0"
    return PolicySet([Policy(f"p:{text}", "p", text, SELECT, "opa", "", "", 1.0, {}, Verdict(allow=True))])


class Slow:
    """Knows policies, and asks the inventory for each caller until it is told to go on."""

    def __init__(self) -> None:
        self.book, self.found, self.asked = self, version(1), list[asyncio.Event]()

    async def of(self, _: str) -> PolicySet:
        return self.found

    async def named(self, _: str, order: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append(asyncio.Event())
        await self.asked[-1].wait()
        return order


async def test_who_asks_while_a_policy_is_published_does_not_leave_its_former_version_behind() -> None:
    slow = Slow()
    asking = TaskDeciding(
        cast("Store", None), Clock(), cast("Deciding", slow), {"_id": "o", "tenant": "t"}, dict, nullcontext
    )
    first = asyncio.create_task(asking.policies(SELECT))
    await asyncio.sleep(0)
    slow.found = version(2)
    second = asyncio.create_task(asking.policies(SELECT))
    await asyncio.sleep(0)
    for one, task in zip(reversed(slow.asked), (second, first), strict=True):
        one.set()
        await task
    assert [one.id for one in await asking.policies(SELECT)] == ["p:2.0.0"]
