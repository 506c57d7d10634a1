"""Work from a change: an approved change request makes one order, and is told how that begins and ends.

The change management system is a stand-in, named as such (tests/integration/tmforum/change_stand_in.py).
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from tests.acceptance.server_process import ServerProcess, som
from tests.integration.tmforum.change_stand_in import ChangeManagement

ORDERS = "/tmf-api/serviceOrdering/v4/serviceOrder"
SPECIFICATIONS = "/tmf-api/serviceCatalogManagement/v4/serviceSpecification"
SOURCES, CHANGES = "/som/v1/changeSource", "/som/v1/change"
PATIENCE = 60.0


@dataclass
class Story:
    """A server, and the change management system whose changes it carries out."""

    server: ServerProcess
    board: ChangeManagement
    session: aiohttp.ClientSession
    family: str = field(default_factory=lambda: f"line-{uuid4().hex[:8]}")

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        address = path if path.startswith("http") else f"{self.server.url}{path}"
        async with self.session.request(method, address, json=body) as answer:
            assert answer.ok, f"{method} {path}: {answer.status} {await answer.text()}"
            return await answer.json() if answer.status != 204 else None

    async def until(self, look: Callable[[], Any], fits: Callable[[Any], Any]) -> Any:
        async with asyncio.timeout(PATIENCE):
            while True:
                found = look()
                found = await found if asyncio.iscoroutine(found) else found
                if fits(found):
                    return found
                await asyncio.sleep(0.1)

    async def prepare(self, seconds: float = 0.0, **source: Any) -> str:
        """A specification, who fulfils it, and the source; returns the source's id."""
        await self.offer(self.family, seconds)
        return await self.listen(**source)

    async def offer(self, family: str, seconds: float) -> None:
        tasks = {"build": {"duration": "PT1S"}}
        await self.call("POST", SPECIFICATIONS, {"id": family, "name": family, "version": "3",
                        "fulfilment": {"add": {"tasks": tasks}}})  # fmt: skip
        can = [{"specification": family, "action": "*"}]
        await self.call("POST", "/som/v1/fulfiller", {"name": family, "kind": "simulator", "capability": can,
                        "settings": {"latency": seconds, "accept": seconds > 0}})  # fmt: skip

    async def listen(self, **source: Any) -> str:
        body = {"name": "The board", "endpoint": self.board.url, "credentials": {"type": "bearer", "token": "s3cret"}}
        made = await self.call("POST", SOURCES, {**body, **source})
        assert "s3cret" not in str(made)
        return str(made["id"])

    def wanted(self, specification: str | None = None) -> dict[str, Any]:
        """What a change request says to order a line."""
        target = {"id": specification or self.family, "role": "wanted", "@referredType": "ServiceSpecification"}
        return {"targetEntity": [target], "changeRequestCharacteristic": [{"name": "speed", "value": 200}]}

    async def orders(self, key: str) -> list[Any]:
        found: list[Any] = await self.call("GET", f"{ORDERS}?externalId={key}")
        return found

    async def change(self, key: str, state: str) -> Any:
        """What has become of a change request, once that is as told."""

        async def look() -> Any:
            return await self.call("GET", f"{CHANGES}?changeRequest={key}")

        [found] = await self.until(look, lambda listed: listed and listed[0]["state"] == state)
        return found

    async def needs_approval(self, family: str, tasks: dict[str, Any], **simulator: Any) -> None:
        """A specification whose fulfilment the board has a say in, and who does the rest."""
        await self.call("POST", SPECIFICATIONS, {"id": family, "name": family, "version": "1",
                        "fulfilment": {"add": {"tasks": tasks}}})  # fmt: skip
        board = {"changeRequest": {"specification": {"id": "std"}}}
        for kind, action, more in (
            ("simulator", "add", {"settings": simulator}),
            ("tmf655", "change", {"endpoint": self.board.url, "settings": board}),
        ):
            can = [{"specification": family, "action": action}]
            await self.call("POST", "/som/v1/fulfiller", {"name": kind, "kind": kind, "capability": can, **more})

    async def order(self, family: str) -> str:
        item = {"id": "1", "action": "add", "service": {"serviceSpecification": {"id": family}}}
        return str((await self.call("POST", ORDERS, {"serviceOrderItem": [item]}))["id"])

    async def opened(self, order: str) -> str:
        """The change request that a task of an order has opened."""

        def found() -> list[str]:
            return [key for key, one in self.board.requests.items() if order in str(one["externalReference"])]

        return str((await self.until(found, bool))[0])

    async def ends(self, order: str, state: str) -> Any:
        async def look() -> Any:
            return await self.call("GET", f"{ORDERS}/{order}")

        return await self.until(look, lambda found: found["state"] == state)

    async def status(self, key: str, status: str) -> Any:
        return await self.until(lambda: self.board.requests[key], lambda found: found["status"] == status)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
async def board() -> AsyncIterator[ChangeManagement]:
    async with ChangeManagement() as board:
        yield board
    assert board.broken == [], "what was sent breaks TM Forum's document"


@pytest.fixture
async def story(server: ServerProcess, board: ChangeManagement, session: aiohttp.ClientSession) -> AsyncIterator[Story]:
    made = Story(server, board, session)
    yield made
    for source in await made.call("GET", SOURCES):
        await made.call("DELETE", f"{SOURCES}/{source['id']}")


async def test_a_change_that_is_approved_twice_makes_one_order_and_has_plan_versions_schedule_and_result(
    story: Story,
) -> None:
    source, key, board = await story.prepare(catchUpInterval=3600), f"CHG-{uuid4().hex[:6]}", story.board
    await story.until(lambda: board.hub, bool)  # it is told by the hub from here on, and does not look at the list
    board.put(key, **story.wanted())
    await board.announce(key, "Create")
    await story.change(key, "waiting")
    await asyncio.gather(*(board.decide(key, times=2) for _ in range(3)))
    ended = await story.status(key, "completed")
    await board.announce(key, "Create")  # comes late
    [order] = await story.orders(key)
    assert (order["state"], order["category"]) == ("completed", "change")
    [item] = order["serviceOrderItem"]
    values = {one["name"]: one["value"] for one in item["service"]["serviceCharacteristic"]}
    assert (item["action"], values["speed"]) == ("add", 200)
    assert [body["status"] for _, body in board.patches] == ["inProgress", "completed"]
    began = board.patches[0][1]
    [plan] = began["attachment"]
    assert (await story.call("GET", plan["url"]))["owner"]["id"] == order["id"]
    told = {one["name"]: one["value"] for one in began["changeRequestCharacteristic"]}
    assert told["serviceOrderVersions"] == [{"id": story.family, "name": story.family, "version": "3"}]
    assert told["expectedStart"] == began["actualStartTime"]
    assert told["expectedStart"] <= told["expectedCompletion"]
    assert told["speed"] == 200  # theirs stays
    assert ended["resolution"]["code"] == "completed"
    assert [one["author"] for one in ended["note"]] == ["Ann", "som", "som"]
    change = await story.change(key, "ended")
    assert [one["what"] for one in change["told"]] == ["start", "end"]
    assert (change["serviceOrder"]["id"], change["owed"]) == (order["id"], [])
    history = await story.call("GET", f"/som/v1/history?resourceType=change&resourceId={change['id']}")
    assert [one["state"] for one in history if one["what"] == "ChangeStateChangeEvent"][-1] == "ended"
    listed = await asyncio.to_thread(som, story.server, "change", "list", "--source", source)
    shown = await asyncio.to_thread(som, story.server, "change", "show", key)
    assert key in listed
    assert order["id"] in shown


async def test_a_change_of_which_no_order_can_be_made_says_why_and_makes_one_when_it_is_put_right(story: Story) -> None:
    await story.prepare(hub=False, pollInterval=1)
    key, board = f"CHG-{uuid4().hex[:6]}", story.board
    board.put(key, "approved", **story.wanted("no-such-thing"))
    rejected = await story.status(key, "rejected")
    assert "no-such-thing" in rejected["statusChangeReason"]
    assert "no-such-thing" in rejected["note"][-1]["text"]
    refused = await story.change(key, "refused")
    assert "no-such-thing" in refused["problem"]
    assert await story.orders(key) == []
    board.requests[key] = {**board.requests[key], **story.wanted(), "status": "approved"}
    await story.status(key, "completed")
    assert len(await story.orders(key)) == 1


async def test_what_was_approved_while_nobody_could_be_asked_is_found_and_told_later(story: Story) -> None:
    board, first, second = story.board, f"CHG-{uuid4().hex[:6]}", f"CHG-{uuid4().hex[:6]}"
    order = {"serviceOrderItem": [{"id": "7", "action": "add", "service": {"serviceSpecification":
             {"id": "= characteristic.what"}}}]}  # fmt: skip
    board.away = True
    board.put(first, "approved", changeRequestCharacteristic=[{"name": "what", "value": story.family}])
    source = await story.prepare(hub=False, pollInterval=1, order=order)

    async def looked() -> Any:
        return await story.call("GET", f"{SOURCES}/{source}")

    await story.until(looked, lambda found: found["problem"])
    board.away = False
    await story.status(first, "completed")
    board.keeps_status = True  # from now on they take no status from us
    board.put(second, "approved", changeRequestCharacteristic=[{"name": "what", "value": story.family}])
    ended = await story.until(lambda: board.requests[second], lambda found: "resolution" in found)
    assert (ended["status"], ended["resolution"]["code"]) == ("approved", "completed")
    for one in (first, second):
        [placed] = await story.orders(one)
        assert placed["serviceOrderItem"][0]["id"] == "7"


async def test_killed_in_between_each_change_has_one_order_and_its_result_and_one_withdrawn_meanwhile_none(
    mongodb_url: str, database: Any, board: ChangeManagement, session: aiohttp.ClientSession, tmp_path: Any
) -> None:
    settings = {"SOM_MONGODB_URL": mongodb_url, "SOM_MONGODB_DATABASE": database.name, "SOM_SECRET_KEY": "k" * 40}
    story = Story(ServerProcess(tmp_path, settings), board, session)
    await asyncio.to_thread(story.server.start)
    try:
        await story.prepare(seconds=2.0, hub=False, pollInterval=1)
        keys = [f"CHG-{number}" for number in range(6)]
        await story.offer("slow", 600.0)
        board.put("CHG-W", "approved", **story.wanted("slow"))
        for key in keys[:3]:
            board.put(key, "approved", **story.wanted())
        # One has been told of its start, others are on their way.
        await story.until(lambda: "CHG-W" in dict(board.patches), bool)
        await asyncio.to_thread(story.server.kill)
        board.requests["CHG-W"] |= {"status": "cancelled", "statusChangeReason": "Too dear."}
        for key in keys[3:]:
            board.put(key, "approved", **story.wanted())
        await asyncio.to_thread(story.server.start)
        for key in keys:
            ended = await story.status(key, "completed")
            assert [one["author"] for one in ended["note"]] == ["Ann", "som", "som"]
            assert len(await story.orders(key)) == 1
        withdrawn = await story.until(lambda: board.requests["CHG-W"], lambda found: "resolution" in found)
        assert (withdrawn["resolution"]["code"], withdrawn["statusChangeReason"]) == ("cancelled", "Too dear.")
        [order] = await story.orders("CHG-W")
        assert order["state"] == "cancelled"
        assert order["cancellationReason"] == "The change request CHG-W is cancelled: Too dear."
    finally:
        await asyncio.to_thread(story.server.stop)


async def test_a_task_waits_for_its_change_to_be_approved_a_later_one_closes_it_and_a_rejection_is_fallout(
    story: Story,
) -> None:
    board, family = story.board, story.family
    board.decides = None
    tasks = {
        "approval": {"kind": "change", "input": {"changeRequest": {"requestType": "normal"}, "why": "= order.id"}},
        "install": {"needs": ["approval"]},
        "close": {"kind": "change", "needs": ["install"], "input": {"close": "= task.approval.output.id"}},
    }
    await story.needs_approval(family, tasks)
    approved, rejected = await story.order(family), await story.order(family)
    key = await story.opened(approved)
    waiting = await story.call("GET", f"/som/v1/plan/{approved}")
    assert {one["name"]: one["state"] for one in waiting["task"]}["install"] == "waiting"
    await board.decide(key)
    await story.ends(approved, "completed")
    assert board.requests[key]["status"] == "completed"
    key = await story.opened(rejected)
    board.requests[key]["statusChangeReason"] = "Not before Christmas."
    await board.decide(key, "rejected")
    held = await story.ends(rejected, "held")
    assert "Not before Christmas." in str(held["serviceOrderItem"][0]["errorMessage"])


async def test_a_change_that_no_task_closes_is_closed_as_its_order_ends(story: Story) -> None:
    board, good, bad = story.board, f"{story.family}-good", f"{story.family}-bad"
    tasks = {"approval": {"kind": "change"}, "install": {"needs": ["approval"]}}
    await story.needs_approval(good, tasks)
    await story.needs_approval(bad, tasks, refuse="No power.")
    done, failing = await story.order(good), await story.order(bad)
    await story.ends(done, "completed")
    completed = await story.status(await story.opened(done), "completed")
    assert completed["resolution"]["description"] == f"The work for the service order {done} is done."
    await story.ends(failing, "held")
    key = await story.opened(failing)
    assert board.requests[key]["status"] == "approved"
    [held] = await story.call("GET", f"/som/v1/fallout?order={failing}")
    await story.call("POST", f"/som/v1/fallout/{held['id']}/intervention", {"do": "fail", "why": "Never mind."})
    await story.ends(failing, "failed")
    failed = await story.status(key, "failed")
    assert [one["author"] for one in failed["note"]] == ["som"]
    [task] = [one for one in (await story.call("GET", f"/som/v1/plan/{failing}"))["task"] if one["kind"] == "change"]

    async def closing() -> Any:
        return (await story.call("GET", f"/som/v1/task/{task['id']}"))["closing"]

    told = await story.until(closing, lambda found: found["closedDate"])
    assert (told["changeRequest"], told["status"], told["nextAttemptDate"]) == (key, "failed", None)
