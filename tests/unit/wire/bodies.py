"""Stored resources, and conditions on them as version 5 writes them."""

from typing import Any

from hypothesis import strategies as st

from models.domain.filters import And, Compare, Condition, Element, Exists, Match, Not, Op, Or, StartsWith

Json = dict[str, Any]

WORDS = st.sampled_from(["a", "b", "ab"])


def _some(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    """An object that may lack any of its attributes."""
    return st.fixed_dictionaries({}, optional=values)


PLACES = st.fixed_dictionaries({"id": WORDS}, optional={"role": WORDS, "name": WORDS})
PARTIES = st.fixed_dictionaries({"id": WORDS}, optional={"role": WORDS, "@referredType": st.just("Individual")})


def stored_resources() -> st.SearchStrategy[Json]:
    """Bodies as they are stored."""
    return _some(
        name=WORDS,
        resourceStatus=st.sampled_from(["available", "reserved"]),
        operationalState=st.sampled_from(["enable", "disable"]),
        administrativeState=st.sampled_from(["locked", "unlocked", "shutdown"]),
        place=st.one_of(PLACES, st.lists(PLACES, min_size=2, max_size=3)),
        relatedParty=st.lists(PARTIES, max_size=3),
        resourceRelationship=st.lists(_some(id=WORDS, relationshipType=WORDS), max_size=2),
        resourceCharacteristic=st.lists(_some(name=WORDS, value=st.one_of(WORDS, st.integers(0, 3))), max_size=2),
    )


_PATHS = [
    ("name",), ("operationalState",), ("administrativeState",), ("place", "role"), ("place", "place", "id"),
    ("place", 0, "role"), ("place", 1, "place", "id"), ("relatedParty", "partyOrPartyRole", "id"),
    ("relatedParty", "role"), ("relatedParty", 0, "partyOrPartyRole", "id"), ("resourceRelationship", "resource", "id"),
    ("resourceCharacteristic", "value"),
]  # fmt: skip
_VALUES = ["a", "b", "ab", "enabled", "disabled", "enable", "shuttingDown", "locked", 1]
_INNER = [
    ("place", ("role",)), ("place", ("place", "id")), ("relatedParty", ("partyOrPartyRole", "id")),
    ("relatedParty", ("role",)), ("resourceRelationship", ("resource", "id")),
]  # fmt: skip


def _compared(path: tuple[str | int, ...]) -> st.SearchStrategy[Condition]:
    values = st.lists(st.sampled_from(_VALUES), min_size=1, max_size=2).map(tuple)
    return st.one_of(
        st.builds(Compare, st.just(path), st.sampled_from(Op), values),
        st.builds(Match, st.just(path), st.sampled_from(["a", "able", "^e", "ing"])),
        st.builds(StartsWith, st.just(path), st.sampled_from(["a", "en", "s"])),
        st.builds(Exists, st.just(path)),
    )


def _elements() -> st.SearchStrategy[Condition]:
    """One element that meets two conditions at once."""
    return st.sampled_from(["place", "relatedParty", "resourceRelationship"]).flatmap(
        lambda name: st.builds(
            Element,
            st.just((name,)),
            st.lists(
                st.sampled_from([inner for of, inner in _INNER if of == name]).flatmap(_compared),
                min_size=1,
                max_size=2,
            ).map(lambda all_of: And(tuple(all_of))),
        )
    )


def conditions() -> st.SearchStrategy[Condition]:
    """Conditions on bodies as version 5 writes them."""
    return st.recursive(
        st.one_of(st.sampled_from(_PATHS).flatmap(_compared), _elements()),
        lambda inner: st.one_of(
            st.builds(Not, inner),
            st.lists(inner, min_size=1, max_size=2).map(lambda some: And(tuple(some))),
            st.lists(inner, min_size=1, max_size=2).map(lambda some: Or(tuple(some))),
        ),
        max_leaves=4,
    )
