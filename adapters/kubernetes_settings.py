"""What a registration of the kind `kubernetes` has to say."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapters.settings_rules import unknown_settings, wrong_values
from models.domain.expressions import ExpressionSyntaxError, compile_template
from models.domain.fulfiller import FulfillerDefinition
from models.domain.trust import is_authority
from models.domain.violations import Violation

IN_CLUSTER = "https://kubernetes.default.svc"
_NEEDED = ("group", "version", "plural", "body")
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


def account_folder() -> Path:
    """Where a pod finds the token and the certificate authority of its service account."""
    return Path("/var/run/secrets/kubernetes.io/serviceaccount")


def violations_of(definition: FulfillerDefinition) -> list[Violation]:
    """What is wrong with it."""
    settings = definition.settings
    found = unknown_settings(settings, [name for name, _, _ in _RULES])
    found.extend(wrong_values(settings, _RULES, needed=_NEEDED))
    for name in ("body", "output", "serviceCharacteristic"):
        try:
            compile_template(settings.get(name))
        except ExpressionSyntaxError as error:
            found.append(Violation(f"/settings/{name}{error.pointer}", "invalidExpression", str(error)))
    if settings.get("inCluster") and not (account_folder() / "token").exists():
        why = "This server does not run in a pod with a service account."
        found.append(Violation("/settings/inCluster", "notAllowed", why))
    if not settings.get("inCluster") and not definition.endpoint:
        why = "A kubernetes fulfiller needs the API server's address as its endpoint, or inCluster."
        found.append(Violation("/endpoint", "missing", why))
    return found


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def _is_body(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("kind"), str)


def _is_condition(value: Any) -> bool:
    """{type, status?}."""
    return (
        isinstance(value, Mapping)
        and value.keys() <= {"type", "status"}
        and all(isinstance(part, str) for part in value.values())
        and "type" in value
    )


_RULES = (
    ("group", "the API group of the resource", _is_name),
    ("version", "the version of the API group", _is_name),
    ("plural", "the resource's plural name", _is_name),
    ("namespace", "a namespace", _is_name),
    ("body", "an object with at least a kind", _is_body),
    ("ready", "a condition: {type, status}", _is_condition),
    ("failed", "a condition: {type, status}", _is_condition),
    ("output", "an object", lambda value: isinstance(value, Mapping)),
    ("serviceCharacteristic", "a list", lambda value: isinstance(value, list)),
    ("certificateAuthority", "a certificate in PEM", is_authority),
    ("inCluster", "true or false", lambda value: isinstance(value, bool)),
)
