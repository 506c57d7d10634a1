"""What several version 5 APIs write alike: references in objects of their own, characteristics, and classes.

Sources: the schemas of TMF639 v5.0, TMF638 v5.0 and TMF641 v5.0. TM Forum marks with `Ref` what only refers to a thing.
"""

from collections.abc import Callable, Mapping

from models.wire.table import Attribute, Body, Inner, Table, Typed, always

_SCALARS: Mapping[type, str] = {bool: "Boolean", int: "Integer", float: "Number", str: "String", dict: "Object"}


def of_class(name: str) -> Typed:
    """The class that objects have which say none."""
    return Typed(lambda _: name)


def _characteristic_class(body: Body) -> str:
    """The class that goes with the value, such as `StringCharacteristic` or `NumberArrayCharacteristic`."""
    value = body.get("value")
    if not isinstance(value, list):
        return f"{_SCALARS.get(type(value), '')}Characteristic"
    kinds = {_SCALARS.get(type(element), "") for element in value}
    if kinds == {"Integer", "Number"}:
        kinds = {"Number"}
    kind = kinds.pop() if len(kinds) == 1 else ""
    return f"{kind}ArrayCharacteristic" if kind else "Characteristic"


CHARACTERISTIC_CLASSES = frozenset(
    {"Characteristic"} | {f"{kind}{array}Characteristic" for kind in _SCALARS.values() for array in ("", "Array")}
)
CHARACTERISTIC = Table(
    attributes={
        "characteristicRelationship": Attribute(table=always(Table(typed=of_class("CharacteristicRelationship"))))
    },
    typed=Typed(_characteristic_class, CHARACTERISTIC_CLASSES),
)
CHARACTERISTICS = Attribute(table=always(CHARACTERISTIC))

_ROLES = frozenset({"PartyRole", "PartyRoleRef", "Customer", "Supplier", "BusinessPartner", "Producer"})


def _party_class(body: Body) -> str:
    return "PartyRoleRef" if body.get("@referredType") in _ROLES or "partyId" in body else "PartyRef"


RELATED_PARTY = Table(
    typed=Typed(lambda _: "RelatedPartyRefOrPartyRoleRef"),
    inner=Inner("partyOrPartyRole", frozenset({"role"}), Typed(_party_class, frozenset({"PartyRef", "PartyRoleRef"}))),
)
RELATED_PARTIES = Attribute(table=always(RELATED_PARTY))


def classes(name: str) -> Callable[[Body], Table]:
    """The table of objects that only need a class."""
    return always(Table(typed=of_class(name)))


def attributes(**named: str) -> dict[str, Attribute]:
    """Attributes that hold objects which only need a class, given by the attribute's name."""
    return {name: Attribute(table=classes(made)) for name, made in named.items()}
