"""Recipes as YAML and as drawings: one made from the other, with test cases and with what the recipe is for."""

from collections.abc import Mapping
from typing import Any

from models.domain.errors import InvalidRequest, SomError
from models.domain.violations import Violation
from models.recipes import InvalidRecipe
from models.recipes.written import CannotSay, draw, dump, lay_out, load, say

Body = dict[str, Any]

_BOUND = ("specification", "action", "versions", "byPolicy")
_HEAD = ("recipe", "id", "note", "version")


def drawn(body: Mapping[str, Any]) -> Body:
    """The content of a recipe with its drawing.

    Where both are given, the drawing is what counts, and the source is kept beside it.

    Raises:
        InvalidRequest: it has neither a drawing nor a source, or the source cannot be drawn.
    """
    if body.get("bpmn") is None and body.get("source") is None:
        message = "A recipe needs a drawing (bpmn), or the YAML that one is made from (source)."
        raise InvalidRequest([Violation("/bpmn", "required", message)])
    return _made(body) if body.get("bpmn") is None else dict(body)


def redrawn(patch: Mapping[str, Any]) -> Body:
    """A change of a recipe: a new source changes the drawing, a new drawing alone leaves no source beside it.

    Raises:
        InvalidRequest: the source cannot be drawn.
    """
    if patch.get("source") is not None and "bpmn" not in patch:
        return _made(patch)
    return {"source": None, **patch} if "bpmn" in patch else dict(patch)


def converted(body: Mapping[str, Any]) -> Body:
    """A recipe both as a drawing with a diagram and as YAML, made from whichever is given; its positions are kept.

    Args:
        body: `source`; or `bpmn`, and what the YAML is to say besides: `testCase`, `binding`.

    Returns:
        `bpmn`; `source`, or `unsaid`, which says for what the YAML has no words; and, where the YAML says them,
        `testCase` and `binding`.

    Raises:
        InvalidRequest: not exactly one of them is given, or no recipe can be read from it.
    """
    if (body.get("bpmn") is None) == (body.get("source") is None):
        message = "What is converted is either a drawing (bpmn) or YAML (source)."
        raise InvalidRequest([Violation("/bpmn", "required", message)])
    if body.get("bpmn") is None:
        made = _made({"source": body["source"]})
        return {name: made[name] for name in ("bpmn", "source", "testCase", "binding") if name in made}
    try:
        made = {"bpmn": lay_out(body["bpmn"])}
    except InvalidRecipe as error:
        raise InvalidRequest([Violation("/bpmn", error.code, str(error))]) from None
    try:
        return made | {"source": dump(_with_what_stands_beside(say(body["bpmn"]), body))}
    except CannotSay as error:
        return made | {"unsaid": str(error)}


def _with_what_stands_beside(written: Body, body: Mapping[str, Any]) -> Body:
    """What a drawing says, with test cases, and with what the recipe is for in the place of what the drawing says.

    YAML names one specification; of several it says none, so that nothing is taken to be all.
    """
    if "binding" in body:
        bound = body["binding"][0] if len(body["binding"]) == 1 else {}
        said = {name: bound[name] for name in _BOUND if bound.get(name)}
        head = {name: written[name] for name in _HEAD if name in written}
        rest = {name: value for name, value in written.items() if name not in (*_BOUND, *_HEAD)}
        written = {**head, **said, **rest}
    return written | ({"cases": body["testCase"]} if body.get("testCase") else {})


def _made(body: Mapping[str, Any]) -> Body:
    try:
        written = load(body["source"], "source")
        made = {**body, "bpmn": draw(written)}
    except SomError as error:
        raise InvalidRequest([Violation("/source", error.code, str(error))]) from None
    if "specification" in written:
        made.setdefault("binding", [{name: written[name] for name in _BOUND if name in written}])
    if "cases" in written:
        made.setdefault("testCase", written["cases"])
    return made
