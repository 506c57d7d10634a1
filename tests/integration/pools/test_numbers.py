"""Pools of numbers and names."""

import asyncio

import pytest
from pymongo.errors import PyMongoError

from models.domain.caller import DEFAULT_TENANT
from models.domain.errors import AlreadyExists, Conflict, InvalidRequest
from models.domain.pools.demand import Demand, Exhausted, Holder, Invalid, Nearness, Reserved
from models.pools.sessions import PoolSessions
from tests.integration.pools.stage import PoolStage, numbers


async def test_numbers_are_given_from_the_lowest_and_a_key_always_has_the_same(stage: PoolStage) -> None:
    await stage.vlans()
    assert await stage.get("a", pool="vlans") == ["100"]
    assert await stage.get("b", pool="vlans", count=2) == ["101", "102"]
    assert await stage.get("a", pool="vlans") == ["100"]
    assert await stage.counts() == {"members": {"total": 100, "reserved": 3, "used": 0, "quarantined": 0}}
    assert await stage.ask("a", pool="vlans", count=2) == Invalid(
        "Something else was demanded under this key.", "keyReused"
    )


async def test_every_member_is_a_resource_that_owes_its_event(stage: PoolStage) -> None:
    await stage.vlans(resourceSpecification={"id": "rs-1", "name": "vlan"})
    answer = await stage.ask("a", specification="vlan", service="s-7")
    assert isinstance(answer, Reserved)
    [stored] = await stage.members()
    assert stored["_id"] == answer.members[0].id
    assert (stored["holder"], stored["claim"], stored["status"]) == ({"service": "s-7"}, "a", "reserved")
    assert stored["body"]["resourceSpecification"]["name"] == "vlan"
    assert [owed["type"] for owed in stored["outbox"]] == ["ResourceCreateEvent"]


async def test_what_is_committed_is_in_use_and_what_is_released_rests_before_it_is_free(stage: PoolStage) -> None:
    await stage.vlans(100, 100, quarantine=60)
    await stage.get("a", pool="vlans")
    [member] = await stage.pools.commit("a")
    assert member.value == "100"
    assert (await stage.counts())["members"]["used"] == 1
    assert await stage.pools.release(Holder(service="s-1"), "cancelled") == 1
    assert await stage.pools.release(Holder(service="s-1"), "cancelled") == 0
    [stored] = await stage.members()
    assert (stored["status"], stored.get("holder"), stored.get("claim")) == ("suspended", None, None)
    await stage.waits("b", pool="vlans")
    assert await stage.later(59) == 0
    assert await stage.later(2) == 1
    assert isinstance(await stage.pools.look("b"), Reserved)
    assert await stage.counts() == {"members": {"total": 1, "reserved": 1, "used": 0, "quarantined": 0}}
    gone = await stage.store.collection("resource").find_one({"tenant": f"~{DEFAULT_TENANT}"})
    assert gone is not None
    assert [owed["type"] for owed in gone["outbox"]][-1] == "ResourceDeleteEvent"


async def test_a_released_key_gets_nothing_any_more_even_if_its_call_comes_late(stage: PoolStage) -> None:
    await stage.vlans()
    await stage.get("a", pool="vlans")
    assert await stage.pools.release("a", "cancelled") == 1
    assert await stage.pools.release("never", "cancelled") == 0
    for key in ("a", "never"):
        answer = await stage.ask(key, pool="vlans")
        assert isinstance(answer, Invalid)
        assert (answer.code, "cancelled" in answer.reason) == ("released", True)


async def test_a_reservation_expires_unless_it_is_committed(stage: PoolStage) -> None:
    await stage.vlans(reservation=30)
    await stage.get("a", pool="vlans")
    await stage.get("b", pool="vlans")
    await stage.get("c", pool="vlans", seconds=100)
    await stage.pools.commit("b")
    assert await stage.later(31) == 1
    assert await stage.pools.look("a") is None
    assert await stage.pools.commit("a") == ()
    assert (await stage.counts())["members"] == {"total": 100, "reserved": 1, "used": 1, "quarantined": 0}


async def test_those_who_wait_are_served_by_priority_and_age_and_exactly_they_are_told(stage: PoolStage) -> None:
    await stage.vlans(100, 101)
    await stage.get("first", pool="vlans", count=2)
    assert [(await stage.waits(key, pool="vlans")).ahead for key in ("old", "older")] == [0, 1]
    assert (await stage.waits("urgent", pool="vlans", priority=0)).ahead == 0
    assert await stage.pools.served() == ()
    await stage.administration.push(DEFAULT_TENANT, "vlans", [numbers(300, 301)], "anna")
    assert [one.key for one in await stage.pools.served()] == ["urgent", "old"]
    assert await stage.get("old", pool="vlans") == ["301"]
    await stage.pools.told(["urgent"])
    assert await stage.pools.served() == ()
    assert (await stage.waits("older", pool="vlans")).ahead == 0


async def test_a_newcomer_does_not_overtake_even_when_room_and_newcomer_come_together(stage: PoolStage) -> None:
    await stage.vlans(100, 100)
    await stage.get("first", pool="vlans")
    await stage.waits("old", pool="vlans")
    released, newcomer = await asyncio.gather(stage.pools.release("first"), stage.ask("new", pool="vlans"))
    assert released == 1
    assert isinstance(newcomer, Exhausted)
    assert isinstance(await stage.pools.look("old"), Reserved)


async def test_who_leaves_the_line_is_not_served(stage: PoolStage) -> None:
    await stage.vlans(100, 100)
    await stage.get("first", pool="vlans")
    await stage.waits("old", pool="vlans")
    await stage.waits("older", pool="vlans", service="s-2")
    await stage.pools.release("old")
    await stage.pools.release(Holder(service="s-1"))
    assert [one.key for one in await stage.pools.served()] == ["older"]


async def test_what_comes_back_is_joined_again(stage: PoolStage) -> None:
    await stage.vlans(100, 115)
    keys = [f"k{number}" for number in range(16)]
    for key in keys:
        await stage.get(key, pool="vlans")
    assert await stage.pieces() == []
    for key in keys[::2]:
        await stage.pools.release(key)
    assert len(await stage.pieces()) == 8
    await asyncio.gather(*(stage.pools.release(key) for key in keys[1::2]))
    assert await stage.pieces() == [(f"{100:x}", 16)]


async def test_adjacent_numbers_lie_side_by_side_in_the_smallest_gap_that_is_large_enough(stage: PoolStage) -> None:
    await stage.vlans(100, 130)
    for key in ("a", "b", "c", "d", "e", "f", "g"):
        await stage.get(key, pool="vlans")
    for key in ("a", "c", "d", "f"):
        await stage.pools.release(key)
    assert await stage.get(pool="vlans", count=2, adjacent=True) == ["102", "103"]
    assert await stage.get(pool="vlans", count=2) == ["100", "105"]
    assert await stage.get(pool="vlans", value="120") == ["120"]
    assert await stage.get(pool="vlans", count=3, adjacent=True) == ["121", "122", "123"]
    await stage.waits("taken", pool="vlans", value="120")


async def test_all_or_nothing(stage: PoolStage) -> None:
    await stage.vlans(100, 104)
    await stage.waits("many", pool="vlans", count=6)
    assert (await stage.counts())["members"]["reserved"] == 0
    assert await stage.get(pool="vlans", count=5) == ["100", "101", "102", "103", "104"]


async def test_names_are_given_found_and_taken_out(stage: PoolStage) -> None:
    await stage.make("keys", "discrete", {"id": "batch", "value": ["LIC-3", "LIC-1", "LIC-2"]})
    assert await stage.get("a", pool="keys") == ["LIC-1"]
    assert await stage.get("b", pool="keys", value="LIC-3") == ["LIC-3"]
    more = {"id": "batch", "value": ["LIC-4", "LIC-3", "LIC-2"]}
    await stage.administration.push(DEFAULT_TENANT, "keys", [more], "anna")
    assert (await stage.counts("keys"))["members"]["total"] == 4
    out = {"id": "batch", "value": ["LIC-2"]}
    await stage.administration.extract(DEFAULT_TENANT, "keys", [out], "anna")
    with pytest.raises(Conflict, match="LIC-3"):
        await stage.administration.extract(DEFAULT_TENANT, "keys", [{**out, "value": ["LIC-3"]}], "anna")
    await stage.pools.release("a")
    assert await stage.get(pool="keys", count=2) == ["LIC-1", "LIC-4"]
    assert (await stage.counts("keys"))["members"]["total"] == 3


async def test_numbers_in_names_keep_their_zeros(stage: PoolStage) -> None:
    await stage.make("phones", "discrete", numbers("+49300099", "+49300102"), numbers("ge-0/0/1", "ge-0/0/2"))
    assert await stage.get(pool="phones", value="ge-0/0/2") == ["ge-0/0/2"]
    got = await stage.get(pool="phones", count=5)
    assert got == ["+49300099", "+49300100", "+49300101", "+49300102", "ge-0/0/1"]


async def test_conditions_choose_the_part(stage: PoolStage) -> None:
    berlin = numbers(100, 109, "b", place={"id": "berlin"}, characteristic=[{"name": "tier", "value": "gold"}])
    munich = numbers(200, 209, "m", place={"id": "munich"}, characteristic=[{"name": "tier", "value": 2}])
    await stage.make("vlans", "discrete", berlin, munich)
    assert await stage.get(pool="vlans", where={"place": ("munich",)}) == ["200"]
    assert await stage.get(pool="vlans", where={"tier": ("2", "3")}) == ["201"]
    assert await stage.get(pool="vlans", service="s-2", where={"tier": ("gold",), "place": ("berlin",)}) == ["100"]
    assert await stage.get(pool="vlans", near=(Nearness("place", ("s-2",)),)) == ["202"]
    assert await stage.get(pool="vlans", near=(Nearness("place", ("s-2",), apart=False),)) == ["101"]
    await stage.waits("w", pool="vlans", where={"place": ("hamburg",)})
    assert await stage.get(pool="vlans", where={"place": ("berlin",)}) == ["102"], "who can be served is not held up"


async def test_several_pools_of_a_specification_are_one_for_who_asks(stage: PoolStage) -> None:
    specification = {"id": "rs", "name": "vlan"}
    await stage.make("east", "discrete", numbers(100, 100), resourceSpecification=specification)
    await stage.make("west", "discrete", numbers(200, 200), resourceSpecification=specification)
    assert await stage.get("a", specification="vlan") == ["100"]
    assert await stage.get("b", specification="vlan") == ["200"]
    await stage.waits("c", specification="rs")
    await stage.waits("d", specification="vlan")
    await stage.pools.release("b")
    assert [one.key for one in await stage.pools.served()] == ["c"]
    await stage.make("north", "discrete", numbers(300, 300), resourceSpecification=specification)
    assert [one.key for one in await stage.pools.served()] == ["c", "d"]


async def test_a_pool_that_is_not_there_is_a_reason_for_a_person(stage: PoolStage) -> None:
    answers = [await stage.ask(pool="vlans"), await stage.ask(specification="vlan"), await stage.ask()]
    assert [isinstance(answer, Invalid) and answer.code for answer in answers] == ["unknownPool"] * 3
    await stage.vlans()
    wrong = await stage.ask(pool="vlans", prefix_length=24)
    assert isinstance(wrong, Invalid)
    assert wrong.code == "invalidDemand"


async def test_a_pool_is_changed_only_where_nothing_is_taken(stage: PoolStage) -> None:
    await stage.vlans(100, 109)
    await stage.get("a", pool="vlans", value="105")
    with pytest.raises(Conflict, match="105"):
        await stage.administration.change(
            DEFAULT_TENANT, "vlans", lambda body, _: (body, [numbers(100, 104, "100")]), "anna"
        )
    await stage.administration.change(
        DEFAULT_TENANT, "vlans", lambda body, _: (body, [numbers(103, 120, "100", withheld=["110"])]), "anna"
    )
    assert (await stage.counts())["members"] == {"total": 17, "reserved": 1, "used": 0, "quarantined": 0}
    assert await stage.pieces() == [(f"{103:x}", 2), (f"{106:x}", 4), (f"{111:x}", 10)]
    with pytest.raises(Conflict):
        await stage.administration.remove(DEFAULT_TENANT, "vlans", "anna")
    await stage.pools.release("a")
    await stage.administration.remove(DEFAULT_TENANT, "vlans", "anna")
    assert await stage.pieces() == []
    await stage.make("another", "discrete", name="vlans")


async def test_two_pools_have_two_names_and_parts_do_not_overlap(stage: PoolStage) -> None:
    await stage.vlans()
    with pytest.raises(AlreadyExists):
        await stage.vlans()
    with pytest.raises(InvalidRequest, match="share"):
        await stage.make("other", "discrete", numbers(1, 9, "a"), numbers(9, 12, "b"))


async def test_thresholds_are_told_once_when_reached_and_once_when_left(stage: PoolStage) -> None:
    await stage.vlans(1, 10, threshold=[{"name": "high", "level": 0.5}])
    for key in "abcdef":
        await stage.get(key, pool="vlans")
    for key in "ab":
        await stage.pools.release(key)
    stored = await stage.administration.stored(DEFAULT_TENANT, "vlans")
    told = [owed["after"] for owed in stored["outbox"] if owed["type"] == "ResourcePoolThresholdCrossedEvent"]
    assert [(one["threshold"], one["reached"], one["utilisation"]) for one in told] == [
        ("high", True, 0.5),
        ("high", False, 0.4),
    ]


async def test_of_several_processes_none_gives_what_another_gave(stage: PoolStage) -> None:
    await stage.vlans(1, 120)
    processes = [stage.another() for _ in range(3)]
    answers = await asyncio.gather(
        *(
            processes[number % 3].reserve(f"key-{number}", Holder(service=f"s-{number}"), Demand(pool="vlans"))
            for number in range(150)
        )
    )
    given = [one.members[0].value for one in answers if isinstance(one, Reserved)]
    assert len(given) == len(set(given)) == 120
    assert (await stage.counts())["members"] == {"total": 120, "reserved": 120, "used": 0, "quarantined": 0}
    await asyncio.gather(*(processes[number % 3].release(f"key-{number}") for number in range(150)))
    left = await stage.counts()
    assert left["members"]["reserved"] == len(await stage.members())


async def test_what_a_process_that_died_within_its_turn_holds_locked_is_let_go(stage: PoolStage) -> None:
    await stage.vlans()
    dead = PoolSessions(stage.store, stage.clock)
    session = await dead.of("vlans")
    await session.start_transaction()
    change = {"$inc": {"turn": 1}}
    await stage.store.collection("resourcePool").update_one({"_id": "vlans"}, change, session=session)
    assert await stage.get(pool="vlans") == ["100"]
    with pytest.raises(PyMongoError):
        await session.commit_transaction()
    dead.drop("vlans")
    assert await stage.get(pool="vlans") == ["101"]


async def test_a_turn_whose_session_others_end_at_any_moment_is_done_once(stage: PoolStage) -> None:
    await stage.vlans(1, 60)
    others, ended = PoolSessions(stage.store, stage.clock), 0
    for number in range(40):
        asked = asyncio.create_task(stage.get(f"key-{number}", pool="vlans"))
        await asyncio.sleep(number / 4_000)  # from before the turn begins until its commit
        ended += await others.end_others("vlans")
        assert await asked == [str(number + 1)]
    assert ended > 0
    assert (await stage.counts())["members"] == {"total": 60, "reserved": 40, "used": 0, "quarantined": 0}
