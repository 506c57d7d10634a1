"""Whether what a recipe maps can be what its JSON Schemas declare: what never can is found before a run."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from models.domain.expressions import ExpressionError
from models.domain.recipes.fitting import is_plain
from models.domain.recipes.model import Node, Process, Recipe
from models.domain.recipes.naming import at_node
from models.domain.recipes.problems import Problem
from models.domain.recipes.run import Fits
from models.domain.recipes.values import compiled

Schema = Mapping[str, Any]
_NO_CONTEXT = "is none of an object, whose `properties` are the values by name."
_DEFINITIONS = ("$defs", "definitions")


def check(recipe: Recipe, process: Process, fits: Fits | None) -> Iterator[Problem]:
    """Yield what mappings make that cannot be what is declared; without `fits`, values themselves are not looked at."""
    yield from _boundaries(process)
    for node in process.nodes.values():
        work = node.work
        if not _of_contexts(work.input_schema):
            yield at_node(node, "misfit", "incomplete", f"Its inputSchema {_NO_CONTEXT}")
        if node.task not in ("script", "rule") and not _of_contexts(work.output_schema):
            yield at_node(node, "misfit", "incomplete", f"Its outputSchema {_NO_CONTEXT}")
        if work.inputs is not None:
            whole = node.kind == "task" and node.task != "call"
            yield from _against(node, work.input_schema, "it", fits, whole=whole)
        called = recipe.processes.get(work.process or "") if node.task == "call" else None
        if called is not None:
            whom = repr(called.name or work.process)
            yield from _against(node, called.input_schema, whom, fits, whole=not work.passes)


def _boundaries(process: Process) -> Iterator[Problem]:
    """Yield what a process declares to begin with, or to leave, that is no context."""
    for which, schema in (("inputSchema", process.input_schema), ("outputSchema", process.output_schema)):
        if not _of_contexts(schema):
            reason = f"Its {which} {_NO_CONTEXT}"
            yield Problem(process.id, process.name, "process", "misfit", "incomplete", reason)


def _of_contexts(schema: Schema | None) -> bool:
    """Whether an object can be what a schema declares, as far as its type says so."""
    kinds = (schema or {}).get("type", "object")
    return "object" in (kinds if isinstance(kinds, list) else [kinds])


def unbound(process: Process, given: Collection[str]) -> Iterator[Problem]:
    """Yield what a recipe that orders start needs to begin with, and no order brings; `given` are what they bring."""
    schema = process.input_schema or {}
    required = frozenset(schema.get("required") or ())
    for name in sorted(required - frozenset(given)):
        reason = f"It is bound to a specification, and begins only with {name!r}, which no order brings."
        yield Problem(process.id, process.name, "process", "unknownValue", "incomplete", reason)


def _against(node: Node, schema: Schema | None, whom: str, fits: Fits | None, *, whole: bool) -> Iterator[Problem]:
    """Yield what of a mapping cannot be what is declared; `whole`: nothing but what it makes is given."""
    if schema is None or not is_plain(schema):
        return
    mapping = dict(node.work.inputs or ())
    made = {target.partition(".")[0] for target in mapping}
    for name in (schema.get("required") or ()) if whole else ():
        if name not in made:
            yield at_node(node, "unknownValue", "incomplete", f"It maps no input {name!r}, which {whom} needs.")
    if schema.get("additionalProperties") is False:
        for name in sorted(made.difference(schema.get("properties") or ())):
            yield at_node(node, "misfit", "incomplete", f"It maps an input {name!r}, which {whom} does not declare.")
    for target, source in mapping.items():
        part = _part(schema, target.split("."))
        for one in _literal(part, source, fits) if part is not None and fits is not None else ():
            reason = f"It maps an input {target!r} that is not what {whom} declares: {one.removeprefix('/: ')}."
            yield at_node(node, "misfit", "incomplete", reason)


def _part(schema: Schema, path: list[str]) -> Schema | None:
    """The schema of what a path leads to, where it stands in plain properties."""
    part: Any = schema
    for name in path:
        properties = part.get("properties") if isinstance(part, Mapping) else None
        part = properties.get(name) if isinstance(properties, Mapping) else None
    if not isinstance(part, Mapping):
        return None
    return {**{name: schema[name] for name in _DEFINITIONS if name in schema}, **part}


def _literal(part: Schema, source: Any, fits: Fits) -> tuple[str, ...]:
    """What is wrong with a value that stands in a mapping as it is; one that is computed may be anything."""
    try:
        template = compiled(source)
        return () if template.expressions else tuple(fits(part, template.evaluate({})))
    except ExpressionError:
        return ()  # told of elsewhere
