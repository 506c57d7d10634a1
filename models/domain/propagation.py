"""What the change of a service means for the services that rely on it: pure.

Source: IT4IT, Fulfillment Orchestration: all consumers of a shared service see its change. What one takes over follows
its specification's rules, where a template reads `reliesOn.<name>`:

- a characteristic that a task's `output` makes of nothing but `service` and `reliesOn` is taken over at once;
- an `input` that reads what has changed, or a value taken over, means that a fulfiller has to act, so that the service
  has to be modified: `onChange` says whether that is proposed or placed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from models.domain.expressions import ExpressionError, Template, compile_template
from models.domain.fulfilment import RelianceRule
from models.domain.service_change import BUILT, DESIRED
from models.domain.specification import Specification

Document = dict[str, Any]

TOLD = frozenset({"state", "serviceCharacteristic", "feature", "place", "supportingResource", "serviceSpecification"})
"""The attributes of a service whose change its dependents are told of; notes and dates are nobody's business."""

_BY_ACTION = ("add", "modify")
_READ_AT_ONCE = frozenset({"service", "reliesOn"})
NO_RULE = RelianceRule()


@dataclass(frozen=True, slots=True)
class Difference:
    """What of a service has changed.

    Attributes:
        attributes: names of attributes of the TMF638 body.
        characteristics: names of characteristics; None where it is not known which.
    """

    attributes: frozenset[str]
    characteristics: frozenset[str] | None = frozenset()

    def hits(self, path: tuple[str, ...]) -> bool:
        """Whether a path below the service reads something that has changed."""
        if not path:
            return True
        if path[0] != "characteristic":
            return path[0] in self.attributes
        if "serviceCharacteristic" not in self.attributes:
            return False
        return len(path) == 1 or self.characteristics is None or path[1] in self.characteristics


def difference(event: Mapping[str, Any]) -> Difference | None:
    """What an event of a service tells to those who rely on it; None where it is no news for them.

    A service that is being built is waited for, which is another matter.
    """
    before, after = event.get("before") or {}, event.get("after") or {}
    changed = TOLD.intersection({*before, *after})
    if not changed or event.get("state") in DESIRED or before.get("state") in DESIRED:
        return None
    return Difference(
        frozenset(changed), _characteristics(before, after) if "serviceCharacteristic" in changed else frozenset()
    )


def _characteristics(before: Mapping[str, Any], after: Mapping[str, Any]) -> frozenset[str] | None:
    sides = [side.get("serviceCharacteristic") for side in (before, after)]
    if not all(side is None or isinstance(side, list) for side in sides):
        return None
    was, now = (
        {str(one.get("name")): one.get("value") for one in side or () if isinstance(one, Mapping)} for side in sides
    )
    return frozenset(name for name in {*was, *now} if (name in was) != (name in now) or was.get(name) != now.get(name))


@dataclass(frozen=True, slots=True)
class Consequence:
    """What a service has to do with a change of another that it relies on.

    Attributes:
        values: characteristic values that it takes over, as they are to be, by name.
        acts: whether a fulfiller has to act on it.
        on_change: what is done then: `place` a modification, `propose` one, or `none`.
        problems: rules that could not be applied, and why.
    """

    values: Document = field(default_factory=dict)
    acts: bool = False
    on_change: str = "propose"
    problems: tuple[str, ...] = ()


def consequence(
    specification: Specification | None,
    name: str,
    views: tuple[Mapping[str, Any], Mapping[str, Any]],
    changed: Difference,
) -> Consequence:
    """Work out what the change of a service means for one that relies on it.

    Args:
        specification: of the dependent service; without one nothing follows.
        name: by which it knows the other one.
        views: the dependent and the other one as expressions see them.
        changed: what of the other one has changed.
    """
    if specification is None:
        return Consequence(on_change="none")
    service, relied = views
    values, problems = {}, []
    for characteristic, template in _taken_over(specification, name):
        try:
            value = template.evaluate({"service": service, "reliesOn": {name: relied}})
        except (ExpressionError, AttributeError) as error:
            problems.append(f"{characteristic}: {error}")
            continue
        if service.get("characteristic", {}).get(characteristic) != value:
            values[characteristic] = value
    acts = bool(values) or any(changed.hits(path) for path in _acted_on(specification, name))
    rule = specification.fulfilment.relies_on.get(name, NO_RULE)
    living = service.get("state") in BUILT
    return Consequence(values, acts and living, rule.on_change, tuple(problems))


def _taken_over(specification: Specification, name: str) -> Iterator[tuple[str, Template]]:
    """The characteristics that follow from the service relied on alone, and how."""
    for action in _BY_ACTION:
        for task in specification.tasks(action).values():
            output = task.output.get("characteristic") if isinstance(task.output, Mapping) else None
            for characteristic, value in output.items() if isinstance(output, Mapping) else ():
                template = compile_template(value)
                if template.names <= _READ_AT_ONCE and any(path[:2] == ("reliesOn", name) for path in template.paths):
                    yield characteristic, template


def _acted_on(specification: Specification, name: str) -> Iterator[tuple[str, ...]]:
    """The paths below the service relied on that fulfillers are told."""
    for action in _BY_ACTION:
        for task in specification.tasks(action).values():
            if task.input is not None:
                for path in compile_template(task.input).paths:
                    if path[:2] == ("reliesOn", name) or path == ("reliesOn",):
                        yield path[2:]


def noted(known: list[Document], entry: Document) -> list[Document]:
    """What a service says of those it relies on, after one of them has changed: one entry each, the latest word."""
    return [*(one for one in known if one.get("service") != entry["service"]), entry]


def last_seq(known: list[Document], service: str) -> int:
    """The number of the last change of a service that a dependent was told of; 0 where there was none."""
    return next((one.get("seq", 0) for one in known if one.get("service") == service), 0)
