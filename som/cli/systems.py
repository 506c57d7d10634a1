"""Files that describe a service system, for `som apply`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from models.domain.pointers import pointer
from models.domain.service_system import ServiceSystem
from som.cli import files
from som.cli.exits import Unusable

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SYSTEM = ("system", "description", "order", "services")
_SERVICE = ("specification", "state", "characteristics", "needs", "service", "description")
_STATES = ("active", "inactive")
# What the description says in its own words, or what nobody may say.
_NOT_HERE = frozenset({"id", "href", "state", "serviceSpecification", "serviceCharacteristic"})


def read(file: Path, fill: Mapping[str, str]) -> ServiceSystem:
    """Read a description.

    Raises:
        Unusable: it is none; everything that is wrong is named, with its place.
    """
    body = files.read_object(file, fill)
    wrong = list(_wrong(body))
    system = ServiceSystem.of(body) if not wrong else None
    if system is not None:
        wrong = [str(violation) for violation in system.violations()]
    if system is None or wrong:
        raise Unusable("\n".join([f"{file} describes no service system:", *(f"  {text}" for text in wrong)]))
    return system


def _wrong(body: Mapping[str, Any]) -> Iterator[str]:
    yield from _unknown(body, _SYSTEM, "")
    if not _is_name(body.get("system")):
        yield "/system: a name of letters, digits, `.`, `_`, `-` is needed, 64 at most."
    if not isinstance(body.get("order", {}), dict):
        yield "/order: attributes of the order are expected, such as `priority`."
    services = body.get("services")
    if not isinstance(services, dict):
        yield "/services: services are expected, each under its name."
        return
    for name, service in services.items():
        at = pointer("services", name)
        if not _is_name(name):
            yield f"{at}: a service is called by letters, digits, `.`, `_`, `-`, 64 at most."
        if isinstance(service, dict):
            yield from _wrong_service(service, at)
        else:
            yield f"{at}: a service is described by an object."


def _wrong_service(service: Mapping[str, Any], at: str) -> Iterator[str]:
    yield from _unknown(service, _SERVICE, at)
    specification = service.get("specification")
    named = specification if isinstance(specification, dict) else {"name": specification}
    if not any(isinstance(named.get(name), str) and named[name] for name in ("id", "name")):
        yield f"{at}/specification: the name of a specification is needed, or {{id}}, or {{name, version}}."
    if service.get("state", "active") not in _STATES:
        yield f"{at}/state: a service of a system is {' or '.join(_STATES)}."
    for name in ("characteristics", "service"):
        if not isinstance(service.get(name, {}), dict):
            yield f"{at}/{name}: an object is expected."
    needs = service.get("needs", [])
    if not isinstance(needs, list) or not all(isinstance(need, str) for need in needs):
        yield f"{at}/needs: a list of names of services is expected."
    if isinstance(service.get("service"), dict):
        for name in sorted(_NOT_HERE & service["service"].keys()):
            yield f"{at}/service/{name}: this is said beside `service`, or by the server."


def _unknown(body: Mapping[str, Any], known: Sequence[str], at: str) -> Iterator[str]:
    for name in body:
        if name not in known:
            yield f"{at}{pointer(name)}: there is no such attribute; known are {', '.join(known)}."


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None
