"""Forms: JSON Schemas (`models.schemas`) that say what a person reports back."""

from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from models.domain.pointers import pointer
from models.domain.violations import Violation
from models.schemas import compiled, encoded

MAX_BYTES = 100_000
MAX_VIOLATIONS = 20
_MAX_MESSAGE = 300


class JsonSchemaForms:
    """Checks forms, and what is reported by them."""

    def faults(self, form: Any) -> list[Violation]:
        """What is wrong with a form; pointers lead into it."""
        if not isinstance(form, Mapping) or form.get("type", "object") != "object":
            return [Violation("", "invalidForm", "A form is a JSON schema of an object.")]
        if len(text := encoded(form)) > MAX_BYTES:
            return [Violation("", "invalidForm", f"A form can have at most {MAX_BYTES} bytes.")]
        try:
            compiled(text)
        except jsonschema_rs.ValidationError as error:
            message = error.message.partition("\n")[0][:_MAX_MESSAGE]
            return [Violation(pointer(*error.instance_path), "invalidForm", f"This is no JSON schema: {message}.")]
        except (jsonschema_rs.ReferencingError, ValueError) as error:
            return [Violation("", "invalidForm", f"This is no usable JSON schema: {str(error)[:_MAX_MESSAGE]}.")]
        return []

    def violations(self, form: Mapping[str, Any], values: Mapping[str, Any]) -> list[Violation]:
        """What is wrong with reported values; pointers lead into them, for a missing one to where it would stand.

        A form that cannot be used, one of before there were today's bounds, lets all pass.
        """
        found: list[Violation] = []
        try:
            usable = compiled(encoded(form))
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
            return found
        for error in usable.iter_errors(values):
            path = list(error.instance_path)
            code = "invalidValue"
            if error.kind.name == "required":
                path.append(error.kind.as_dict()["property"])
                code = "required"
            found.append(Violation(pointer(*path), code, f"{error.message[:_MAX_MESSAGE]}."))
            if len(found) == MAX_VIOLATIONS:
                break
        return found
