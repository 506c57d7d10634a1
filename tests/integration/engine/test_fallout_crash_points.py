"""The engine dies after its n-th write, for every n of the life of an order that is held and helped by a person."""

import asyncio
from collections import Counter
from contextlib import suppress

import pytest

from models.domain.errors import Conflict
from models.domain.interventions import Wish
from models.domain.outcomes import Done, Refused
from models.interventions import intervene
from tests.integration.engine.harness import Document, Harness, answers, plan_of
from tests.integration.engine.test_crash_points import Life, assert_in_sequence
from tests.integration.engine.test_fallout_rules import rule

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # sockets of the dead


class HeldLife(Life):
    """Three tasks that build, of which one is refused; what was built first has to be undone when it is given up."""

    end = ""
    wish = Wish("retry", "ana", "try again", id="w1")

    async def place(self, service: str) -> None:
        del service
        self.harness.fulfiller.scripts["fulfil:1/build"] = answers(Refused("no port"), Done())
        needs = {"1/build": ["1/first"]}
        self.order = await self.harness.order(plan_of("1/first", "1/build", "2/other", needs=needs))

    async def story(self, *steps: str) -> None:
        """Wait until the task's document says that it is held, do something about it, see the order end."""
        del steps

        async def is_held() -> bool:
            found = await self.harness.tasks(self.order)
            return found.get("fulfil:1/build", {}).get("state") == "held"

        await self.harness.until_true(is_held)
        task = (await self.harness.tasks(self.order))["fulfil:1/build"]
        with suppress(Conflict):  # it came to an end meanwhile: the test sees that it did not
            await intervene(self.harness.store, self.harness.clock, task, self.wish)
        await self.harness.until(self.order, self.end)

    async def deeds(self) -> list[Document]:
        document = await self.harness.get("serviceOrder", self.order)
        assert_in_sequence(document)
        return [stub for stub in document["outbox"] if stub["who"] == "ana"]

    async def ends(self) -> list[str]:
        """How the task flows of the order have ended: one for each time that a person could find it held."""
        found = await self.harness.store.collection("taskFlow").find({"order": self.order}).to_list()
        for flow in found:
            assert_in_sequence(flow)
        return [flow["body"].get("outcome", flow["body"]["state"]) for flow in found]


class Ruled(HeldLife):
    """Nobody has to help: a rule tries again."""

    async def story(self, *steps: str) -> None:
        del steps
        await self.harness.until(self.order, "completed")

    async def deeds(self) -> list[Document]:
        document = await self.harness.get("serviceOrder", self.order)
        return [stub for stub in document["outbox"] if stub["who"] == "rule again version 1"]


class Retried(HeldLife):
    end = "completed"


class GivenUp(HeldLife):
    end = "partial"
    wish = Wish("fail", "ana", "enough", id="w1", undo=True)


async def test_a_retry_is_done_once_wherever_the_engine_dies(harness: Harness) -> None:
    await harness.register()
    for lives in range(1, 100):
        life = Retried(harness)
        await life.place("")
        left = await life.under(lives, asyncio.create_task(life.story(), name="Task-story"))
        assert len(await life.deeds()) == 1, lives
        assert life.effects() == Counter(["fulfil:1/first", "fulfil:1/build", "fulfil:2/other"]), lives
        tasks = await harness.tasks(life.order)
        assert {task["state"] for task in tasks.values()} == {"done"}, lives
        assert list(tasks["fulfil:1/build"]["interventions"]) == ["w1"], lives
        assert await life.ends() in ([], ["done"]), lives
        if left > 0:
            return
    pytest.fail("the engine never stopped writing")


async def test_an_item_is_given_up_and_undone_once_wherever_the_engine_dies(harness: Harness) -> None:
    await harness.register()
    for lives in range(1, 100):
        life = GivenUp(harness)
        await life.place("")
        left = await life.under(lives, asyncio.create_task(life.story(), name="Task-story"))
        assert len(await life.deeds()) == 1, lives
        undone = ["fulfil:1/first", "compensate:1/first", "fulfil:2/other"]
        assert life.effects() == Counter(undone), lives
        order = await harness.get("serviceOrder", life.order)
        assert [item["state"] for item in order["body"]["serviceOrderItem"]] == ["failed", "completed"], lives
        services = await harness.store.collection("service").find({"tenant": "default"}).to_list()
        assert {one["body"]["name"] for one in services} == {"2"}, lives
        assert all("owner" not in one for one in services), lives
        assert await life.ends() in ([], ["done"]), lives
        if left > 0:
            return
    pytest.fail("the engine never stopped writing")


async def test_a_rule_is_applied_once_wherever_the_engine_dies(harness: Harness) -> None:
    await harness.register()
    await rule(harness, "again", {"do": "retry", "delays": [0.01]})
    for lives in range(1, 100):
        life = Ruled(harness)
        await life.place("")
        left = await life.under(lives, asyncio.create_task(life.story(), name="Task-story"))
        assert len(await life.deeds()) == 1, lives
        assert life.effects() == Counter(["fulfil:1/first", "fulfil:1/build", "fulfil:2/other"]), lives
        task = (await harness.tasks(life.order))["fulfil:1/build"]
        assert (task["state"], list(task["interventions"])) == ("done", ["again-1"]), lives
        assert await life.ends() == [], lives
        if left > 0:
            return
    pytest.fail("the engine never stopped writing")
