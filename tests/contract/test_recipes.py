"""Recipes over HTTP: their life from draft to retirement, checked and tried before anything runs them."""

import asyncio
from typing import Any

import pytest

from handlers.dependencies import Dependencies
from tests.contract.client import ContractClient
from tests.contract.samples import FULFILLERS, RECIPES, RELEASES, SOM, bpmn, fulfiller, recipe, release

Body = dict[str, Any]

CASES = [
    {
        "name": "small",
        "input": {"size": 3},
        "expect": {"status": "completed", "path": ["Build it", "Done"], "avoids": ["Look at it"]},
    },
    {"name": "big", "input": {"size": 30}, "expect": {"status": "completed", "path": ["Build it", "Look at it"]}},
]


async def made(client: ContractClient, body: Body) -> Body:
    answer = await client.post(RECIPES, json=body)
    assert answer.status_code == 201, answer.text
    found: Body = answer.json()
    return found


async def step(client: ContractClient, key: str, what: str, **body: Any) -> Body:
    answer = await client.post(f"{RECIPES}/{key}/{what}", json=body)
    assert answer.status_code == 200, answer.text
    found: Body = answer.json()
    return found


async def published(client: ContractClient, body: Body) -> Body:
    key = (await made(client, body))["id"]
    await step(client, key, "review")
    return await step(client, key, "publish", why="ready")


async def test_each_step_tells_who_took_it_when_and_why(client: ContractClient, dependencies: Dependencies) -> None:
    key = (await made(client, recipe(testCase=CASES)))["id"]
    await step(client, key, "review", why="please look")
    await step(client, key, "return", why="name the steps")
    await step(client, key, "review")
    await step(client, key, "publish", why="CR 7")
    found = await step(client, key, "retire")
    states = [(one["state"], one.get("why")) for one in found["step"]]
    assert states == [
        ("draft", None),
        ("inReview", "please look"),
        ("draft", "name the steps"),
        ("inReview", None),
        ("published", "CR 7"),
        ("retired", None),
    ]
    assert all(one["who"] and one["date"] for one in found["step"])
    stored = await dependencies.store.get("recipe", key)
    assert stored is not None
    owed = [(one["type"], one["state"]) for one in stored["outbox"] if "view" not in one]
    assert owed[0] == ("RecipeCreateEvent", "draft")
    assert owed[1:] == [("RecipeStateChangeEvent", state) for state, _ in states[1:]]
    seen = [one["type"] for one in stored["outbox"] if one.get("view") == "processFlowSpecification"]
    assert seen == ["ProcessFlowSpecificationCreateEvent", "ProcessFlowSpecificationDeleteEvent"]


async def test_a_recipe_that_is_for_an_action_may_use_the_service_and_its_order(client: ContractClient) -> None:
    wanted = '<som:input name="speed" value="=service.characteristic.speed"/><som:input name="of" value="=order.id"/>'
    drawing = bpmn().replace('action="add"/>', f'action="add"/>{wanted}', 1)
    bound = [{"specification": "of-its-own", "action": "add"}]
    await published(client, recipe(name="bound", bpmn=drawing, binding=bound, testCase=[]))
    key = (await made(client, recipe(name="unbound", bpmn=drawing, binding=[], testCase=[])))["id"]
    await step(client, key, "review")
    answer = await client.post(f"{RECIPES}/{key}/publish", json={})
    assert "needs 'service', which nobody produces" in answer.json()["message"]


async def test_what_cannot_run_is_not_published_and_each_reason_names_its_element(client: ContractClient) -> None:
    drawing = bpmn().replace('<som:task specification="vpn-1" action="add"/>', "")
    key = (await made(client, recipe(bpmn=drawing, testCase=CASES)))["id"]
    await step(client, key, "review")
    answer = await client.post(f"{RECIPES}/{key}/publish", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "recipeNotPublishable")
    assert "'Build it' build: It names neither a capability" in answer.json()["message"]
    assert (await client.get(f"{RECIPES}/{key}")).json()["state"] == "inReview"


async def test_a_test_case_that_comes_out_otherwise_stands_in_the_way(client: ContractClient) -> None:
    wrong = {"name": "never big", "input": {"size": 30}, "expect": {"avoids": ["Look at it"]}}
    key = (await made(client, recipe(testCase=[*CASES, wrong])))["id"]
    await step(client, key, "review")
    answer = await client.post(f"{RECIPES}/{key}/publish", json={})
    assert answer.status_code == 409
    assert "test case 'never big': path: 'Look at it' is passed." in answer.json()["message"]
    tried = await step(client, key, "try")
    assert [(one["name"], one["passed"]) for one in tried["trial"]] == [
        ("small", True),
        ("big", True),
        ("never big", False),
    ]


async def test_two_published_recipes_are_not_for_the_same(client: ContractClient) -> None:
    bound = [{"specification": "vpn", "action": "add", "versions": ">=1.0.0 <2.0.0"}]
    await published(client, recipe("first", binding=bound))
    await published(client, recipe("first", "1.1.0", binding=bound))
    await published(client, recipe("later", binding=[{"specification": "vpn", "versions": ">=2.0.0"}]))
    key = (await made(client, recipe("other", binding=[{"specification": "vpn", "versions": "^1.9.0"}])))["id"]
    await step(client, key, "review")
    answer = await client.post(f"{RECIPES}/{key}/publish", json={})
    assert answer.status_code == 409
    assert "first:1.1.0, which is published, is for add of vpn ^1.9.0 already" in answer.json()["message"]
    listed = (await client.get(f"{RECIPES}?specification=vpn&state=published")).json()
    assert [one["id"] for one in listed] == ["first:1.0.0", "first:1.1.0", "later:1.0.0"]
    assert not any("bpmn" in one for one in listed)


async def test_of_two_authors_the_one_who_read_before_is_told_so(client: ContractClient) -> None:
    url = f"{RECIPES}/{(await made(client, recipe()))['id']}"
    read = (await client.get(url)).headers["etag"]
    for text, status in (("mine", 200), ("theirs", 412)):
        answer = await client.patch(url, json={"description": text}, headers={"if-match": read})
        assert answer.status_code == status, answer.text
    assert (await client.get(url)).json()["description"] == "mine"


async def test_what_is_published_never_changes(client: ContractClient) -> None:
    url = f"{RECIPES}/{(await published(client, recipe()))['id']}"
    answer = await client.patch(url, json={"bpmn": bpmn(name="Build another")})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "make a new version" in answer.json()["message"]
    assert (await client.patch(url, json={"bpmn": bpmn()})).status_code == 200  # the same is no change


async def test_versions_are_compared_by_elements_mappings_and_flows(client: ContractClient) -> None:
    await published(client, recipe())
    drawing = bpmn(name="Build it well", condition="size > 20").replace('value="=size"', 'value="=size * 2"')
    drawing = drawing.replace(
        '<bpmn:endEvent id="done"', '<bpmn:intermediateThrowEvent id="told"/><bpmn:endEvent id="done"'
    )
    await made(client, recipe(version="1.1.0", bpmn=drawing, testCase=CASES[:1]))
    found = (await client.get(f"{RECIPES}/build-vpn:1.1.0/difference")).json()
    assert (found["from"], found["to"]) == ("build-vpn:1.0.0", "build-vpn:1.1.0")
    told = {(one["kind"], one["what"], one.get("element"), one.get("attribute")) for one in found["difference"]}
    assert told == {
        ("changed", "element", "build", "name"),
        ("changed", "input", "build", None),
        ("changed", "flow", "f3", "condition"),
        ("added", "element", "told", None),
        ("added", "test case", None, None),
    }
    changed = next(one for one in found["difference"] if one["what"] == "input")
    assert (changed["name"], changed["before"], changed["after"]) == ("Build it well: size", "=size", "=size * 2")


async def test_work_that_nobody_is_registered_for_is_remarked_on(client: ContractClient) -> None:
    url, drawing = f"{SOM}/recipeCheck", bpmn()
    text = "No registered fulfiller can do add of vpn-1."
    found = (await client.post(url, json={"bpmn": drawing})).json()
    told = [(one["element"], one["severity"]) for one in found["problem"] if one["reason"] == text]
    assert (told, found["publishable"]) == ([("build", "remark")], True)
    assert (await client.post(FULFILLERS, json=fulfiller())).status_code == 201
    assert text not in (await client.post(url, json={"bpmn": drawing})).text


async def test_a_drawing_is_checked_and_tried_before_it_is_stored(client: ContractClient) -> None:
    answer = await client.post(f"{SOM}/recipeCheck", json={"bpmn": bpmn(condition="size > ")})
    problems = answer.json()["problem"]
    assert [(one["element"], one["kind"]) for one in problems if one["severity"] != "remark"] == [("f3", "expression")]
    answer = await client.post(f"{SOM}/recipeTrial", json={"bpmn": bpmn(), "case": {"input": {"size": 30}}})
    (trial,) = answer.json()["trial"]
    assert trial["status"] == "completed"
    assert [one["element"] for one in trial["step"] if one["what"] == "taken"] == ["f1", "f2", "f3", "f5"]
    assert (await client.get(RECIPES)).json() == []


@pytest.mark.parametrize("asked", ["recipeCheck", "recipeTrial"])
async def test_a_drawing_that_is_for_something_is_checked_with_what_every_order_brings(
    client: ContractClient, asked: str
) -> None:
    content = {"bpmn": bpmn().replace('"=size"', '"=service.characteristic.size"')}
    alone = (await client.post(f"{SOM}/{asked}", json=content)).json()
    bound = (await client.post(f"{SOM}/{asked}", json=content | {"binding": [{"specification": "vpn-1"}]})).json()
    assert [one["kind"] for one in alone["problem"] if one["severity"] != "remark"] == ["unknownValue"]
    assert (alone["publishable"], bound["publishable"]) == (False, True)


@pytest.mark.parametrize(
    "text",
    ["no XML", "<a/>", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "<a" * 200],
    ids=["text", "other", "entity", "deep"],
)
async def test_what_is_no_recipe_is_kept_as_a_draft_and_goes_no_further(client: ContractClient, text: str) -> None:
    answer = await client.post(f"{SOM}/recipeCheck", json={"bpmn": text})
    found = answer.json()
    assert (found["publishable"], found["tryable"], found["problem"][0]["kind"]) == (False, False, "unreadable")
    key = (await made(client, recipe(bpmn=text)))["id"]
    await step(client, key, "review")
    assert (await client.post(f"{RECIPES}/{key}/publish", json={})).status_code == 409


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"version": "1.0.x"}, "invalidVersion"),
        ({"binding": [{"specification": "vpn", "versions": "newest"}]}, "invalidVersion"),
        ({"testCase": [{"expect": {"color": "red"}}]}, "invalidCase"),
        ({"form": [{"name": "a", "schema": {}}, {"name": "a", "schema": {}}]}, "duplicateName"),
    ],
)
async def test_what_cannot_be_meant_is_refused_at_once(client: ContractClient, attributes: Body, code: str) -> None:
    answer = await client.post(RECIPES, json=recipe(**attributes))
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert (await client.get(RECIPES)).json() == []


WRITTEN = """recipe: Access line
specification: vpn-1
action: add
steps:
  - service: Build it
    specification: vpn-1
    action: add
cases:
  - {name: all, expect: {status: completed, path: [Build it]}}
"""


async def test_a_recipe_written_as_yaml_is_drawn_with_its_cases_and_what_it_is_for(client: ContractClient) -> None:
    key = (await made(client, {"name": "access", "version": "1.0.0", "source": WRITTEN}))["id"]
    found = (await client.get(f"{RECIPES}/{key}")).json()
    assert found["source"] == WRITTEN
    assert 'name="Build it"' in found["bpmn"]
    assert "BPMNShape" in found["bpmn"]
    assert found["binding"] == [{"specification": "vpn-1", "action": "add"}]
    assert [one["name"] for one in found["testCase"]] == ["all"]

    longer = WRITTEN.replace("cases:", "  - person: Look at it\n    queue: field\ncases:")
    changed = (await client.patch(f"{RECIPES}/{key}", json={"source": longer})).json()
    assert 'name="Look at it"' in changed["bpmn"]
    again = (await client.patch(f"{RECIPES}/{key}", json={"bpmn": bpmn()})).json()
    assert (again["bpmn"], "source" in again) == (bpmn(), False)


async def test_yaml_is_checked_and_tried_like_a_drawing(client: ContractClient) -> None:
    checked = (await client.post(f"{SOM}/recipeCheck", json={"source": WRITTEN})).json()
    assert (checked["publishable"], checked["tryable"]) == (True, True)
    tried = (await client.post(f"{SOM}/recipeTrial", json={"source": WRITTEN, "case": {}})).json()
    assert tried["trial"][0]["status"] == "completed"


async def test_yaml_and_drawing_are_converted_into_each_other(client: ContractClient) -> None:
    url = f"{SOM}/recipeConversion"
    drawn = (await client.post(url, json={"source": WRITTEN})).json()
    assert (drawn["source"], "BPMNShape" in drawn["bpmn"]) == (WRITTEN, True)
    assert drawn["binding"] == [{"specification": "vpn-1", "action": "add"}]
    beside = {name: drawn[name] for name in ("testCase", "binding")}
    said = (await client.post(url, json={"bpmn": drawn["bpmn"], **beside})).json()
    again = (await client.post(url, json={"source": said["source"]})).json()
    assert again == {**drawn, "source": said["source"]}
    assert said["bpmn"] == drawn["bpmn"]


async def test_what_is_converted_is_laid_out_and_told_where_yaml_has_no_words_for_it(client: ContractClient) -> None:
    url, two = f"{SOM}/recipeConversion", bpmn()
    answer = (
        await client.post(
            url, json={"bpmn": two.replace("</bpmn:process>", "<bpmn:startEvent id='b'/></bpmn:process>")}
        )
    ).json()
    assert "BPMNShape" in answer["bpmn"]
    assert ("source" in answer, "begins at one start" in answer["unsaid"]) == (False, True)
    for body, why in (
        ({}, "either"),
        ({"bpmn": two, "source": WRITTEN}, "either"),
        ({"source": "steps: 4"}, "/source"),
        ({"bpmn": "<a/>"}, "/bpmn"),
    ):
        refused = await client.post(url, json=body)
        assert (refused.status_code, why in refused.json()["message"]) == (400, True)


async def test_yaml_that_is_no_recipe_is_refused_with_its_line_and_so_is_a_recipe_of_neither(
    client: ContractClient,
) -> None:
    wrong = await client.post(RECIPES, json={"name": "a", "version": "1.0.0", "source": "recipe: A\nsteps: 4\n"})
    assert wrong.status_code == 400
    assert "/source" in wrong.json()["message"]
    assert "source:2: steps" in wrong.json()["message"]
    nothing = await client.post(RECIPES, json={"name": "a", "version": "1.0.0"})
    assert (nothing.status_code, "/bpmn" in nothing.json()["message"]) == (400, True)


async def test_of_recipes_for_the_same_that_are_published_at_the_same_moment_one_is(
    client: ContractClient, dependencies: Dependencies
) -> None:
    await client.post(FULFILLERS, json=fulfiller("north", capability=[{"specification": "*", "action": "*"}]))
    names = [f"build-{number}" for number in range(5)]
    for name in names:
        binding = [{"specification": "vpn", "action": "add", "versions": ">=1.0.0"}]
        key = (await made(client, recipe(name, binding=binding)))["id"]
        await step(client, key, "review")
    apart = (await made(client, recipe("another", binding=[{"specification": "lan", "action": "add"}])))["id"]
    await step(client, apart, "review")
    packed = release("vpn", recipe=[recipe("build-packed", binding=[{"specification": "vpn", "action": "add"}])])
    answers = await asyncio.gather(
        *(client.post(f"{RECIPES}/{key}/publish", json={}) for key in [*(f"{name}:1.0.0" for name in names), apart]),
        client.post(RELEASES, json=packed),
    )
    *rivals, other, installed = answers
    assert other.status_code == 200, other.text
    assert sum(answer.status_code in (200, 201) for answer in (*rivals, installed)) == 1
    refused = [answer.json()["message"] for answer in (*rivals, installed) if answer.status_code >= 400]
    assert all("is for" in reason for reason in refused), refused
    stored = await dependencies.store.collection("recipe").find({"state": "published"}, {"name": 1}).to_list()
    assert len(stored) == 2


def nested(depth: int) -> str:
    """A drawing of choices within choices."""
    made = '<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="a0"/>'
    for at in range(depth):
        made += f'<exclusiveGateway id="a{at}"/><exclusiveGateway id="z{at}"/>'
        inner = f"a{at + 1}" if at + 1 < depth else f"z{at}"
        back = f"z{at - 1}" if at else "e"
        made += f'<sequenceFlow id="i{at}" sourceRef="a{at}" targetRef="{inner}"/>'
        made += f'<sequenceFlow id="j{at}" sourceRef="a{at}" targetRef="z{at}"/>'
        made += f'<sequenceFlow id="o{at}" sourceRef="z{at}" targetRef="{back}"/>'
    space = "http://www.omg.org/spec/BPMN/20100524/MODEL"
    return f'<definitions xmlns="{space}"><process id="p">{made}<endEvent id="e"/></process></definitions>'


HOSTILE: list[tuple[str, Body]] = [
    ("recipeCheck", {"source": "recipe: !!binary aGVsbG8="}),
    ("recipeCheck", {"source": "a: &a [x]\nb: [*a, *a]"}),
    ("recipeCheck", {"source": "[" * 5_000}),
    ("recipeCheck", {"bpmn": '<!DOCTYPE d [<!ENTITY a "ha">]><definitions>&a;</definitions>'}),
    ("recipeCheck", {"bpmn": "<a>" * 5_000}),
    ("recipeConversion", {"source": "[" * 5_000}),
    ("recipeConversion", {"bpmn": "<a>" * 5_000}),
    ("recipeConversion", {"bpmn": nested(600)}),
    ("recipeTrial", {"bpmn": bpmn().replace("</", "<!-- \x00 --></")}),
    ("recipeTrial", {"bpmn": bpmn(), "case": {"input": {"$where": 1}}}),
    ("recipeTrial", {"bpmn": bpmn(), "form": [{"name": "f", "schema": {"enum": [1]}}]}),
]


@pytest.mark.parametrize(("path", "body"), HOSTILE)
async def test_what_is_hostile_is_answered_with_a_reason(client: ContractClient, path: str, body: Body) -> None:
    answer = await client.post(f"{SOM}/{path}", json=body)
    assert answer.status_code in (200, 400), answer.text
    if answer.status_code == 400:
        assert answer.json()["message"]
    assert (await client.get(RECIPES)).status_code == 200
