"""Recipes for tests of the engine, written short."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from models.domain.plan import Plan
from tests.integration.engine.harness import Document, plan_of

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:som="urn:som:recipe:1"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="urn:test">
<error id="noPort" errorCode="noPort"/><message id="wake" name="wake"/>
<process id="p" isExecutable="true">"""


def bpmn(*elements: str) -> str:
    """A file with one process of these elements."""
    return "\n".join([_HEAD, *elements, "</process></definitions>"])


def flows(*ways: str) -> str:
    """Sequence flows, written `from>to`, with a condition in brackets: `from>to[x > 1]`."""
    return "\n".join(_flow(way) for way in ways)


def _flow(way: str) -> str:
    ends, _, condition = way.partition("[")
    source, _, target = ends.partition(">")
    text = condition.removesuffix("]").replace("<", "&lt;").replace(">", "&gt;")
    inner = f'<conditionExpression xsi:type="tFormalExpression">={text}</conditionExpression>' if text else ""
    return f'<sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>'


def service(key: str, task: str = "", **inputs: str) -> str:
    """A service task whose input `name` is its id."""
    given = {"name": key, **inputs}
    mapped = "".join(f'<som:input name="{name}" value="{value}"/>' for name, value in given.items())
    own = f"<som:task {task}/>" if task else ""
    return f'<serviceTask id="{key}"><extensionElements>{own}{mapped}</extensionElements></serviceTask>'


def running(name: str, version: str = "1.0.0", **changes: Any) -> Callable[[Document], Plan]:
    """A plan of one task that runs a recipe."""

    def make(order: Document) -> Plan:
        plan = plan_of("1/run")(order)
        run = replace(plan.tasks[0], kind="recipe", recipe=(name, version), input=None, **changes)
        return replace(plan, tasks=(run,))

    return make
