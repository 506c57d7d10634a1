"""A release package as it was handed in: its manifest, what it holds, and the checks that it brings along."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.domain.pointers import pointer
from models.domain.releases.versions import InvalidVersion, Range, Version
from models.domain.violations import Violation

Body = dict[str, Any]

MAX_SPECIFICATIONS = 1_000
MAX_CHECKS = 200

_SPECIFICATIONS = {"serviceSpecification": "ServiceSpecification", "resourceSpecification": "ResourceSpecification"}
"""What a package holds in versions that have a lifecycleStatus: attribute and class."""

_NO_ID = re.compile(r"[^A-Za-z0-9._~-]+")
_SERVER_KEPT = frozenset({"href", "lastUpdate", "lifecycleStatus"})


@dataclass(frozen=True, slots=True)
class Requirement:
    """Another release that has to be installed, in a version of this range."""

    name: str
    version: Range


@dataclass(frozen=True, slots=True)
class Need:
    """What has to be there: a capability that some registered fulfiller has, or a resource pool.

    Attributes:
        specification: id or name of the specification that the work is about; None where a pool is needed.
        action: add, modify, delete, or the kind of another task.
        pool: id or name of the pool; None where a capability is needed.
    """

    specification: str | None
    action: str
    pool: str | None


@dataclass(frozen=True, slots=True)
class Package:
    """One version of a release.

    Attributes:
        name: of the release, to which all its versions belong.
        version: a semantic version.
        specifications: service specifications, completed.
        resource_specifications: resource specifications likewise.
        recipes: versions of recipes, each with its identity, `<name>:<version>`.
        body: as handed in, what it holds completed.
    """

    name: str
    version: str
    requires: tuple[Requirement, ...]
    needs: tuple[Need, ...]
    specifications: tuple[Body, ...]
    resource_specifications: tuple[Body, ...]
    recipes: tuple[Body, ...]
    checks: tuple[Body, ...]
    body: Body

    @property
    def id(self) -> str:
        """Of this version of the release."""
        return release_id(self.name, self.version)


def release_id(name: str, version: str) -> str:
    """The identity of one version of a release."""
    return f"{name}:{version}"


def completed(specification: Mapping[str, Any], kind: str = "ServiceSpecification") -> Body:
    """A specification as it is published: one without an id is called by its name and version."""
    parts = (_NO_ID.sub("-", str(specification.get(name, ""))).strip("-") for name in ("name", "version"))
    made: Body = {"id": "-".join(parts), **specification}
    made.setdefault("@type", kind)
    made.setdefault("lifecycleStatus", "Active")
    return made


def content(specification: Mapping[str, Any]) -> Body:
    """What must not differ between two specifications of one id: all but its status and what the server keeps."""
    return {name: value for name, value in specification.items() if name not in _SERVER_KEPT}


def same_content(body: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two packages say the same."""
    one, another = (
        {**whole, **{name: [content(held) for held in whole.get(name, ())] for name in _SPECIFICATIONS}}
        for whole in (body, other)
    )
    return one == another


def read_package(body: Mapping[str, Any]) -> tuple[Package, list[Violation]]:
    """Return a package that follows its schema, and what is wrong with it taken by itself."""
    violations: list[Violation] = []
    held = {name: tuple(completed(one, kind) for one in body.get(name, ())) for name, kind in _SPECIFICATIONS.items()}
    recipes = tuple({"id": f"{one['name']}:{one['version']}", **one} for one in body.get("recipe", ()))
    violations += _version(body["version"])
    package = Package(
        name=body["name"],
        version=body["version"],
        requires=tuple(_requirements(body, violations)),
        needs=tuple(
            Need(one.get("specification"), one.get("action", "add"), one.get("pool")) for one in body.get("needs", ())
        ),
        specifications=held["serviceSpecification"],
        resource_specifications=held["resourceSpecification"],
        recipes=recipes,
        checks=tuple(body.get("check", ())),
        body=_whole(body, {**held, "recipe": recipes}),
    )
    for name, specifications in held.items():
        violations += _twice(f"/{name}", [one["id"] for one in specifications], "id")
        families = [f"{one['name']} {one.get('version', '')}".strip() for one in specifications]
        violations += _twice(f"/{name}", families, "version")
    violations += _twice("/recipe", [one["id"] for one in recipes], "version")
    violations += _twice("/check", [one["name"] for one in package.checks], "name")
    return package, violations


def _whole(body: Mapping[str, Any], held: Mapping[str, Sequence[Body]]) -> Body:
    """The package with what it holds completed; service specifications stand there even where it has none."""
    parts = {name: list(bodies) for name, bodies in held.items() if bodies or name == "serviceSpecification"}
    return {**body, **parts}


def _version(text: str) -> Iterator[Violation]:
    try:
        Version.parse(text)
    except InvalidVersion as error:
        yield Violation("/version", "invalidVersion", str(error))


def _requirements(body: Mapping[str, Any], violations: list[Violation]) -> Iterator[Requirement]:
    for index, one in enumerate(body.get("requires", ())):
        at = pointer("requires", index)
        if one["name"] == body["name"]:
            violations.append(Violation(f"{at}/name", "requiresItself", "A release cannot require itself."))
        try:
            yield Requirement(one["name"], Range.parse(one.get("version", "*")))
        except InvalidVersion as error:
            violations.append(Violation(f"{at}/version", "invalidVersion", str(error)))


def _twice(at: str, names: Sequence[str], attribute: str) -> Iterator[Violation]:
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        first = seen.setdefault(name, index)
        if first != index:
            text = f"{name!r} stands in this package twice, first at {at}/{first}."
            yield Violation(f"{at}/{index}/{attribute}", "duplicate", text)
