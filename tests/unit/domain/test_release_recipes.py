"""What installing a release, or taking it back, does to recipes."""

from typing import Any

from models.domain.releases.package import read_package
from models.domain.releases.recipes import installation, withdrawal

Body = dict[str, Any]


def recipe(name: str, version: str = "1.0.0", *bound: str, **more: Any) -> Body:
    return {"name": name, "version": version, "binding": [{"specification": one} for one in bound], **more}


def stored(state: str, body: Body) -> Body:
    whole = {"id": f"{body['name']}:{body['version']}", **body}
    return {"name": body["name"], "version": body["version"], "state": state, "body": whole}


def known(*documents: Body) -> dict[str, Body]:
    return {one["body"]["id"]: one for one in documents}


CATALOGUE: dict[str, Body] = {
    "line-1": {"name": "line", "version": "1.0.0", "lifecycleStatus": "Retired"},
    "line-2": {"name": "line", "version": "2.0.0", "lifecycleStatus": "Active"},
    "old-1": {"name": "old", "version": "1.0.0", "lifecycleStatus": "Retired"},
}


def installed(*recipes: Body, there: dict[str, Body], former: list[str] | None = None) -> Any:
    package, violations = read_package({"name": "access", "version": "2.0.0", "recipe": list(recipes)})
    assert violations == []
    return installation(package, there, former or [], CATALOGUE)


def test_a_version_that_another_replaces_stays_published() -> None:
    """Services are changed and deleted by the recipe of the version that they were built from."""
    there = known(stored("published", recipe("build", "1.0.0", "line")))
    change, violations = installed(recipe("build", "2.0.0", "line"), there=there, former=["build:1.0.0"])
    assert (change.moved, violations) == ({}, [])
    assert [one["id"] for one in change.created] == ["build:2.0.0"]


def test_a_recipe_that_is_gone_is_retired_where_new_orders_would_take_it() -> None:
    gone = [recipe("build", "1.0.0", "line"), recipe("remove", "1.0.0", "old"), recipe("part")]
    there = known(*(stored("published", one) for one in gone))
    change, _ = installed(there=there, former=list(there))
    assert change.moved == {"build:1.0.0": ("retired", "published")}


def test_a_retired_recipe_is_published_again_and_a_published_one_left_alone() -> None:
    bodies = [recipe("build"), recipe("part")]
    there = known(stored("retired", bodies[0]), stored("published", bodies[1]))
    change, violations = installed(*bodies, there=there)
    assert (change.created, change.unchanged, violations) == ((), ("part:1.0.0",), [])
    assert change.moved == {"build:1.0.0": ("published", "retired")}


def test_what_cannot_be_installed_is_told() -> None:
    there = known(stored("draft", recipe("build")), stored("published", recipe("part", description="other")),
                  stored("published", recipe("test", "3.0.0")))  # fmt: skip
    bodies = [recipe("build"), recipe("part"), recipe("test"), recipe("to", "1.0.0", "nowhere")]
    _, violations = installed(*bodies, there=there)
    assert [(one.pointer, one.code) for one in violations] == [
        ("/recipe/0/version", "versionTaken"),
        ("/recipe/1/version", "versionTaken"),
        ("/recipe/2/version", "notNewer"),
        ("/recipe/3/binding/0/specification", "unknownSpecification"),
    ]


def test_taking_back_undoes_what_nobody_has_done_otherwise_since() -> None:
    there = known(stored("published", recipe("new")), stored("retired", recipe("newer")),
                  stored("retired", recipe("back")), stored("published", recipe("meant")))  # fmt: skip
    moved = {"back:1.0.0": ("retired", "published"), "meant:1.0.0": ("retired", "published"),
             "lost:1.0.0": ("retired", "published")}  # fmt: skip
    change, reasons = withdrawal(["new:1.0.0", "newer:1.0.0"], moved, there)
    assert change.moved == {"new:1.0.0": ("retired", "published"), "back:1.0.0": ("published", "retired")}
    assert [reason.split(",")[0] for reason in reasons] == ["The recipe lost:1.0.0"]
