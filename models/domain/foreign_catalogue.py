"""Service specifications of other systems, in our words. Pure: from a body to a body, and notes on what was done.

Read are TMF633 as it is, its older forms (before v4.1 `serviceSpecCharacteristic` and `serviceSpecCharacteristicValue`,
`type` of a relationship, `default` of a value), and OpenSlice, which keeps that form and has habits of its own: `uuid`,
null for whatever is not given, value types of databases (`SMALLINT`, `ENUM`, `LONGTEXT`), values as {value, alias},
and a single value that is no restriction but a default. A body in our words comes back as it was.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.domain.characteristics.value_types import as_written, number_of, value_type_of
from models.domain.pointers import pointer

Body = dict[str, Any]

_KEPT_BY_SERVER = ("href", "lastUpdate")
_RENAMED = {"serviceSpecCharacteristic": "specCharacteristic"}
_RENAMED_IN_CHARACTERISTIC = {
    "serviceSpecCharacteristicValue": "characteristicValueSpecification",
    "serviceSpecCharRelationship": "charSpecRelationship",
}
_TYPES = {"smallint": "integer", "longint": "integer", "bigint": "integer", "enum": "string", "longtext": "string",
          "binary": "string"}  # fmt: skip
_COLLECTIONS = frozenset({"set", "array"})
_MADE_OF = "bundles"
_KINDS = frozenset({"bundles", "dependency", "exclusivity", "substitution"})
_STATUS = "In design"


@dataclass(frozen=True, slots=True)
class Note:
    """Something that a user should know of what was read.

    Attributes:
        pointer: where, in the body as it was given.
        message: what was done, in a sentence.
    """

    pointer: str
    message: str

    def __str__(self) -> str:
        """Where, and what."""
        return f"{self.pointer}: {self.message}" if self.pointer else self.message


def translated(given: Mapping[str, Any]) -> tuple[Body, list[Note]]:
    """Return a specification in our words, and what was changed or left out on the way."""
    notes: list[Note] = []
    if not _is_foreign(given):
        return dict(given), notes
    body = _renamed(without_nulls(given), _RENAMED, "", notes)
    key = body.pop("uuid", None)
    if key is not None:
        body.setdefault("id", key)
    for name in _KEPT_BY_SERVER:
        body.pop(name, None)
    body["specCharacteristic"] = [
        _characteristic(one, pointer("serviceSpecCharacteristic", index), notes)
        for index, one in enumerate(body.get("specCharacteristic", ()))
    ]
    body["serviceSpecRelationship"] = list(_relationships(body, notes))
    for name in [name for name, value in body.items() if value == []]:
        del body[name]
    body.setdefault("version", "1")
    body["lifecycleStatus"] = _status(body.get("lifecycleStatus"), notes)
    return body, notes


def without_nulls(value: Any) -> Any:
    """The same without attributes that say nothing."""
    if isinstance(value, Mapping):
        return {name: without_nulls(part) for name, part in value.items() if part is not None}
    return [without_nulls(part) for part in value] if isinstance(value, list) else value


def _is_foreign(body: Mapping[str, Any]) -> bool:
    """Whether it says something in words that are not ours."""
    if "uuid" in body or any(name in body for name in _RENAMED) or any(value is None for value in body.values()):
        return True
    relations: Iterable[Any] = body.get("serviceSpecRelationship") or ()
    return any(isinstance(one, Mapping) and "relationshipType" not in one for one in relations)


def _renamed(body: Body, names: Mapping[str, str], at: str, notes: list[Note]) -> Body:
    made: Body = {}
    for name, value in body.items():
        if name in names and names[name] in body:
            notes.append(Note(f"{at}/{name}", f"left out, since there is {names[name]}, too"))
        else:
            made[names.get(name, name)] = value
    return made


def _characteristic(given: Body, at: str, notes: list[Note]) -> Body:
    body = _renamed(given, _RENAMED_IN_CHARACTERISTIC, at, notes)
    for name in ("uuid", "id", "href"):
        body.pop(name, None)
    word = str(body.get("valueType", ""))
    if word.lower() in _TYPES:
        body["valueType"] = _TYPES[word.lower()]
    options = list(_options(body, at, notes))
    body.pop("characteristicValueSpecification", None)
    if options:
        body["characteristicValueSpecification"] = options
    if options and word.lower() in _COLLECTIONS:
        body["extensible"] = True
        notes.append(Note(at, "its values are elements of a list, which is not checked here: extensible"))
    return body


def _options(body: Body, at: str, notes: list[Note]) -> Iterator[Body]:
    given = body.get("characteristicValueSpecification") or []
    value_type = value_type_of(body.get("valueType"))
    for index, one in enumerate(given):
        option = {name: value for name, value in one.items() if name not in {"uuid", "id", "href", "default", "alias"}}
        if one.get("default") is True:
            option["isDefault"] = True
        value = one.get("value")
        if isinstance(value, Mapping) and "value" in value:
            alias = value.get("alias")
            value = value["value"]
            if alias:
                notes.append(Note(f"{at}/serviceSpecCharacteristicValue/{index}/value/alias", f"{alias!r} left out"))
        if value is not None and value != "":
            option["value"] = as_written(value_type, value)
        else:
            option.pop("value", None)
        for end in ("valueFrom", "valueTo"):
            if isinstance(option.get(end), str):
                option[end] = number_of(option[end])
        option.pop("valueType", None)
        # "N/A" and the like: a unit that is none.
        if str(option.get("unitOfMeasure", "")).upper() in {"N/A", "", "NONE"}:
            option.pop("unitOfMeasure", None)
        if any(name in option for name in ("value", "valueFrom", "valueTo", "regex")):
            yield option


def _relationships(body: Body, notes: list[Note]) -> Iterator[Body]:
    for index, one in enumerate(body.get("serviceSpecRelationship") or ()):
        at = pointer("serviceSpecRelationship", index)
        made = {name: value for name, value in one.items() if name not in {"uuid", "href", "type"}}
        if "uuid" in one:
            made.setdefault("id", one["uuid"])
        kind = str(one.get("relationshipType") or one.get("type") or "")
        if kind.lower() not in _KINDS:
            # OpenSlice orders whatever a specification is related to along with it.
            notes.append(Note(at, f"{kind!r} is taken for {_MADE_OF!r}" if kind else f"taken for {_MADE_OF!r}"))
            kind = _MADE_OF
        yield {**made, "relationshipType": kind.lower()}


def _status(given: Any, notes: list[Note]) -> str:
    status = str(given or _STATUS)
    if not given:
        notes.append(Note("/lifecycleStatus", f"none is given; taken for {_STATUS!r}, so that nobody can order it yet"))
    return status
