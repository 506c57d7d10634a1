"""Whether tasks say who does what, calls and decisions exist, and expressions parse."""

from collections.abc import Collection, Iterator

from models.domain.expressions import ExpressionError, compile_expression
from models.domain.recipes.binding import ANY
from models.domain.recipes.model import Node, Process, Recipe
from models.domain.recipes.naming import at_flow, at_node
from models.domain.recipes.problems import Problem
from models.domain.recipes.values import compiled
from models.domain.releases.versions import InvalidVersion, Range

_Names = Collection[str] | None


def check(
    recipe: Recipe, process: Process, recipes: _Names, decisions: _Names, fulfillers: _Names
) -> Iterator[Problem]:
    """Yield what is wrong with the work of a process."""
    for node in process.nodes.values():
        match node.task:
            case "service" | "send":
                yield from _service(node, fulfillers)
            case "call":
                yield from _call(recipe, node, recipes)
            case "rule":
                yield from _rule(node, decisions)
            case "script":
                if node.work.script is None:
                    yield at_node(node, "code", "refused", "It is a script without a FEEL expression.")
            case "manual" if node.work.form is None and node.work.queue is None:
                yield at_node(node, "noWork", "remark", "Somebody has to say that it is done: it is a person's task.")
            case _:
                pass
        yield from _loop(node)
        yield from _expressions(node)
    for flow in process.flows.values():
        if flow.condition is not None:
            yield from (at_flow(flow, "expression", "refused", text) for text in _wrong(flow.condition))


def _service(node: Node, fulfillers: _Names) -> Iterator[Problem]:
    work = node.work
    named = work.by
    if work.specification is None and named is None:
        reason = "It names neither a capability (specification and action) nor a fulfiller."
        yield at_node(node, "noWork", "incomplete", reason)
    elif named is not None and fulfillers is None and work.fulfiller is None:
        reason = f"It names a job of the type {named!r} of another engine: a fulfiller of this name has to do it."
        yield at_node(node, "noWork", "remark", reason)
    elif named is not None and fulfillers is not None and named not in fulfillers:
        yield at_node(node, "noWork", "incomplete", f"There is no fulfiller {named!r}.")
    elif named is None and work.action is None:
        yield at_node(node, "noWork", "incomplete", "Its capability names a specification, and no action.")


def _call(recipe: Recipe, node: Node, recipes: _Names) -> Iterator[Problem]:
    called = node.work.process
    if called is None:
        yield at_node(node, "unknownCall", "incomplete", "It does not say what it calls.")
    elif called in recipe.processes:
        return
    elif (wrong := _wrong_range(node.work.versions)) is not None:
        yield at_node(node, "unknownCall", "incomplete", wrong)
    elif called not in (recipes or ()):
        asked = f" in the versions {node.work.versions}" if node.work.versions else ""
        reason = f"It calls {called!r}{asked}, which is neither in the file nor a published recipe."
        yield at_node(node, "unknownCall", "incomplete", reason)


def _wrong_range(versions: str | None) -> str | None:
    """Why a text is no range of versions, in which nothing could ever be found."""
    try:
        Range.parse(versions or ANY)
    except InvalidVersion as error:
        return f"Its versions {versions!r} are no range such as `^1.2.0` or `>=1.0.0 <2.0.0`: {error}"
    return None


def _rule(node: Node, decisions: _Names) -> Iterator[Problem]:
    decision = node.work.decision
    if decision is None:
        yield at_node(node, "unknownDecision", "incomplete", "It does not say which decision.")
    elif decisions is not None and decision not in decisions:
        yield at_node(node, "unknownDecision", "incomplete", f"There is no decision {decision!r}.")


def _loop(node: Node) -> Iterator[Problem]:
    loop = node.loop
    if loop is None:
        return
    if loop.kind == "standard" and loop.condition is None:
        yield at_node(node, "loop", "incomplete", "Nothing says how long it is repeated: it is done once.")
    if loop.kind != "standard" and loop.collection is None and loop.cardinality is None:
        yield at_node(node, "loop", "incomplete", "It names neither a list nor a number of rounds: it is done once.")


def _expressions(node: Node) -> Iterator[Problem]:
    loop, work = node.loop, node.work
    texts = [work.script]
    if loop is not None:
        texts += [loop.collection, loop.cardinality, loop.result, loop.until, loop.condition]
    for event in node.events:
        texts += [event.condition, event.correlation]
        texts.append(event.timer.value if event.timer is not None and event.timer.expression else None)
    for text in texts:
        if text is not None:
            yield from (at_node(node, "expression", "refused", reason) for reason in _wrong(text))
    for target, source in (*(work.inputs or ()), *(work.outputs or ())):
        try:
            compiled(source)
        except ExpressionError as error:
            yield at_node(node, "expression", "refused", f"The mapping of {target}: {error}")


def _wrong(text: str) -> Iterator[str]:
    try:
        compile_expression(text)
    except ExpressionError as error:
        yield str(error)
