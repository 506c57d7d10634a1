"""Version 5 of the resource inventory: the resources of version 4, written otherwise."""

import json
import re
from typing import Any

from models.store import Store
from tests.contract.client import ContractClient
from tests.contract.samples import RESOURCE_INVENTORY, RESOURCE_INVENTORY_V5, RESOURCES, RESOURCES_V5, Body, resource

PARTY: Body = {
    "@type": "RelatedPartyRefOrPartyRoleRef",
    "role": "owner",
    "partyOrPartyRole": {"@type": "PartyRef", "id": "456", "name": "John Doe", "@referredType": "Individual"},
}


def place(key: str, role: str = "site") -> Body:
    return {"@type": "RelatedPlaceRef", "role": role, "place": {"@type": "PlaceRef", "id": key}}


def msisdn(**attributes: Any) -> Body:
    return {
        "@type": "LogicalResource",
        "@baseType": "Resource",
        "name": "MSISDN 491702283968",
        "value": "491702283968",
        "administrativeState": "unlocked",
        "operationalState": "disabled",
        "usageState": "idle",
        "allocationStatus": "available",
        "place": [place("9912")],
        "relatedParty": [PARTY],
        "resourceCharacteristic": [{"@type": "StringCharacteristic", "name": "tariff", "value": "premium"}],
        **attributes,
    }


async def kept(client: ContractClient, path: str = RESOURCES_V5, body: Body | None = None) -> Body:
    answer = await client.post(path, json=body or msisdn())
    assert answer.status_code == 201, answer.text
    made: Body = answer.json()
    return made


async def in_v4(client: ContractClient, key: str) -> Body:
    body: Body = (await client.get(f"{RESOURCES}/{key}")).json()
    return body


async def test_what_is_sent_comes_back_and_version_4_shows_it_in_its_own_words(client: ContractClient) -> None:
    sent = msisdn()
    made = await kept(client, body=sent)
    assert {name: value for name, value in made.items() if name not in ("id", "href")} == sent
    assert made["href"].endswith(f"{RESOURCES_V5}/{made['id']}")
    shown = await in_v4(client, made["id"])
    assert (shown["resourceStatus"], shown["operationalState"]) == ("available", "disable")
    assert shown["place"] == {"id": "9912", "role": "site"}
    assert shown["relatedParty"] == [{"role": "owner", "id": "456", "name": "John Doe", "@referredType": "Individual"}]


async def test_what_version_4_has_recorded_is_whole_in_version_5(client: ContractClient) -> None:
    bare = {"name": "Router", "note": [{"text": "new"}], "resourceCharacteristic": [{"name": "ports", "value": 8}]}
    made = await kept(client, RESOURCES, resource(resourceStatus="suspended", operationalState="enable", **bare))
    shown = (await client.get(f"{RESOURCES_V5}/{made['id']}")).json()
    assert (shown["allocationStatus"], shown["controlStatus"]) == ("quarantined", "suspended")
    assert shown["operationalState"] == "enabled"
    assert "resourceStatus" not in shown
    assert shown["note"] == [{"text": "new", "@type": "Note"}]
    assert shown["resourceCharacteristic"] == [{"name": "ports", "value": 8, "@type": "IntegerCharacteristic"}]


async def test_the_class_of_a_part_need_not_be_sent(client: ContractClient) -> None:
    made = await kept(client, body={"place": [{"role": "site", "place": {"id": "1"}}]})
    assert (made["@type"], made["place"]) == ("Resource", [place("1")])


MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
QUERY = "application/json-patch-query+json"


PATCHES: list[tuple[str, Any, Body]] = [
    (MERGE, {"operationalState": "enabled"}, {"operationalState": "enable"}),
    (MERGE, {"administrativeState": "shuttingDown"}, {"administrativeState": "shutdown"}),
    (MERGE, {"place": [place("7", "b")]}, {"place": {"id": "7", "role": "b"}}),
    (MERGE, {"place": None}, {"place": None}),
    (MERGE, {"allocationStatus": "reserved"}, {"resourceStatus": "reserved"}),
    (
        JSON_PATCH,
        [
            {"op": "test", "path": "/relatedParty/0/partyOrPartyRole/id", "value": "456"},
            {"op": "replace", "path": "/relatedParty/0/partyOrPartyRole/id", "value": "457"},
        ],
        {"relatedParty": [{"role": "owner", "id": "457", "name": "John Doe", "@referredType": "Individual"}]},
    ),
    (
        JSON_PATCH,
        [{"op": "add", "path": "/place/-", "value": place("8", "b")}],
        {"place": {"id": "9912", "role": "site"}},
    ),
    (
        QUERY,
        [{"op": "replace", "path": "$.place[?(@.place.id=='9912')].role", "value": "cell"}],
        {"place": {"id": "9912", "role": "cell"}},
    ),
    (
        QUERY,
        [{"op": "remove", "path": "/relatedParty?relatedParty.partyOrPartyRole.id=456"}],
        {"relatedParty": None},
    ),
]


async def test_a_patch_names_places_as_version_5_writes_them(client: ContractClient) -> None:
    for media_type, patch, expected in PATCHES:
        made = await kept(client)
        headers = {"content-type": media_type}
        answer = await client.patch(made["href"], content=json.dumps(patch), headers=headers)
        assert answer.status_code == 200, answer.text
        shown = await in_v4(client, made["id"])
        assert {name: shown.get(name) or None for name in expected} == expected, patch
        assert shown["value"] == "491702283968"


async def test_both_versions_see_the_same_revision(client: ContractClient) -> None:
    made = await kept(client)
    seen = (await client.get(made["href"])).headers["etag"]
    changed = await client.patch(f"{RESOURCES}/{made['id']}", json={"description": "x"}, headers={"if-match": seen})
    assert changed.status_code == 200
    late = await client.patch(made["href"], json={"description": "y"}, headers={"if-match": seen})
    assert late.status_code == 412


async def test_what_the_other_version_left_out_is_no_obstacle_to_a_change(client: ContractClient) -> None:
    nameless = await kept(client, body={"@type": "PhysicalResource"})
    answer = await client.patch(f"{RESOURCES}/{nameless['id']}", json={"serialNumber": "FTX-7"})
    assert answer.status_code == 200, answer.text
    roleless = await kept(client, RESOURCES, resource(place={"id": "1"}))
    answer = await client.patch(f"{RESOURCES_V5}/{roleless['id']}", json={"description": "x"})
    assert answer.status_code == 200, answer.text
    answer = await client.patch(f"{RESOURCES}/{roleless['id']}", json={"name": None})
    assert (answer.status_code, answer.json()["code"]) == (400, "required")


QUERIES = [
    "operationalState=disabled",
    "operationalState.ne=enabled",
    "operationalState.regex=^dis",
    "relatedParty.partyOrPartyRole.id=456",
    "place.place.id=9912",
    "filter=$.place[?(@.role=='site' %26%26 @.place.id=='9912')]",
    "filter=$.relatedParty[?(@.role=='owner' %26%26 @.partyOrPartyRole.id=='456')]",
    "allocationStatus=available&sort=-relatedParty.partyOrPartyRole.name",
    "fields=name,place.place.id&value=491702283968",
]


async def test_filters_name_attributes_as_version_5_writes_them(client: ContractClient) -> None:
    made = await kept(client)
    other = [{**PARTY, "role": "user"}, {**PARTY, "partyOrPartyRole": {"id": "9"}}]
    decoy = msisdn(value="0", operationalState="enabled", relatedParty=other[1:], place=[place("1"), place("2", "b")])
    await kept(client, body={**decoy, "allocationStatus": "reserved"})
    for query in QUERIES:
        found = (await client.get(f"{RESOURCES_V5}?{query}")).json()
        assert [one["id"] for one in found] == [made["id"]], query
        if "fields" in query:
            assert set(found[0]) == {"id", "href", "@type", "name", "place"}
            assert found[0]["place"] == [{"place": {"id": "9912"}}]


async def test_the_words_of_version_4_are_not_those_of_version_5(client: ContractClient) -> None:
    await kept(client)
    for query in ("operationalState=enable", "resourceStatus=available", "place.id=9912"):
        answer = await client.get(f"{RESOURCES_V5}?{query}")
        assert answer.status_code == 400 or answer.json() == [], query


async def test_a_list_is_followed_from_link_to_link_whatever_is_deleted_meanwhile(client: ContractClient) -> None:
    made = [(await kept(client, body=msisdn(value=str(number))))["id"] for number in range(7)]

    def link(answer: Any, rel: str) -> str | None:
        found = re.search(rf'<([^>]*)>; rel="{rel}"', answer.headers["link"])
        return found[1] if found else None

    url: str | None = f"{RESOURCES_V5}?limit=3"
    seen: list[str] = []
    while url is not None:
        answer = await client.get(url)
        assert answer.headers["x-total-count"] in ("7", "6")
        page = [one["id"] for one in answer.json()]
        seen += page
        if len(seen) == 3:
            assert (await client.delete(f"{RESOURCES_V5}/{page[-1]}")).status_code == 204
        last, url = url, link(answer, "next")
    assert seen == made
    back = link(await client.get(last), "prev")
    assert back is not None
    assert [one["id"] for one in (await client.get(back)).json()] == [made[1], made[3], made[4], made[5]][-3:]


async def test_a_place_in_a_list_that_makes_no_sense_is_refused(client: ContractClient) -> None:
    for query in ("after=x", "after=1-a&before=1-a", "after=1-a&sort=name", "before=1-a&offset=3"):
        assert (await client.get(f"{RESOURCES_V5}?{query}")).status_code == 400, query


async def test_a_hub_speaks_its_own_version(client: ContractClient, store: Store) -> None:
    hub = f"{RESOURCE_INVENTORY_V5}/hub"
    wish = {"@type": "Hub", "callback": "http://subscriber.example/", "query": "eventType=ResourceCreateEvent"}
    made = (await client.post(hub, json=wish)).json()
    assert (made["@type"], made["href"]) == ("Hub", made["href"])
    assert (await client.get(f"{hub}/{made['id']}")).json() == made
    stored = await store.get("subscription", made["id"])
    assert stored is not None
    assert (stored["api"], stored["version"]) == ("tmf639", "v5")
    assert (await client.delete(f"{RESOURCE_INVENTORY}/hub/{made['id']}")).status_code == 404
    unknown = {**wish, "query": "eventType=PhysicalResourceCreateEvent"}
    assert (await client.post(hub, json=unknown)).status_code == 400
    assert (await client.post(f"{RESOURCE_INVENTORY}/hub", json=unknown)).status_code == 201
