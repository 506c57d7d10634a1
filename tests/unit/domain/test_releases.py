"""Release packages: versions, what installing one does, what it takes back, and what differs."""

from typing import Any

import pytest

from models.domain.releases.change import RETIRED, installation, withdrawal
from models.domain.releases.difference import difference
from models.domain.releases.package import completed, read_package
from models.domain.releases.versions import InvalidVersion, Range, Version

Body = dict[str, Any]


def specification(name: str, version: str = "1", **more: Any) -> Body:
    return {"id": f"{name}-{version}", "name": name, "version": version, "lifecycleStatus": "Active",
            "@type": "ServiceSpecification", **more}  # fmt: skip


def package(*specifications: Body, version: str = "1.0.0", **more: Any) -> Body:
    return {"name": "access", "version": version, "serviceSpecification": list(specifications), **more}


def catalogue(*specifications: Body) -> dict[str, Body]:
    return {one["id"]: one for one in specifications}


def test_versions_sort_as_semver_says() -> None:
    texts = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
             "1.0.0-rc.1", "1.0.0", "2.0.0", "2.1.0", "2.1.1", "10.0.0"]  # fmt: skip
    assert sorted(sorted(texts), key=Version.parse) == texts
    assert Version.parse("1.0.0+build.1") == Version.parse("1.0.0+build.2")


@pytest.mark.parametrize(
    "text", ["1", "1.0", "01.0.0", "1.0.0-", "1.0.0-01", "v1.0.0", "\u0661.0.0", "1.0.0 ", "1" * 70]
)
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(InvalidVersion):
        Version.parse(text)


@pytest.mark.parametrize(
    ("text", "fits", "fits_not"),
    [
        ("*", ["0.0.1", "9.9.9"], []),
        (">=1.2.0 <2.0.0", ["1.2.0", "1.99.0"], ["1.1.9", "2.0.0"]),
        (">1.0.0,<=1.1.0", ["1.1.0"], ["1.0.0", "1.1.1"]),
        ("^1.2.3", ["1.2.3", "1.9.0"], ["1.2.2", "2.0.0", "2.0.0-rc.1"]),
        ("^0.2.3", ["0.2.9"], ["0.3.0"]),
        ("^0.0.3", ["0.0.3"], ["0.0.4"]),
        ("1.2.3", ["1.2.3"], ["1.2.4"]),
    ],
)
def test_a_range_holds_what_all_its_comparators_hold(text: str, fits: list[str], fits_not: list[str]) -> None:
    found = Range.parse(text)
    assert [found.contains(version) for version in fits] == [True] * len(fits)
    assert [found.contains(version) for version in fits_not] == [False] * len(fits_not)


@pytest.mark.parametrize("text", ["", ">=", "~>1.0.0", ">=1.0", "1.0.0 || 2.0.0"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(InvalidVersion):
        Range.parse(text)


def test_a_package_names_each_place_that_is_wrong_in_itself() -> None:
    body = package(
        {"name": "line", "version": "1"}, {"name": "line", "version": "1"}, version="1",
        requires=[{"name": "access"}, {"name": "base", "version": "latest"}],
        check=[{"name": "a", "order": {}}, {"name": "a", "order": {}}],
    )  # fmt: skip
    places = {(one.pointer, one.code) for one in read_package(body)[1]}
    assert places == {
        ("/version", "invalidVersion"),
        ("/requires/0/name", "requiresItself"),
        ("/requires/1/version", "invalidVersion"),
        ("/serviceSpecification/1/id", "duplicate"),
        ("/serviceSpecification/1/version", "duplicate"),
        ("/check/1/name", "duplicate"),
    }


def test_a_specification_without_an_id_is_called_by_its_name_and_version() -> None:
    read, violations = read_package(package({"name": "line", "version": "1.1"}))
    assert not violations
    assert [one["id"] for one in read.specifications] == ["line-1.1"]
    assert read.id == "access:1.0.0"


def test_such_an_id_holds_what_ids_may_hold() -> None:
    assert completed({"name": "Internet/Line (fast)", "version": "1"})["id"] == "Internet-Line-fast-1"


def test_installing_publishes_the_new_and_retires_what_it_replaces() -> None:
    before = catalogue(specification("line"), specification("router"), specification("other"),
                       specification("line", "0", lifecycleStatus="In design"))  # fmt: skip
    read, _ = read_package(package(specification("line", "2")))
    change, violations = installation(read.specifications, before, ["line-1", "router-1"])
    assert not violations
    assert [body["id"] for body in change.created] == ["line-2"]
    assert change.moved == {"line-1": (RETIRED, "Active"), "router-1": (RETIRED, "Active")}
    after = {key: body["lifecycleStatus"] for key, body in change.after(before).items()}
    assert after == {"line-0": "In design", "line-1": RETIRED, "router-1": RETIRED, "other-1": "Active",
                     "line-2": "Active"}  # fmt: skip


def test_a_version_that_is_there_stays_where_it_says_the_same_and_is_refused_where_not() -> None:
    before = catalogue(specification("line", lastUpdate="2026-01-01T00:00:00.000Z"), specification("router"))
    same, _ = read_package(package(specification("line")))
    change, violations = installation(same.specifications, before, [])
    assert (change.created, change.moved, change.unchanged, violations) == ((), {}, ("line-1",), [])
    other, _ = read_package(package(specification("line", description="new"), specification("router") | {"id": "r"}))
    _, violations = installation(other.specifications, before, [])
    assert [one.pointer for one in violations] == ["/serviceSpecification/0/id", "/serviceSpecification/1/version"]


def test_taking_back_undoes_the_moves_but_for_those_that_somebody_else_made_since() -> None:
    now = catalogue(specification("line", lifecycleStatus=RETIRED), specification("line", "2"),
                    specification("router", lifecycleStatus="Obsolete"))  # fmt: skip
    moved = {"line-1": (RETIRED, "Launched"), "router-1": (RETIRED, "Active")}
    change, reasons = withdrawal(["line-2"], moved, now)
    assert not reasons
    assert change.moved == {"line-2": (RETIRED, "Active"), "line-1": ("Launched", RETIRED)}


def test_taking_back_is_refused_with_every_reason() -> None:
    user = specification("bundle", serviceSpecRelationship=[{"relationshipType": "bundles", "id": "line-2"}])
    retired_user = {**user, "id": "bundle-0", "lifecycleStatus": RETIRED}
    now = catalogue(specification("line", "2"), user, retired_user)
    _, reasons = withdrawal(["line-2"], {"line-1": (RETIRED, "Active")}, now)
    assert len(reasons) == 2
    assert "line-1" in reasons[0]
    assert "bundle-1" in reasons[1]


def test_a_difference_names_specifications_tasks_and_mappings() -> None:
    def line(version: str, tasks: Body, **more: Any) -> Body:
        return specification("line", version, fulfilment={"add": {"tasks": tasks}}, **more)

    old = line("1", {"build": {"input": {"speed": "=a", "site": "=s"}}, "test": {}}, description="old")
    new = line("2", {"build": {"input": {"speed": "=b", "site": "=s"}, "needs": ["survey"]}, "survey": {}},
               description="new", specCharacteristic=[{"name": "site", "valueType": "string"}])  # fmt: skip
    found = difference([old, specification("gone")], [new, specification("come")])
    assert [(one["name"], one["kind"]) for one in found] == [
        ("line", "changed"),
        ("come", "added"),
        ("gone", "removed"),
    ]
    assert found[0]["from"] == "1"
    assert found[0]["to"] == "2"
    assert found[0]["difference"] == [
        {"kind": "added", "what": "characteristic", "name": "site"},
        {"kind": "changed", "what": "task", "name": "add/build", "attribute": "input.speed", "before": "=a",
         "after": "=b"},
        {"kind": "changed", "what": "task", "name": "add/build", "attribute": "needs", "after": ["survey"]},
        {"kind": "removed", "what": "task", "name": "add/test"},
        {"kind": "added", "what": "task", "name": "add/survey"},
        {"kind": "changed", "what": "attribute", "name": "description", "before": "old", "after": "new"},
    ]  # fmt: skip


def test_versions_that_say_the_same_do_not_differ() -> None:
    assert difference([specification("line")], [specification("line", lifecycleStatus=RETIRED)]) == []
