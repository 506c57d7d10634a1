"""The plan that a check expects of its sample order, and how a plan differs from it."""

from collections.abc import Iterator, Mapping
from typing import Any

from models.domain.plan import Plan
from models.domain.pointers import pointer
from models.domain.violations import Violation

Picture = dict[str, Any]


def picture(plan: Plan) -> Picture:
    """A plan as people compare it: every task with the tasks that it waits for, and every service with its change.

    A service is called by the item and its path below it (`1:internet/line`), a task by its service and its name
    (`1:internet/line.build`).
    """
    paths = {service.id: f"{service.item}:{service.path}" for service in plan.services}
    names = {task.key: f"{paths[task.service]}.{task.name}" for task in plan.tasks}
    return {
        "task": {names[task.key]: sorted(names[need] for need in task.needs) for task in plan.tasks},
        "service": {paths[service.id]: f"{service.action} → {service.state}" for service in plan.services},
    }


def unexpected(expected: Mapping[str, Any], actual: Picture, at: str) -> Iterator[Violation]:
    """Say where a plan differs from what is expected of it; of what the expectation does not speak, nothing is said."""
    for part, words in (("task", "waits for"), ("service", "is")):
        if part not in expected:
            continue
        wanted, found = expected[part], actual[part]
        for name in wanted:
            place = f"{at}{pointer(part, name)}"
            if name not in found:
                yield Violation(place, f"missing{part.title()}", f"The plan has no {part} {name}.")
            elif _plain(wanted[name]) != _plain(found[name]):
                text = f"{name} {words} {_said(found[name])} in the plan, not {_said(wanted[name])}."
                yield Violation(place, f"unexpected{part.title()}", text)
        for name in found:
            if name not in wanted:
                text = f"The plan has a {part} that is not expected: {name}."
                yield Violation(f"{at}/{part}", f"unexpected{part.title()}", text)


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value


def _said(value: Any) -> str:
    return (", ".join(value) or "nothing") if isinstance(value, list) else str(value)
