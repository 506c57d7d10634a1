"""The kind `tmf655` keeps to the port, at a stand-in that is named as such."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, ClassVar

import aiohttp
import pytest

from adapters.credentials import Credentials
from adapters.http_session import Tools
from adapters.ports import Accepted, ClosesChanges, Done, Fulfiller, Refused, Unreachable
from adapters.tmforum.changes import Tmf655Fulfiller
from models.domain.change_reports import OVER
from models.domain.fulfiller import FulfillerDefinition
from tests.integration.fulfiller_suite import Behaviour, FulfillerSuite
from tests.integration.tmforum.change_stand_in import ChangeManagement
from tests.integration.tmforum.test_stand_ins import behave


class TestChangeRequests(FulfillerSuite):
    counterpart = "a stand-in for a change management system (tests/integration/tmforum/change_stand_in.py)"
    facts: ClassVar[dict[str, Any]] = {"status": "approved"}
    characteristics: ClassVar[dict[str, Any]] = {}

    @pytest.fixture(autouse=True)
    async def set_up(self, session: aiohttp.ClientSession) -> AsyncIterator[None]:
        self.session = session
        async with ChangeManagement() as self.stand_in:
            yield
        assert self.stand_in.broken == [], "what was sent breaks TM Forum's document"

    async def fulfiller(self, behaviour: Behaviour) -> Fulfiller:
        endpoint = behave(self.stand_in, behaviour)
        base = {"specification": {"id": "standard"}, "channel": "som"}
        settings = {"changeRequest": base, "hub": behaviour == "reporting"}
        definition = FulfillerDefinition("board", "Board", "tmf655", endpoint, settings=settings)
        assert Tmf655Fulfiller.check(definition) == []
        tools = Tools(lambda: self.session, self.notification_url, order_url=lambda order: f"http://us/{order}")
        return Tmf655Fulfiller.create(definition, Credentials(None), tools)

    async def standing(self) -> int:
        return sum(one["status"] not in OVER for one in self.stand_in.requests.values())

    async def test_the_input_says_what_is_asked_for_and_the_order_is_named(self) -> None:
        said = {"requestType": "emergency", "plannedEndTime": "2027-01-01T00:00:00Z"}
        call = self.call(input={"changeRequest": said, "speed": 200})
        await (await self._guarded("done")).engage(call)
        (request,) = self.stand_in.requests.values()
        assert (request["requestType"], request["plannedEndTime"], request["channel"]) == (*said.values(), "som")
        assert request["changeRequestCharacteristic"] == [{"name": "speed", "value": 200}]
        assert request["externalReference"][1]["href"] == "http://us/order-1"
        assert request["targetEntity"][0]["id"] == "service-1"

    @pytest.mark.parametrize("status", ["rejected", "cancelled"])
    async def test_one_that_is_not_approved_is_a_refusal_with_the_reason(self, status: str) -> None:
        fulfiller, call = await self._guarded("accepting"), self.call()
        self.stand_in.decides = None
        accepted = await fulfiller.engage(call)
        assert isinstance(accepted, Accepted)
        key = str(accepted.reference)
        self.stand_in.requests[key]["statusChangeReason"] = "Not before Christmas."
        await self.stand_in.decide(key, status)
        outcome = await fulfiller.poll(accepted, call)
        assert isinstance(outcome, Refused)
        assert "Not before Christmas." in outcome.reason

    async def test_a_later_task_closes_it_with_the_result(self) -> None:
        fulfiller, call = await self._guarded("done"), self.call()
        done = self._is_done(await fulfiller.engage(call))
        key = done.output["id"]
        closing = replace(self.call(input={"close": key}), idempotency_key=f"{self.key}:close")
        for repeated in (False, True):
            outcome = await fulfiller.engage(replace(closing, repeated=repeated))
            assert isinstance(outcome, Done), outcome
        closed = self.stand_in.requests[key]
        assert (closed["status"], closed["resolution"]["code"]) == ("completed", "completed")
        assert len(closed["note"]) == 1
        wrong = await fulfiller.engage(replace(closing, input={"close": {"id": key, "status": "approved"}}))
        assert isinstance(wrong, Refused)

    async def test_undoing_what_was_approved_closes_it_as_failed(self) -> None:
        fulfiller, call = await self._guarded("done"), self.call()
        done = self._is_done(await fulfiller.engage(call))
        undo = self.call("compensate", output=done.output, fulfil_key=call.idempotency_key)
        assert isinstance(await fulfiller.engage(undo), Done)
        assert self.stand_in.requests[done.output["id"]]["status"] == "failed"

    async def test_it_is_closed_when_all_is_over_unless_somebody_has_closed_it(self) -> None:
        fulfiller, call = await self._guarded("done"), self.call()
        key = self._is_done(await fulfiller.engage(call)).output["id"]
        assert isinstance(fulfiller, ClosesChanges)
        for status in ("completed", "failed", "completed"):
            assert await fulfiller.close_change(key, status, "It is over.", 5.0) == Done()
        closed = self.stand_in.requests[key]
        assert (closed["status"], len(closed["note"])) == ("completed", 1)
        assert await fulfiller.close_change("unknown", "completed", "It is over.", 5.0) == Done()
        self.stand_in.away = True
        assert isinstance(await fulfiller.close_change(key, "completed", "It is over.", 5.0), Unreachable)
