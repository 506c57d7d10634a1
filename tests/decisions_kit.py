"""The test cases of DMN's compatibility kit (https://github.com/dmn-tck/tck), which are not part of this project.

A case names a model, its inputs, and what some of its decisions give.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from models.dmn import survey
from models.domain.decisions import Decisions, UnusableDecision, assess
from models.domain.expressions import ExpressionError
from models.domain.expressions.plain import plain_decision
from models.domain.expressions.runtime import checked_result
from models.domain.expressions.values.calendar_text import temporal_of, text_of
from models.safe_xml import parse

_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


@dataclass(frozen=True, slots=True)
class Case:
    """One expected value: of a decision, or of a service called as one."""

    label: str
    model: Path
    name: str
    inputs: dict[str, Any]
    expected: Any


def cases(folder_: Path) -> Iterator[Case]:
    """Yield all expected values of all test files below a folder."""
    for file in sorted(folder_.rglob("*-test-*.xml")):
        root = parse(file.read_bytes())
        model = next((child.text for child in root if _local(child) == "modelName"), "") or ""
        for case in root:
            if _local(case) != "testCase":
                continue
            inputs = {part.get("name", ""): _value(part) for part in case if _local(part) == "inputNode"}
            service = case.get("invocableName", "") if case.get("type") == "decisionService" else ""
            for result in case:
                if _local(result) == "resultNode":
                    expected = next((part for part in result if _local(part) == "expected"), None)
                    wanted = _value(expected) if expected is not None else None
                    name = service or result.get("name", "")
                    yield Case(f"{file.stem}/{case.get('id')}/{name}", file.parent / model, name, inputs, wanted)


def outcome(case: Case, models: dict[Path, Decisions]) -> Any:
    """Return what this program gives. What cannot be read or computed is null, as the kit has it."""
    if case.model not in models:
        models[case.model] = survey(case.model.read_bytes())[0]
    try:
        return plain_decision(checked_result(assess(models[case.model], case.name, case.inputs).value))
    except (UnusableDecision, ExpressionError):
        return None


def agrees(given: Any, expected: Any) -> bool:
    """Tell whether values agree; numbers to eight digits, as the kit's runners compare."""
    if isinstance(expected, dict):
        return (
            isinstance(given, dict)
            and given.keys() == expected.keys()
            and all(agrees(given[key], value) for key, value in expected.items())
        )
    if isinstance(expected, list):
        return isinstance(given, list) and len(given) == len(expected) and all(map(agrees, given, expected))
    if isinstance(expected, int | float) and not isinstance(expected, bool):
        return (
            isinstance(given, int | float)
            and not isinstance(given, bool)
            and math.isclose(given, expected, rel_tol=1e-8, abs_tol=1e-8)
        )
    return type(given) is type(expected) and given == expected


def _value(element: Element) -> Any:
    """Return the value that an inputNode, expected, item or component holds."""
    for child in element:
        match _local(child):
            case "value":
                return _scalar(child)
            case "list":
                return None if child.get(_NIL) == "true" else [_value(item) for item in child if _local(item) == "item"]
            case "component":
                return {part.get("name", ""): _value(part) for part in element if _local(part) == "component"}
    return None


def _scalar(element: Element) -> Any:
    if element.get(_NIL) == "true":
        return None
    text, kind = element.text or "", (element.get(_TYPE) or "xsd:string").rpartition(":")[2]
    if kind in ("decimal", "double", "integer", "int", "float", "long"):
        return float(text)
    if kind in ("date", "time", "dateTime", "duration", "dayTimeDuration", "yearMonthDuration"):
        read = temporal_of(text.strip())
        return text if read is None else text_of(read)
    return text.strip() == "true" if kind == "boolean" else text


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
