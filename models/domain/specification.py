"""A service specification (TMF633), typed and compiled for decomposition.

The body stays what the catalogue's user wrote; this is the view of it that the engine works with. It is made once per
version and kept, since compiling characteristics and expressions costs more than using them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.domain.characteristics import CharacteristicRules
from models.domain.errors import InvalidRequest
from models.domain.expressions import ExpressionError, Template, compile_template
from models.domain.fulfilment import ChildRule, Fulfilment, RelianceRule, TaskRule, default_task, with_releases
from models.domain.fulfilment_reader import read_fulfilment
from models.domain.patterns import PatternEngine
from models.domain.pointers import pointer
from models.domain.relations import Relation, Validity, relations_of
from models.domain.violations import Violation

ORDERABLE = frozenset({"active", "launched"})

Choices = Mapping[str, tuple[tuple[str, str], ...]]
"""Name and version of recipes, by the action that they are published for."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """Compiled templates that say how another service comes to be, or is found."""

    characteristic: Mapping[str, Template]
    quantity: Template | None = None
    condition: Template | None = None
    match: Mapping[str, Template] | None = None


@dataclass(frozen=True, slots=True)
class Specification:
    """One version of a service specification.

    Attributes:
        id: of this version.
        name: of the family, to which all versions belong.
        relations: to other specifications, in the order of the body.
        rules: what characteristics a service of it has.
        fulfilment: the typed extension.
        children: how values flow down to what it is made of; by relation name.
        reliances: the same for what it relies on.
        category: CFS or RFS where its @type tells.
        categories: ids and names of the catalogue's categories that it belongs to.
        operations: by the name of each operation what its inputs may be.
        recipes: name and version of those that are published for each action; which one runs, policies may say.
    """

    id: str
    name: str
    version: str | None
    lifecycle_status: str
    validity: Validity
    is_bundle: bool
    category: str | None
    relations: tuple[Relation, ...]
    rules: CharacteristicRules
    fulfilment: Fulfilment
    children: Mapping[str, Mapped]
    reliances: Mapping[str, Mapped]
    categories: tuple[str, ...] = ()
    operations: Mapping[str, CharacteristicRules] = field(default_factory=dict)
    recipes: Choices = field(default_factory=dict)

    @classmethod
    def from_body(cls, body: Mapping[str, Any], patterns: PatternEngine) -> "Specification":
        """Compile a body.

        Raises:
            InvalidRequest: the extension or an expression in it is malformed; a published one never is.
        """
        fulfilment, violations = read_fulfilment(body.get("fulfilment", {}))
        compiler = _Compiler(violations)
        children = {name: compiler.child(name, rule) for name, rule in fulfilment.children.items()}
        reliances = {name: compiler.reliance(name, rule) for name, rule in fulfilment.relies_on.items()}
        if violations:
            raise InvalidRequest(violations)
        relations = relations_of(body)
        return cls(
            id=str(body.get("id", "")),
            name=str(body.get("name") or body.get("id", "")),
            version=body.get("version"),
            lifecycle_status=str(body.get("lifecycleStatus") or "Active"),
            validity=Validity.of(body),
            is_bundle=bool(body.get("isBundle")) or any(relation.kind == "bundles" for relation in relations),
            category=_category(body),
            relations=relations,
            rules=CharacteristicRules.from_specification(body, patterns),
            fulfilment=fulfilment,
            children=children,
            reliances=reliances,
            categories=_categories(body.get("category")),
            operations={
                name: CharacteristicRules.from_specification({"specCharacteristic": list(rule.input)}, patterns)
                for name, rule in fulfilment.operations.items()
            },
        )

    @property
    def bundled(self) -> tuple[Relation, ...]:
        """What it is made of."""
        return tuple(relation for relation in self.relations if relation.kind == "bundles")

    @property
    def dependencies(self) -> tuple[Relation, ...]:
        """What it relies on."""
        return tuple(relation for relation in self.relations if relation.kind == "dependency")

    @property
    def reference(self) -> dict[str, Any]:
        """As a service refers to it."""
        version = {"version": self.version} if self.version else {}
        return {"id": self.id, "name": self.name, **version, "@referredType": "ServiceSpecification"}

    def not_orderable(self, at: str) -> str | None:
        """Return why it cannot be ordered at this moment, or None where it can."""
        if self.lifecycle_status.lower() not in ORDERABLE:
            return f"its lifecycleStatus is {self.lifecycle_status}, and only Active and Launched can be ordered"
        if not self.validity.holds(at):
            return f"it is valid from {self.validity.start or 'ever'} until {self.validity.end or 'further notice'}"
        return None

    def tasks(self, action: str, operation: str | None = None) -> Mapping[str, TaskRule]:
        """Return the tasks of an action, or of a named operation.

        Without rules a leaf has one, and what is made of others has none. In delete what the other actions have
        allocated is given back.
        """
        if operation is not None:
            named = self.fulfilment.operations.get(operation)
            return named.tasks if named is not None else {}
        given = self.fulfilment.tasks.get(action)
        if given is None:
            given = {} if self.bundled else {action: default_task(action)}
        if action != "delete":
            return given
        others = [rule for other in ("add", "modify") for rule in self.fulfilment.tasks.get(other, {}).values()]
        return with_releases(given, others)


class _Compiler:
    def __init__(self, violations: list[Violation]) -> None:
        self._violations = violations

    def child(self, name: str, rule: ChildRule) -> Mapped:
        at = f"/fulfilment/children{pointer(name)}"
        return Mapped(
            characteristic=self._templates(rule.characteristic, f"{at}/characteristic"),
            quantity=self._template(rule.quantity, f"{at}/quantity"),
            condition=self._optional(rule.condition, f"{at}/condition"),
        )

    def reliance(self, name: str, rule: RelianceRule) -> Mapped:
        at = f"/fulfilment/reliesOn{pointer(name)}"
        return Mapped(
            characteristic=self._templates(rule.characteristic, f"{at}/characteristic"),
            condition=self._optional(rule.condition, f"{at}/condition"),
            match=self._templates(rule.match, f"{at}/match/characteristic"),
        )

    def _templates(self, values: Mapping[str, Any], at: str) -> dict[str, Template]:
        compiled = {name: self._template(value, at + pointer(name)) for name, value in values.items()}
        return {name: template for name, template in compiled.items() if template is not None}

    def _optional(self, value: str | None, at: str) -> Template | None:
        return None if value is None else self._template(value, at)

    def _template(self, value: Any, at: str) -> Template | None:
        try:
            return compile_template(value)
        except ExpressionError as error:
            self._violations.append(Violation(at, error.code, str(error)))
            return None


def _category(body: Mapping[str, Any]) -> str | None:
    kind = str(body.get("@type", ""))
    if kind.startswith("CustomerFacing"):
        return "CFS"
    return "RFS" if kind.startswith("ResourceFacing") else None


def _categories(given: Any) -> tuple[str, ...]:
    """Ids and names out of `category`: a text, a reference {id, name}, or a list of such."""
    entries = given if isinstance(given, list) else [given]
    names = [
        name
        for entry in entries
        for name in ((entry.get("id"), entry.get("name")) if isinstance(entry, Mapping) else (entry,))
    ]
    return tuple(dict.fromkeys(name for name in names if isinstance(name, str) and name))
