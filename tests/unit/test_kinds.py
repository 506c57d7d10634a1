"""Kinds of fulfillers: those built in, those of plug-ins, and the guard around each."""

import asyncio
import threading
import time
from dataclasses import replace
from importlib.metadata import metadata
from typing import Any, Never

import pytest

from adapters.allowances import Allowances
from adapters.credentials import Credentials
from adapters.http_session import Tools
from adapters.kinds import Kinds
from adapters.optional_kinds import OPTIONAL, OptionalKind
from models.domain.errors import InvalidRequest
from models.domain.fulfiller import FulfillerDefinition
from som.sdk import (
    Accepted,
    BaseFulfiller,
    BlockingFulfiller,
    Done,
    FulfillerCall,
    InformationRequired,
    Outcome,
    Progress,
    Refused,
    Unreachable,
)


def no_session() -> Never:
    raise AssertionError("no session is needed here")


class Raising(BaseFulfiller):
    kind = "raising"

    async def engage(self, call: FulfillerCall) -> Outcome:
        raise RuntimeError("a secret of the inside")


class Sleeping(BaseFulfiller):
    kind = "sleeping"

    async def engage(self, call: FulfillerCall) -> Outcome:
        await asyncio.sleep(60)
        return Done()


class Confused(BaseFulfiller):
    kind = "confused"

    async def engage(self, call: FulfillerCall) -> Any:
        return call.input

    async def aclose(self) -> None:
        raise RuntimeError("cannot close")


class Blocking(BlockingFulfiller):
    kind = "blocking"

    def engage_blocking(self, call: FulfillerCall) -> Outcome:
        time.sleep(0.05)
        return Done({"thread": threading.current_thread().name})


PLUG_INS: dict[str, Any] = {kind.kind: kind for kind in (Raising, Sleeping, Confused, Blocking)}
CALL = FulfillerCall("plan:key", "add", {"id": "s"}, "idem", timeout=0.2)


def kinds() -> Kinds:
    return Kinds(Tools(no_session), PLUG_INS)


def fulfiller(kind: str, **attributes: Any) -> Any:
    return kinds().make(FulfillerDefinition("f", "F", kind, **attributes))


async def test_an_exception_inside_a_kind_becomes_an_outcome_that_keeps_the_inside_to_itself() -> None:
    outcome = await fulfiller("raising").engage(CALL)
    assert isinstance(outcome, Unreachable)
    assert outcome.maybe_done
    assert "RuntimeError" in outcome.reason
    assert "secret" not in outcome.reason


async def test_a_kind_that_hangs_is_given_up_in_time() -> None:
    began = time.monotonic()
    outcome = await fulfiller("sleeping").engage(CALL)
    assert isinstance(outcome, Unreachable)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    "nonsense", [None, {"status": "done"}, Done({"$set": 1}), Done(service_characteristic=({"value": 2**70},))]
)
async def test_what_is_no_outcome_or_cannot_be_stored_is_a_refusal(nonsense: Any) -> None:
    call = FulfillerCall("plan:key", "add", {}, "idem", input=nonsense)
    assert isinstance(await fulfiller("confused").engage(call), Refused)


async def test_a_question_to_the_customer_is_an_outcome_of_every_kind() -> None:
    asks = InformationRequired("Which floor?", ({"characteristic": "floor"},))
    assert await fulfiller("confused").engage(replace(CALL, input=asks)) == asks


async def test_a_kind_that_fails_to_close_does_not_disturb_the_others() -> None:
    await fulfiller("confused").aclose()


async def test_a_blocking_kind_runs_beside_the_event_loop_and_as_often_at_once_as_its_limit() -> None:
    blocking = fulfiller("blocking", max_concurrent=2)
    began = time.monotonic()
    calls = [FulfillerCall(f"p:{number}", "add", {}, "i", timeout=5) for number in range(4)]
    outcomes = await asyncio.gather(*(blocking.engage(call) for call in calls))
    assert time.monotonic() - began >= 0.1
    assert {outcome.output["thread"] for outcome in outcomes} == {"fulfiller-f_0", "fulfiller-f_1"}
    assert await blocking.poll(Accepted(), CALL) == Progress()
    await blocking.aclose()


async def test_an_unknown_kind_refuses_and_says_which_is_missing() -> None:
    missing = fulfiller("netbox")
    outcome = await missing.engage(CALL)
    assert isinstance(outcome, Refused)
    assert "netbox" in outcome.reason
    assert isinstance(await missing.poll(Accepted(), CALL), Refused)


def test_an_unknown_kind_cannot_be_registered_and_the_known_ones_are_named() -> None:
    (violation,) = kinds().violations({"name": "F", "kind": "netbox"}, None)
    assert violation.pointer == "/kind"
    assert "rest, simulator" in violation.message.replace("raising, ", "")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"kind": "rest"}, "/endpoint"),
        ({"kind": "rest", "endpoint": "http://f/", "settings": {"headers": {"Host": "x"}}}, "/settings/headers/Host"),
        ({"kind": "rest", "endpoint": "http://f/", "settings": {"headers": {"X-A": "a\nb"}}}, "/settings/headers/X-A"),
        ({"kind": "rest", "endpoint": "http://f/", "settings": {"headers": {"X-A": 1}}}, "/settings/headers"),
        ({"kind": "rest", "endpoint": "http://f/", "settings": {"allowPollHosts": "x"}}, "/settings/allowPollHosts"),
        ({"kind": "simulator", "settings": {"latency": -1}}, "/settings/latency"),
        ({"kind": "simulator", "settings": {"latency": [2, 1]}}, "/settings/latency"),
        ({"kind": "simulator", "settings": {"failureRate": 2}}, "/settings/failureRate"),
        ({"kind": "simulator", "settings": {"refuse": ""}}, "/settings/refuse"),
        ({"kind": "simulator", "settings": {"accept": "yes"}}, "/settings/accept"),
        ({"kind": "simulator", "settings": {"output": {"a": ["= 1 +"]}}}, "/settings/output/a/0"),
        ({"kind": "simulator", "settings": {"speed": 1}}, "/settings/speed"),
        ({"kind": "tmf641"}, "/endpoint"),
        ({"kind": "tmf641", "endpoint": "http://p/v4?x=1"}, "/endpoint"),
        ({"kind": "tmf641", "endpoint": "http://p/v4", "settings": {"hub": "no"}}, "/settings/hub"),
        ({"kind": "tmf641", "endpoint": "http://p/v4", "settings": {"inventory": "p"}}, "/settings/inventory"),
        (
            {"kind": "tmf652", "endpoint": "http://p/v4", "settings": {"catchUpInterval": 0}},
            "/settings/catchUpInterval",
        ),
        ({"kind": "tmf652", "endpoint": "http://p/v4", "settings": {"send": {"a": "= ("}}}, "/settings/send/a"),
        ({"kind": "tmf640", "endpoint": "http://p/v4", "settings": {"hub": True}}, "/settings/hub"),
        ({"kind": "tmf640", "endpoint": "http://p/v4", "settings": {"order": {}}}, "/settings/order"),
        ({"kind": "command"}, "/settings/command"),
        ({"kind": "command", "settings": {"command": "provision"}}, "/settings/command"),
    ],
)
def test_a_kind_names_what_is_wrong_with_its_settings(body: dict[str, Any], pointer: str) -> None:
    assert [violation.pointer for violation in kinds().violations({"name": "F", **body}, None)] == [pointer]
    with pytest.raises(InvalidRequest):
        kinds().check({"name": "F", **body}, None)


def test_a_good_registration_passes() -> None:
    kinds().check({"name": "F", "kind": "rest", "endpoint": "http://f/"}, {"type": "bearer", "token": "t"})
    kinds().check(
        {"name": "F", "kind": "simulator", "settings": {"latency": [0, 1], "output": {"a": "= service.id"}}}, None
    )


def test_credentials_become_headers_and_never_show() -> None:
    assert Credentials({"type": "bearer", "token": "hunter2"}).headers() == {"Authorization": "Bearer hunter2"}
    assert Credentials({"type": "basic", "username": "u", "password": "p"}).headers() == {"Authorization": "Basic dTpw"}
    assert Credentials({"type": "header", "name": "X-Key", "value": "v"}).headers() == {"X-Key": "v"}
    assert Credentials(None).headers() == {}
    assert "hunter2" not in repr(Credentials({"type": "bearer", "token": "hunter2"}))


def test_credentials_become_variables_of_a_program() -> None:
    secret = {"type": "privateKey", "username": "u", "privateKey": "k"}
    assert Credentials(secret).environment() == {
        "SOM_CREDENTIAL_TYPE": "privateKey",
        "SOM_CREDENTIAL_USERNAME": "u",
        "SOM_CREDENTIAL_PRIVATE_KEY": "k",
    }


def test_a_command_that_the_operator_did_not_allow_cannot_be_registered(tmp_path: Any) -> None:
    (tmp_path / "provision").write_text("#!/bin/sh")
    body = {"name": "F", "kind": "command", "settings": {"command": "provision"}}
    allowing = Kinds(Tools(no_session, allowed=Allowances(tmp_path)))
    assert [violation.code for violation in allowing.violations(body, None)] == ["notAllowed"]
    (tmp_path / "provision").chmod(0o755)
    assert allowing.violations(body, None) == []


async def test_a_kind_whose_library_is_not_there_names_the_extra_that_brings_it() -> None:
    absent = {"ansible": OptionalKind("adapters.ansible:AnsibleFulfiller", "no_such_library", "ansible")}
    without = Kinds(Tools(no_session), optional=absent)
    (violation,) = without.violations({"name": "F", "kind": "ansible"}, None)
    assert (violation.pointer, violation.code) == ("/kind", "kindNotInstalled")
    assert "som-order-manager[ansible]" in violation.message
    outcome = await without.make(FulfillerDefinition("f", "F", "ansible")).engage(CALL)
    assert isinstance(outcome, Refused)
    assert "som-order-manager[ansible]" in outcome.reason


@pytest.mark.parametrize("kind", sorted(OPTIONAL))
def test_an_optional_kind_is_an_extra_of_ours_and_there_in_tests(kind: str) -> None:
    extras = metadata("som-order-manager").get_all("Provides-Extra") or []
    assert OPTIONAL[kind].extra in extras
    assert OPTIONAL[kind].load().kind == kind


def test_a_plug_in_is_found_through_its_entry_point(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "plugged_kind.py").write_text(
        "from som.sdk import BaseFulfiller, Done\n"
        "class Plugged(BaseFulfiller):\n"
        "    kind = 'plugged'\n"
        "    async def engage(self, call):\n        return Done()\n"
    )
    info = tmp_path / "plugged-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[som.fulfillers]\nplugged = plugged_kind:Plugged\nbroken = plugged_kind:Absent\nrest = plugged_kind:Plugged\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    found = Kinds(Tools(no_session))
    assert "plugged" in found.names
    assert "broken" not in found.names
    assert found.violations({"name": "F", "kind": "rest"}, None), "a plug-in must not replace a built-in kind"


@pytest.mark.parametrize("order", [{}, {"href": "http://x/1"}, {"id": 7}, {"id": "7", "more": 1}, "7"])
async def test_a_reference_to_an_order_that_is_none_is_a_refusal(order: Any) -> None:
    outcome = await fulfiller("confused").engage(replace(CALL, input=Accepted("7", order=order)))
    assert isinstance(outcome, Refused), outcome
    assert outcome.maybe_done


async def test_a_reference_to_an_order_goes_through() -> None:
    accepted = Accepted("7", order={"id": "7", "@referredType": "ProductOrder"})
    assert await fulfiller("confused").engage(replace(CALL, input=accepted)) == accepted
