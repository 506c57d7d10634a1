"""Which recipe carries an action out, where policies choose among those that are published for it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from models.domain.releases.versions import Range
from models.domain.specification import Specification

Found = tuple[str, str]
"""Name and version of a recipe."""


@dataclass(frozen=True, slots=True)
class RecipeWish:
    """A recipe that a policy wants for what an order item is broken into.

    Attributes:
        policy: the version that wants it, `<name>:<version>`.
        name: of the recipe.
        versions: a range of its versions; None where any will do.
    """

    policy: str
    name: str
    versions: str | None = None

    def among(self, published: Iterable[Found]) -> Found | None:
        """The first of these recipes that is meant."""
        wanted = Range.parse(self.versions) if self.versions is not None else None
        return next((
            (name, version)
            for name, version in published
            if name == self.name and (wanted is None or wanted.contains(version))
        ), None)  # fmt: skip

    def __str__(self) -> str:
        """As people read it."""
        return f"{self.name} {self.versions}" if self.versions else self.name


def wishes_of(policy: str, result: Mapping[str, Any]) -> tuple[RecipeWish, ...]:
    """The recipes that a recorded decision of the point `decompose` names, each {name, versions?}."""
    return tuple(RecipeWish(policy, one["name"], one.get("versions")) for one in result.get("recipe") or ())


def chosen(specification: Specification, action: str, wishes: Iterable[RecipeWish]) -> Found | None:
    """The recipe of the first wish that is published for this action on a specification; None where none is.

    Of several versions in the wanted range, it is the newest.
    """
    published = specification.recipes.get(action, ())
    return next((found for wish in wishes if (found := wish.among(published)) is not None), None)


def in_words(wish: RecipeWish, published: Iterable[Found]) -> str:
    """Why a wish cannot be met: `published` are the recipes for what the item is broken into."""
    there = ", ".join(dict.fromkeys(f"{name} {version}" for name, version in published)) or "none"
    return (
        f"The policy {wish.policy} wants the recipe {wish}, which is not published for what the item does; "
        f"for that there are: {there}."
    )
