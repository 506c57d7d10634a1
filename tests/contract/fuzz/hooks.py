"""What schemathesis is told of our server; it loads this module into its own process.

Two things only: a path's parameter names something that exists for three requests in four, and a body refers to what
exists; of the boundary values, of which TM Forum's large bodies have tens of thousands, a short run takes a share.
"""

import atexit
import json
import os
import zlib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis import Case, GenerationMode, HookContext, Response
from schemathesis.core.failures import Failure
from schemathesis.core.parameters import ParameterLocation
from schemathesis.openapi.checks import JsonSchemaError

from tests.contract.samples import ORDERS, fulfiller, item, order

# Set by `run.py`.
SEEDS = "SOM_FUZZ_SEEDS"
SHARE = "SOM_FUZZ_SHARE"
ANSWERS = "SOM_FUZZ_ANSWERS"

_answers: Counter[str] = Counter()


@cache
def _ids() -> dict[str, list[str]]:
    loaded: dict[str, list[str]] = json.loads(Path(os.environ[SEEDS]).read_text(encoding="utf-8"))
    return loaded


def _number(case: Case[Any]) -> int:
    """A number that is the same for the same request in every run."""
    told = (case.method, case.path, case.path_parameters, case.query, dict(case.headers or {}), repr(case.body))
    return zlib.crc32(repr(told).encode("utf-8", "replace"))


def _phase(case: Case[Any]) -> str:
    return case.meta.phase.name.value if case.meta is not None else ""


def _is_right(case: Case[Any], location: ParameterLocation) -> bool:
    """Whether this part of the request was not made wrong on purpose."""
    if case.meta is None:
        return True
    part = case.meta.components.get(location)
    wrong = part is not None and part.mode is GenerationMode.NEGATIVE
    return not wrong and case.meta.phase.data.parameter_location is not location


@schemathesis.hook
def filter_case(context: HookContext, case: Case[Any]) -> bool:
    """Take one boundary value in so many, of bodies only: what is said of parameters and headers is little."""
    share = int(os.environ[SHARE])
    in_body = case.meta is not None and case.meta.phase.data.parameter_location is ParameterLocation.BODY
    return _phase(case) != "coverage" or not in_body or _number(case) % share == 0


@schemathesis.hook
def map_case(context: HookContext, case: Case[Any]) -> Case[Any]:
    """Point the request at something that exists, unless that is what was made wrong."""
    number = _number(case)
    if number % 4 and _phase(case) != "stateful":
        _point(case, number)
    return case


def _point(case: Case[Any], number: int) -> None:
    path = case.operation.schema.base_path.rstrip("/") + case.path
    known = _ids().get(f"{case.method} {path}") or _ids().get(path)
    if known and case.path_parameters and _is_right(case, ParameterLocation.PATH):
        case.path_parameters.update(zip(case.path_parameters, known[number // 4 % len(known)].split("/"), strict=True))
    if case.headers and _is_right(case, ParameterLocation.HEADER):
        _agree(case, number)
    if case.method == "POST" and isinstance(case.body, dict) and _is_right(case, ParameterLocation.BODY):
        _refer(case.body, number)
        if case.path == "/planPreview":  # its document leaves the order to the one of TMF641
            case.body["serviceOrderItem"] = order()["serviceOrderItem"]
        elif case.path == "/resource" and number % 3:
            for name in ("id", "href"):  # which version 5 of its document knows, and the server alone sets
                case.body.pop(name, None)
        elif case.path == "/fulfiller" and number % 3:
            _be_usable(case.body)


def _agree(case: Case[Any], number: int) -> None:
    """Let conditions hold: generated ones name no revision, and repeat one key with ever new bodies."""
    for name in list(case.headers):
        if name.lower() == "if-match":
            case.headers[name] = "*"
        elif name.lower() == "idempotency-key":
            case.headers[name] = str(number)


def _be_usable(body: dict[str, Any]) -> None:
    """Let a fulfiller have what its kind asks for: kinds have rules that the document cannot tell."""
    for name in ("settings", "endpoint", "credentials", "id", "agreement", "maintenanceWindow"):
        body.pop(name, None)
    body |= {name: value for name, value in fulfiller().items() if name in ("kind", "capability")}


def _refer(body: dict[str, Any], number: int) -> None:
    """Let an order, a service or a cancellation refer to what exists."""
    if isinstance(body.get("serviceOrder"), dict):
        known = _ids()[f"{ORDERS}/{{id}}"]
        body["serviceOrder"]["id"] = known[number // 4 % len(known)]
    services = [body] if "serviceSpecification" in body else []
    items = body.get("serviceOrderItem")
    services += [item.get("service") for item in items] if isinstance(items, list) else []
    for service in services:
        if isinstance(service, dict):
            service["serviceSpecification"] = item()["service"]["serviceSpecification"]


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
    """Drop what is meant so: a narrowed answer without what its schema requires, and URIs that are read kindly."""
    narrowed = "fields" in (case.query or {}) and "is a required property" in failure.message
    # TM Forum's own samples hold empty addresses and placeholders; so they are accepted, and returned as they came.
    kindly = '"" is not a "uri"' in failure.message
    if isinstance(failure, JsonSchemaError) and (narrowed or kindly):
        return False
    return "not matching the 'uri' format" not in failure.message


@schemathesis.hook
def after_call(context: HookContext, case: Case[Any], response: Response) -> None:
    """Count the answers, so that a run which reached nothing but refusals does not pass for a good one."""
    _answers[f"{case.operation.definition.raw['operationId']} {response.status_code}"] += 1


def _write_answers(place: str) -> None:
    Path(place).write_text(json.dumps(_answers, sort_keys=True), encoding="utf-8")


if ANSWERS in os.environ:  # otherwise this is not the process of a run
    atexit.register(_write_answers, os.environ[ANSWERS])
