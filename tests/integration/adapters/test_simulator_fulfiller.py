"""The kind `simulator` keeps to the port, and to its settings."""

from typing import Any, ClassVar

import pytest

from adapters.ports import Accepted, Done, Fulfiller, Refused, Unreachable
from adapters.simulator import SimulatorFulfiller
from models.domain.fulfiller import FulfillerDefinition
from tests.integration.fulfiller_suite import Behaviour, FulfillerSuite, a_call

FACTS = {
    "output": {"port": 7},
    "serviceCharacteristic": [{"name": "vlan", "value": "= service.characteristic.vlan"}],
}
SETTINGS: dict[Behaviour, dict[str, Any]] = {
    "done": FACTS,
    "accepting": {**FACTS, "accept": True, "latency": 0.5},
    "refusing": {"refuse": "The rack is full."},
    "absent": {"failureRate": 1},
    "slow": {"latency": 3600},
}


def simulator(**settings: Any) -> SimulatorFulfiller:
    return SimulatorFulfiller(FulfillerDefinition("s", "S", "simulator", settings=settings))


class TestSimulator(FulfillerSuite):
    counterpart = "nothing: it is the work's stand-in itself, inside the server"
    cannot: ClassVar = {
        "accepted and reported": "It runs inside the server and is asked; nobody is there to call back.",
        "throttled": "It has no limits of its own; the failureRate stands for every kind of trouble.",
        "garbage": "Its answers are made by the server itself and have no other shape.",
        "late": "It answers late to each repetition of a call alike, for its latency is a setting.",
    }

    async def fulfiller(self, behaviour: Behaviour) -> Fulfiller:
        return simulator(**SETTINGS[behaviour])

    async def standing(self) -> None:
        """Nothing is really done."""


async def test_as_many_calls_fail_as_the_rate_says_and_the_same_ones_every_time() -> None:
    def outcomes(seed: int) -> list[Any]:
        fulfiller = simulator(failureRate=0.3, seed=seed)
        return [fulfiller._chance(a_call(attempt=attempt), "failure") < 0.3 for attempt in range(1, 1001)]

    assert outcomes(1) == outcomes(1)
    assert outcomes(1) != outcomes(2)
    assert 230 < sum(outcomes(1)) < 370


async def test_a_failed_call_succeeds_on_a_later_attempt() -> None:
    fulfiller = simulator(failureRate=0.5)
    outcomes = [await fulfiller.engage(a_call(attempt=attempt)) for attempt in range(1, 30)]
    assert {type(outcome) for outcome in outcomes} == {Done, Unreachable}


async def test_an_output_that_cannot_be_made_for_a_task_is_a_refusal_that_says_why() -> None:
    outcome = await simulator(output={"sum": "= input.speed / 0"}).engage(a_call())
    assert isinstance(outcome, Refused)
    assert "settings cannot be applied" in outcome.reason


async def test_a_refusing_simulator_still_undoes() -> None:
    assert await simulator(refuse="no").engage(a_call("compensate")) == Done()


async def test_accepted_work_of_another_kind_is_done_when_polled() -> None:
    assert await simulator().poll(Accepted(), a_call()) == Done()


@pytest.mark.parametrize("latency", [0, [0, 0.01]])
async def test_latency_is_a_number_or_a_range(latency: Any) -> None:
    assert await simulator(latency=latency).engage(a_call()) == Done()
