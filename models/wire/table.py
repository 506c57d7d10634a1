"""How a version of an API writes the objects that we store: what a table says.

A stored body is the superset of all versions, in the form of the oldest one that we serve. A table names what its
version writes otherwise; what it does not name is the same on the wire. A table is data: `bodies` applies it to
bodies, `queries` to filters, sorts and choices of fields, `events` to events.

What the versions of TM Forum's APIs do to each other's objects comes down to what stands here: they write a value
otherwise (TMF639 v5: `enabled` for `enable`) or an attribute under another name, leave one out (`externalId` in TMF641
v5), put the reference that an object is into an object of its own (`relatedParty.partyOrPartyRole`, `place.place`,
`relatedEntity.entity`), write one of several (`errorMessage`) or a list of one (`place`), ask for a class (`@type`)
everywhere, and let something be a reference or the thing itself, told apart by its class (`ServiceRefOrValue`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any

Body = Mapping[str, Any]


class Count(Enum):
    """How many of a thing are stored, and how many a version writes."""

    SAME = "same"
    """As stored: a list is a list."""

    FIRST = "first"
    """One is written, the first where several are stored."""

    LIST = "list"
    """A list is written, also where one is stored as it is."""


@dataclass(frozen=True, slots=True)
class Typed:
    """The class that an object on the wire says it is of.

    Attributes:
        of: the class of a stored object that says none.
        among: the classes that the server decides itself; one of them in a stored object is decided anew.
    """

    of: Callable[[Body], str]
    among: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Inner:
    """An object of its own on the wire, into which the attributes of the stored object go.

    Attributes:
        name: the wire's attribute that holds it.
        outside: the stored attributes that stay outside of it.
        typed: its class. That of the object around it is the table's.
    """

    name: str
    outside: frozenset[str]
    typed: Typed


@dataclass(frozen=True, eq=False)
class Table:
    """How a version writes one kind of object.

    Attributes:
        attributes: what is written otherwise, by the stored name.
        hidden: stored attributes that the version does not have.
        typed: its class; None where it is as stored.
        inner: an object on the wire that has most of its attributes.
    """

    attributes: Mapping[str, "Attribute"] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    typed: Typed | None = None
    inner: Inner | None = None

    @cached_property
    def stored_names(self) -> Mapping[str, str]:
        """The stored name of each attribute that has another one on the wire."""
        return {rule.name: name for name, rule in self.attributes.items() if rule.name is not None}

    def find(self, written_name: str) -> tuple[str, "Attribute"]:
        """The stored name of an attribute of the wire, and how it is written."""
        name = self.stored_names.get(written_name, written_name)
        return name, self.attributes.get(name, PLAIN_ATTRIBUTE)


@dataclass(frozen=True, eq=False)
class Attribute:
    """How a version writes one attribute.

    Attributes:
        name: on the wire; None for the stored one.
        values: every value that it has, as stored and as written.
        table: of the object or objects that stand there, chosen by one of them: by its class where it may be a
            reference or the thing itself. Of an empty one, the table by which paths into it are read.
        count: how many are written.
    """

    name: str | None = None
    values: Mapping[str, str] | None = None
    table: Callable[[Body], Table] | None = None
    count: Count = Count.SAME

    @cached_property
    def stored_values(self) -> Mapping[str, str]:
        """The stored value for each written one."""
        return {written_value: value for value, written_value in (self.values or {}).items()}


PLAIN_ATTRIBUTE = Attribute()
PLAIN = Table()
"""How a version writes what it leaves as it is stored."""


def always(table: Table) -> Callable[[Body], Table]:
    """The choice between tables where there is only one."""
    return lambda _: table


def ref_or_value(ref: Table, value: Callable[[], Table]) -> Callable[[Body], Table]:
    """The choice where something may be a reference or the thing itself: by `@type`, which ends in `Ref` or does not.

    Without a class it is a reference, if it has nothing that a reference has not. The thing's table is asked for when
    it is needed, since it may hold things of its own kind.
    """

    def choose(body: Body) -> Table:
        given = body.get("@type")
        is_ref = given.endswith("Ref") if isinstance(given, str) else bool(body) and not body.keys() - _OF_A_REFERENCE
        return ref if is_ref else value()

    return choose


_OF_A_REFERENCE = frozenset({"id", "href", "name", "version", "@baseType", "@schemaLocation", "@referredType"})
