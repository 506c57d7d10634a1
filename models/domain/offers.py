"""What a fulfiller offers: the capabilities that it is registered with, and whether one fits what a task needs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.domain.expressions import ExpressionError, compile_expression
from models.domain.fulfilment import ACTIONS
from models.domain.plan import Capability
from models.domain.violations import Violation

ANY = "*"
CONDITION_NAMES = frozenset({"service", "characteristic"})
_CONDITION_STEPS = 10_000


@dataclass(frozen=True, slots=True)
class Offer:
    """One capability.

    Attributes:
        specification: id of one version, name of a family, or `*`; None where `category` says what it is for.
        category: id or name of a category of specifications, or the category of a service.
        action: add, modify, delete, or `*` for these three; allocate, order, monitor or change.
        places: ids or names of places it works at; one that ends in `*` means all that begin so. None: everywhere.
        condition: expression over `service` and `characteristic` that has to be true.
    """

    specification: str | None
    action: str
    category: str | None = None
    places: tuple[str, ...] = ()
    condition: str | None = None

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> "Offer":
        """Read an entry of a registration."""
        return cls(
            entry.get("specification"),
            entry["action"],
            entry.get("category"),
            tuple(entry.get("place") or ()),
            entry.get("condition"),
        )

    def closeness(self, needed: Capability) -> int | None:
        """How closely it names the need: 0 the very version, 1 the family, 2 a category, 3 anything; else None."""
        names = (needed.specification, needed.name)
        if self.category is not None:
            return 2 if self.category in needed.category else None
        if self.specification == ANY:
            return 3
        return names.index(self.specification) if self.specification and self.specification in names else None

    def does(self, action: str) -> bool:
        """Whether it covers an action; `*` is every action on a service, and no other kind of task."""
        return self.action == action or (self.action == ANY and action in ACTIONS)

    def is_akin(self, action: str) -> bool:
        """Whether it is for tasks of the kind of an action: for work on services, or for just this other thing."""
        return self.action == action or (action in ACTIONS and self.action in (*ACTIONS, ANY))

    def works_at(self, places: Iterable[str]) -> bool:
        """Whether one of the places (ids and names) is one of its own."""
        return not self.places or any(
            place == own or (own.endswith(ANY) and place.startswith(own[:-1]))
            for place in places
            for own in self.places
        )

    def unmet(self, service: Mapping[str, Any]) -> str | None:
        """Why its condition is not met by a service as expressions see it; None where it is."""
        if self.condition is None:
            return None
        context = {"service": service, "characteristic": service.get("characteristic", {})}
        try:
            value = compile_expression(source_of(self.condition)).evaluate(context, steps=_CONDITION_STEPS)
        except ExpressionError as error:
            return f"Its condition {self.condition} cannot be worked out: {error}"
        return None if value is True else f"Its condition is not met: {self.condition}"


def _is_in(place: str, own: str) -> bool:
    return place == own or (own.endswith(ANY) and place.startswith(own[:-1]))


def source_of(condition: str) -> str:
    """The expression itself; as in templates it may begin with `=`."""
    return condition.removeprefix("=")


def wrong_offers(entries: Iterable[Mapping[str, Any]]) -> Iterator[Violation]:
    """Yield what is wrong with capabilities whose types fit the schema."""
    seen: set[Offer] = set()
    for index, entry in enumerate(entries):
        at, offer = f"/capability/{index}", Offer.of(entry)
        if offer in seen:
            yield Violation(
                at, "duplicate", f"{offer.action} of {offer.specification or offer.category} is listed twice."
            )
        seen.add(offer)
        if (offer.specification is None) == (offer.category is None):
            yield Violation(at, "ambiguous", "A capability names either a specification or a category.")
        if offer.condition is not None:
            yield from _wrong_condition(f"{at}/condition", offer.condition)


def _wrong_condition(at: str, condition: str) -> Iterator[Violation]:
    try:
        strangers = compile_expression(source_of(condition)).names - CONDITION_NAMES
    except ExpressionError as error:
        yield Violation(at, error.code, str(error))
        return
    if strangers:
        known = " and ".join(sorted(CONDITION_NAMES))
        yield Violation(at, "unknownName", f"A condition sees {known}; there is no {', '.join(sorted(strangers))}.")
