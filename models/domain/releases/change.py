"""What installing a release, or taking it back, does to specifications. Pure: from bodies to a list of moves."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.domain.relations import relations_of
from models.domain.releases.package import Body, content
from models.domain.specification import ORDERABLE
from models.domain.violations import Violation

RETIRED = "Retired"


@dataclass(frozen=True, slots=True)
class CatalogueChange:
    """What happens to specifications, or to recipes.

    Attributes:
        created: bodies that are published.
        moved: by id the lifecycleStatus (of a recipe: the state) that a present one gets, and the one it had.
        unchanged: ids of those that are there as the package has them.
    """

    created: tuple[Body, ...]
    moved: Mapping[str, tuple[str, str]]
    unchanged: tuple[str, ...]

    def after(self, catalogue: Mapping[str, Body]) -> dict[str, Body]:
        """The catalogue as it will be, by id."""
        made = {key: body if key not in self.moved else {**body, "lifecycleStatus": self.moved[key][0]}
                for key, body in catalogue.items()}  # fmt: skip
        return made | {body["id"]: body for body in self.created}


NOTHING = CatalogueChange((), {}, ())
"""Nothing happens."""


def installation(
    specifications: Sequence[Body],
    catalogue: Mapping[str, Body],
    former: Iterable[str],
    at: str = "serviceSpecification",
) -> tuple[CatalogueChange, list[Violation]]:
    """Return what installing the specifications of a package does, and what stands against it.

    Args:
        specifications: those of one kind that the package holds.
        catalogue: all of that kind by id.
        former: ids of those of the version that it replaces.
        at: the attribute of the package that holds them.
    """
    violations = list(_taken(specifications, catalogue, at))
    own = {body["id"]: body for body in specifications}
    families = {str(body["name"]) for body in specifications}
    replaced = set(former) | {key for key, body in catalogue.items() if str(body.get("name")) in families}
    moved: dict[str, tuple[str, str]] = {}
    for key in sorted(replaced - own.keys()):
        if key in catalogue and is_orderable(catalogue[key]):
            moved[key] = (RETIRED, status_of(catalogue[key]))
    for key, body in own.items():
        if key in catalogue and status_of(catalogue[key]) != status_of(body):
            moved[key] = (status_of(body), status_of(catalogue[key]))
    created = tuple(body for key, body in own.items() if key not in catalogue)
    unchanged = tuple(key for key in own if key in catalogue and key not in moved)
    return CatalogueChange(created, moved, unchanged), violations


Users = Callable[[set[str], Mapping[str, Body], set[str]], Iterable[str]]
"""Says which users of what would be withdrawn are not part of this: of ids, the catalogue, and what moves with them."""


def withdrawal(
    created: Iterable[str],
    moved: Mapping[str, tuple[str, str]],
    catalogue: Mapping[str, Body],
    users: Users | None = None,
) -> tuple[CatalogueChange, list[str]]:
    """Return what taking back an installation does, and the sentences that say why it cannot be.

    Args:
        created: ids that it has published.
        moved: the moves that it has made.
        catalogue: all specifications of the kind by id, as they are now.
        users: says who else needs them; without it, what is made of them or relies on them.
    """
    new = set(created)
    reasons = [
        f"The specification {key}, which would have to be orderable again, is not in the catalogue any more."
        for key in sorted(moved)
        if key not in catalogue
    ]
    back: dict[str, tuple[str, str]] = {}
    for key in sorted(new & catalogue.keys()):
        if is_orderable(catalogue[key]):
            back[key] = (RETIRED, status_of(catalogue[key]))
    for key, (to, before) in moved.items():
        # Whoever has moved it since then had a reason, which is not ours to undo.
        if key in catalogue and status_of(catalogue[key]) == to:
            back[key] = (before, to)
    withdrawn = {key for key, (to, _) in back.items() if to == RETIRED}
    reasons += (users or _users)(withdrawn, catalogue, set(back))
    return CatalogueChange((), back, ()), reasons


def status_of(body: Mapping[str, Any]) -> str:
    """The lifecycleStatus, where none is given the default."""
    return str(body.get("lifecycleStatus") or "Active")


def is_orderable(body: Mapping[str, Any]) -> bool:
    """Whether it can be ordered at all."""
    return status_of(body).lower() in ORDERABLE


def _taken(specifications: Sequence[Body], catalogue: Mapping[str, Body], attribute: str) -> Iterator[Violation]:
    named = {(str(body.get("name")), body.get("version")): key for key, body in catalogue.items()}
    for index, body in enumerate(specifications):
        key, at = body["id"], f"/{attribute}/{index}"
        if key in catalogue:
            if content(catalogue[key]) != content(body):
                text = (
                    f"The catalogue has {key!r} with another content, and a version never changes: give "
                    "this one a new version and an id of its own."
                )
                yield Violation(f"{at}/id", "versionTaken", text)
            continue
        other = named.get((str(body["name"]), body.get("version")))
        if other is not None:
            text = f"The catalogue has {body['name']!r} in version {body.get('version')!r} already: {other}."
            yield Violation(f"{at}/version", "versionTaken", text)


def _users(withdrawn: set[str], catalogue: Mapping[str, Body], moving: set[str]) -> Iterator[str]:
    """Say which specifications, orderable and not part of this, are made of what would be withdrawn."""
    for key, body in sorted(catalogue.items()):
        if key in moving or not is_orderable(body):
            continue
        used = sorted(
            relation.id for relation in relations_of(body)
            if relation.kind in {"bundles", "dependency"} and relation.id in withdrawn
        )  # fmt: skip
        if used:
            yield f"The specification {key} is made of, or relies on, {', '.join(used)}."
