"""Releases over HTTP: examined as a whole, installed and taken back as one, compared."""

from collections.abc import Mapping
from typing import Any

import pytest

from handlers.dependencies import Dependencies
from models.domain.caller import ANONYMOUS
from models.domain.errors import AlreadyExists
from models.release_examination import Examiner, Schemas
from models.releases import Releases
from som.cli import packages
from tests.contract.client import ContractClient
from tests.contract.samples import (
    FULFILLERS,
    ORDERS,
    RECIPES,
    RELEASES,
    SOM,
    SPECIFICATIONS,
    bpmn,
    fulfiller,
    item,
    order,
    publish,
    recipe,
    release,
)
from tests.contract.test_examples import ROOT

Body = dict[str, Any]

PREVIEW = f"{SOM}/releasePreview"
ONE = packages.read(ROOT / "examples" / "releases" / "office-wifi-1.0.0").body
RECIPE_ONE, RECIPE_TWO = "office-wifi-hand-over:1.0.0", "office-wifi-hand-over:2.0.0"
TWO = packages.read(ROOT / "examples" / "releases" / "office-wifi-2.0.0").body


@pytest.fixture(autouse=True)
async def installers(client: ContractClient) -> None:
    able = [{"specification": name, "action": "add"} for name in ("access-point", "office-wifi", "wifi-report")]
    answer = await client.post(FULFILLERS, json=fulfiller("installers", capability=able))
    assert answer.status_code == 201, answer.text


async def install(client: ContractClient, body: Mapping[str, Any]) -> Body:
    answer = await client.post(RELEASES, json=dict(body))
    assert answer.status_code == 201, answer.text
    installed: Body = answer.json()
    return installed


async def statuses(client: ContractClient) -> dict[str, str]:
    found = (await client.get(SPECIFICATIONS)).json()
    return {one["id"]: one["lifecycleStatus"] for one in found}


async def tasks(client: ContractClient, specification: Body) -> list[str]:
    """Names of the tasks that an order of this specification would get now."""
    service = {"serviceSpecification": specification, "serviceCharacteristic": [{"name": "room", "value": "1"}]}
    answer = await client.post(f"{SOM}/planPreview", json=order(item(service=service)))
    assert answer.status_code == 200, answer.text
    return [one["name"] for one in answer.json()["task"]]


async def refusal(client: ContractClient, specification: str) -> str:
    """The code with which an order is refused."""
    answer = await client.post(ORDERS, json=order(item(specification=specification)))
    assert answer.status_code == 400, answer.text
    return str(answer.json()["code"])


def specification(name: str, version: str = "1", **more: Any) -> Body:
    return {"name": name, "version": version, **more}


async def test_a_release_is_installed_replaced_and_taken_back_as_one(client: ContractClient) -> None:
    first = await install(client, ONE)
    assert first["state"] == "installed"
    assert await tasks(client, {"id": "office-wifi-1.0"}) == ["mount", "configure", "office-wifi-hand-over"]

    second = await install(client, TWO)
    assert second["supersedes"]["id"] == first["id"]
    assert await statuses(client) == {
        "access-point-1.0": "Retired", "office-wifi-1.0": "Retired",
        "access-point-2.0": "Active", "office-wifi-2.0": "Active",
    }  # fmt: skip
    assert (await client.get(first["href"])).json()["state"] == "superseded"
    assert await tasks(client, {"id": "office-wifi-2.0"}) == ["mount", "configure", "measure", "office-wifi-hand-over"]
    assert await refusal(client, "office-wifi-1.0") == "notOrderable"

    answer = await client.post(f"{second['href']}/rollback")
    assert (answer.status_code, answer.json()["state"]) == (200, "rolledBack")
    assert (await client.get(first["href"])).json()["state"] == "installed"
    assert set((await statuses(client)).items()) >= {("office-wifi-1.0", "Active"), ("office-wifi-2.0", "Retired")}
    assert await tasks(client, {"id": "office-wifi-1.0"}) == ["mount", "configure", "office-wifi-hand-over"]

    again = await install(client, TWO)
    assert (again["id"], again["state"]) == (second["id"], "installed")
    assert await tasks(client, {"id": "office-wifi-2.0"}) == ["mount", "configure", "measure", "office-wifi-hand-over"]


async def test_the_first_version_leaves_nothing_orderable_when_it_is_taken_back(client: ContractClient) -> None:
    first = await install(client, ONE)
    assert (await client.post(f"{first['href']}/rollback")).status_code == 200
    assert set((await statuses(client)).values()) == {"Retired"}


async def test_installing_the_same_again_changes_nothing(client: ContractClient, dependencies: Dependencies) -> None:
    first = await install(client, ONE)
    events = dependencies.store.collection("serviceSpecification")
    before = await events.find().to_list()
    assert await install(client, ONE) == first
    assert await events.find().to_list() == before


async def test_every_violation_is_told_with_its_place_and_nothing_is_installed(client: ContractClient) -> None:
    await publish(client, "taken", description="another content")
    body = release(
        "bad", "1.0.0",
        {"id": "taken", **specification("taken")},
        specification("bundle", serviceSpecRelationship=[{"relationshipType": "bundles", "id": "nowhere"}]),
        specification("line", fulfilment={"add": {"tasks": {"a": {"needs": ["b"]}, "c": {"input": {"x": "=("}}}}}),
        requires=[{"name": "base", "version": "^1.0.0"}],
    )  # fmt: skip
    preview = (await client.post(PREVIEW, json=body)).json()
    assert not preview["valid"]
    assert {(one["pointer"], one["code"]) for one in preview["violation"]} == {
        ("/serviceSpecification/0/id", "versionTaken"),
        ("/serviceSpecification/1/serviceSpecRelationship/0", "unknownSpecification"),
        ("/serviceSpecification/2/fulfilment/add/tasks/a/needs/0", "unknownNeed"),
        ("/serviceSpecification/2/fulfilment/add/tasks/c/input/x", "expressionSyntax"),
        ("/requires/0", "missingRelease"),
    }
    answer = await client.post(RELEASES, json=body)
    assert answer.status_code == 400
    assert all(one["pointer"] in answer.json()["message"] for one in preview["violation"])
    assert (await client.get(RELEASES)).json() == []
    assert set(await statuses(client)) == {"taken"}


async def test_a_specification_that_does_not_follow_its_schema_is_named(client: ContractClient) -> None:
    body = release("bad", "1.0.0", specification("a"), specification("b", isBundle="yes"),
                   check=[{"name": "x", "order": {"serviceOrderItem": []}}])  # fmt: skip
    preview = (await client.post(PREVIEW, json=body)).json()
    found = [one["pointer"] for one in preview["violation"]]
    assert found == ["/serviceSpecification/1/isBundle", "/check/0/order/serviceOrderItem"]


async def test_checks_say_where_the_plan_is_not_the_expected_one(client: ContractClient) -> None:
    expected = {"task": {"1:office-wifi/point.mount": ["1:office-wifi.handOver"], "1:office-wifi.celebrate": []},
                "service": {"1:office-wifi": "add → inactive", "1:office-wifi/point": "add → active"}}  # fmt: skip
    [check] = ONE["check"]
    wrong_order = {"name": "nothing", "order": order(item(specification="nothing"))}
    body = {**ONE, "check": [{**check, "expect": expected}, wrong_order], "needs": [{"specification": "moon"}]}
    preview = (await client.post(PREVIEW, json=body)).json()
    assert {(one["pointer"], one["code"]) for one in preview["violation"]} == {
        ("/needs/0", "missingCapability"),
        ("/check/0/expect/task/1:office-wifi~1point.mount", "unexpectedTask"),
        ("/check/0/expect/task/1:office-wifi.celebrate", "missingTask"),
        ("/check/0/expect/task", "unexpectedTask"),
        ("/check/0/expect/service/1:office-wifi", "unexpectedService"),
        ("/check/1/order/serviceOrderItem/0/service/serviceSpecification", "unknownSpecification"),
    }
    assert preview["check"][0]["task"]["1:office-wifi/point.configure"] == ["1:office-wifi/point.mount"]


async def test_a_check_may_bring_services_that_are_changed(client: ContractClient) -> None:
    rules: Body = {"modify": {"tasks": {"resize": {}}}}
    there = {"id": "s-1", "state": "active", "serviceSpecification": {"id": "vm-1"}}
    change = order({"id": "1", "action": "modify", "service": {"id": "s-1"}})
    expected = {"task": {"1:vm.resize": []}, "service": {"1:vm": "modify → active"}}
    check = {"name": "resized", "order": change, "service": [there], "expect": expected}
    preview = await client.post(
        PREVIEW, json=release("vm", "1.0.0", specification("vm", fulfilment=rules), check=[check])
    )
    assert preview.json()["violation"] == []


async def test_a_check_may_bring_services_that_are_re_used(client: ContractClient) -> None:
    relation = {"relationshipType": "dependency", "id": "platform-1", "name": "platform", "role": "on"}
    zone = {"name": "zone", "valueType": "string"}
    vm = specification("vm", serviceSpecRelationship=[relation], specCharacteristic=[zone],
                       fulfilment={"reliesOn": {"on": {"match": {"characteristic": {"zone": "north"}}}}})  # fmt: skip
    there = {"id": "p-1", "state": "active", "serviceSpecification": {"id": "platform-1"},
             "serviceCharacteristic": [{"name": "zone", "value": "north"}]}  # fmt: skip
    alone = {"name": "alone", "order": order(item(specification="vm-1"))}
    body = release("vm", "1.0.0", vm, specification("platform", specCharacteristic=[zone]),
                   check=[alone, {**alone, "name": "there", "service": [there]}])  # fmt: skip
    plans = {one["name"]: list(one["task"]) for one in (await client.post(PREVIEW, json=body)).json()["check"]}
    assert plans == {"alone": ['1:platform-1[zone="north"].add', "1:vm.add"], "there": ["1:vm.add"]}


async def test_a_pool_that_a_release_needs_has_to_be_there(client: ContractClient) -> None:
    body = release("lan", "1.0.0", needs=[{"pool": "vlans"}])
    refused = (await client.post(PREVIEW, json=body)).json()["violation"]
    assert [(one["pointer"], one["code"]) for one in refused] == [("/needs/0/pool", "missingPool")]
    span = {"capacityAmount": {"capacityAmountFrom": "1", "capacityAmountTo": "9"}}
    pool = {"id": "vlan-1", "name": "vlans", "kind": "discrete", "capacity": [span]}
    assert (await client.post(f"{SOM}/resourcePool", json=pool)).status_code == 201
    assert (await client.post(PREVIEW, json=body)).json()["valid"]


async def test_what_others_require_cannot_be_taken_back_or_replaced(client: ContractClient) -> None:
    base = await install(client, release("base", "1.2.0"))
    await install(client, release("top", "1.0.0", requires=[{"name": "base", "version": "^1.0.0"}]))
    answer = await client.post(f"{base['href']}/rollback")
    assert answer.status_code == 409
    assert "top:1.0.0 requires base ^1.0.0" in answer.json()["message"]
    refused = (await client.post(PREVIEW, json=release("base", "2.0.0"))).json()["violation"]
    assert [one["code"] for one in refused] == ["requiredOtherwise"]
    older = (await client.post(PREVIEW, json=release("base", "1.1.0"))).json()["violation"]
    assert [one["code"] for one in older] == ["notNewer"]


async def test_what_other_specifications_are_made_of_cannot_be_taken_back(client: ContractClient) -> None:
    first = await install(client, ONE)
    relation = {"relationshipType": "bundles", "id": "office-wifi-1.0", "name": "office-wifi", "role": "wifi"}
    rules: Body = {"children": {"wifi": {"characteristic": {"room": "1"}}}}
    await publish(client, "campus", serviceSpecRelationship=[relation], fulfilment=rules)
    answer = await client.post(f"{first['href']}/rollback")
    assert answer.status_code == 409
    assert "campus is made of, or relies on, office-wifi-1.0" in answer.json()["message"]


async def test_versions_are_compared_by_task_and_mapping(client: ContractClient) -> None:
    await install(client, ONE)
    second = await install(client, TWO)
    found = (await client.get(f"{second['href']}/difference")).json()
    assert (found["from"], found["to"]) == ("office-wifi:1.0.0", "office-wifi:2.0.0")
    point = next(one for one in found["specification"] if one["name"] == "access-point")
    assert {"kind": "added", "what": "task", "name": "add/measure"} in point["difference"]
    whole = (await client.get(f"{second['href']}/difference?from=office-wifi:2.0.0")).json()
    assert whole["specification"] == []
    assert (await client.get(f"{second['href']}/difference?from=no:1.0.0")).status_code == 404


async def states(client: ContractClient) -> dict[str, str]:
    return {one["id"]: one["state"] for one in (await client.get(RECIPES)).json()}


async def test_the_recipes_of_a_release_come_and_go_with_it(client: ContractClient) -> None:
    first = await install(client, ONE)
    second = await install(client, TWO)
    assert await states(client) == {RECIPE_ONE: "published", RECIPE_TWO: "published"}
    assert [one["id"] for one in second["recipeVersion"]] == [RECIPE_TWO]
    taken = (await client.get(f"{RECIPES}/{RECIPE_TWO}")).json()["step"]
    assert [(one["state"], one.get("why")) for one in taken] == [
        ("draft", None),
        ("inReview", "release office-wifi:2.0.0 installed"),
        ("published", "release office-wifi:2.0.0 installed"),
    ]
    [differs] = (await client.get(f"{second['href']}/difference")).json()["recipe"]
    assert (differs["kind"], differs["from"], differs["to"]) == ("changed", "1.0.0", "2.0.0")
    added = [one["name"] for one in differs["difference"] if (one["kind"], one["what"]) == ("added", "element")]
    assert {"Write the report", "Add an access point"} <= set(added)

    assert (await client.post(f"{second['href']}/rollback")).status_code == 200
    assert await states(client) == {RECIPE_ONE: "published", RECIPE_TWO: "retired"}
    preview = (await client.post(PREVIEW, json=TWO)).json()
    assert preview["movedRecipe"] == [{"id": RECIPE_TWO, "to": "published", "from": "retired"}]
    await install(client, TWO)
    assert (await states(client))[RECIPE_TWO] == "published"
    assert (await client.get(first["href"])).json()["state"] == "superseded"


async def test_what_is_wrong_with_a_recipe_is_told_with_its_place_and_nothing_is_installed(
    client: ContractClient,
) -> None:
    wrong = {"name": "never big", "input": {"size": 30}, "expect": {"avoids": ["Look at it"]}}
    drawn = bpmn(specification="access-point")
    broken = drawn.replace('<som:task specification="access-point" action="add"/>', "")
    made = await client.post(RECIPES, json=recipe("other", bpmn=drawn, binding=[{"specification": "lan"}]))
    for step in ("review", "publish"):
        assert (await client.post(f"{RECIPES}/{made.json()['id']}/{step}", json={})).status_code == 200
    body = release(
        "lan", "1.0.0", specification("lan", "1.0.0"),
        recipe=[
            recipe("a", bpmn=drawn, testCase=[wrong], binding=[{"specification": "lan", "versions": "1.0.0"}]),
            recipe("b", bpmn=broken, binding=[{"specification": "lan", "action": "delete"}]),
            recipe("c", bpmn=bpmn(specification="moon")),
        ],
    )  # fmt: skip
    told = {(one["pointer"], one["code"]): one["message"] for one in await violations(client, body)}
    assert told.keys() == {
        ("/recipe/0/testCase/0", "unexpectedOutcome"),
        ("/recipe/0/binding", "bindingTaken"),
        ("/recipe/1/bpmn", "noWork"),
        ("/recipe/2/bpmn", "missingCapability"),
    }
    assert "other:1.0.0, which is published, is for add of lan" in told["/recipe/0/binding", "bindingTaken"]
    assert (await client.post(RELEASES, json=body)).status_code == 400
    assert await states(client) == {"other:1.0.0": "published"}
    assert await statuses(client) == {}

    aimless = [{"specification": "lan", "versions": ">=2.0.0"}, {"specification": "wan"}]
    body = release("lan", "1.0.0", specification("lan", "1.0.0"), recipe=[
        recipe("other", bpmn=bpmn(name="Another", specification="access-point")),
        recipe("other", "0.9.0", bpmn=drawn),
        recipe("d", bpmn=drawn, binding=aimless),
    ])  # fmt: skip
    assert [(one["pointer"], one["code"]) for one in await violations(client, body)] == [
        ("/recipe/0/version", "versionTaken"),
        ("/recipe/1/version", "notNewer"),
        ("/recipe/2/binding/0/specification", "unknownSpecification"),
        ("/recipe/2/binding/1/specification", "unknownSpecification"),
    ]
    said = {"name": "e", "version": "1.0.0", "source": "recipe: e\nsteps: 1\n"}
    body = release("lan", "1.0.0", recipe=[said])
    assert [one["pointer"] for one in await violations(client, body)] == ["/recipe/0/source"]


async def violations(client: ContractClient, body: Body) -> list[Body]:
    found: list[Body] = (await client.post(PREVIEW, json=body)).json()["violation"]
    return found


async def test_a_recipe_that_others_call_cannot_be_taken_back(client: ContractClient) -> None:
    drawn = bpmn(specification="access-point")
    first = await install(client, release("lan", recipe=[recipe("inner", bpmn=drawn)]))
    between = '<bpmn:sequenceFlow id="f0" sourceRef="call" targetRef="build"/>'
    steps = (
        ("<bpmn:userTask", '<bpmn:callActivity id="call" calledElement="inner"/><bpmn:userTask'),
        ('targetRef="build"', 'targetRef="call"'),
        ("<bpmn:endEvent", f"{between}<bpmn:endEvent"),
    )
    calling = drawn
    for before, after in steps:
        calling = calling.replace(before, after, 1)
    await install(client, release("wan", recipe=[recipe("outer", bpmn=calling)]))
    answer = await client.post(f"{first['href']}/rollback")
    assert answer.status_code == 409
    assert "The recipe outer:1.0.0 calls inner." in answer.json()["message"]


async def test_of_two_releases_with_the_same_new_recipe_only_one_is_installed(dependencies: Dependencies) -> None:
    """Nothing of the loser is there: neither its release nor its specification."""
    store, clock = dependencies.store, dependencies.clock
    schemas = Schemas(lambda _: None, lambda _: None, lambda _: None)
    examiner = Examiner(store, clock, dependencies.patterns, schemas, dependencies.recipes)
    releases = Releases(store, clock)
    bodies = (release(name, recipe=[recipe(bpmn=bpmn(specification="access-point"))]) for name in ("one", "two"))
    one, two = [await examiner.examine(ANONYMOUS, body) for body in bodies]
    assert (one.violations, two.violations) == ([], [])
    assert await releases.install(ANONYMOUS, one.package, one.parts, None, {})
    with pytest.raises(AlreadyExists):
        await releases.install(ANONYMOUS, two.package, two.parts, None, {})
    assert list(await releases.installed("default")) == ["one"]
    assert list(await releases.specifications("default")) == ["one-1.0.0"]
    assert list(await releases.recipes("default")) == ["build-vpn:1.0.0"]


async def test_of_two_that_have_examined_the_same_only_one_installs(dependencies: Dependencies) -> None:
    """The loser has to look again: its picture of the catalogue is no longer true."""
    store, clock = dependencies.store, dependencies.clock
    schemas = Schemas(lambda _: None, lambda _: None, lambda _: None)
    examiner = Examiner(store, clock, dependencies.patterns, schemas, dependencies.recipes)
    releases = Releases(store, clock)

    async def examined(version: str, **more: Any) -> Any:
        return await examiner.examine(ANONYMOUS, release("line", version, **more))

    async def installed(found: Any) -> bool:
        return await releases.install(ANONYMOUS, found.package, found.parts, found.present, found.installed)

    assert await installed(await examined("1.0.0"))
    second, third = await examined("2.0.0"), await examined("3.0.0")
    assert await installed(second)
    assert not await installed(third)
    assert sorted(await releases.specifications("default")) == ["line-1.0.0", "line-2.0.0"]


async def test_the_history_tells_who_installed_what(client: ContractClient, dependencies: Dependencies) -> None:
    await install(client, ONE)
    stored = await dependencies.store.collection("release").find_one({"_id": "office-wifi:1.0.0"})
    published = await dependencies.store.collection("serviceSpecification").find_one({"_id": "access-point-1.0"})
    assert stored is not None
    assert published is not None
    assert [(one["type"], one["who"]) for one in stored["outbox"]] == [("ReleaseCreateEvent", "anonymous")]
    [told] = published["outbox"]
    assert told["type"] == "ServiceSpecificationCreateEvent"
    assert told["why"] == "release office-wifi:1.0.0 installed"
