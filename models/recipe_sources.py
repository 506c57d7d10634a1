"""Recipes that come as YAML: the drawing is made from it, and what it says of test cases and of what it is for."""

from collections.abc import Mapping
from typing import Any

from models.domain.errors import InvalidRequest, SomError
from models.domain.violations import Violation
from models.recipes.written import draw, load

Body = dict[str, Any]

_BOUND = ("specification", "action", "versions", "byPolicy")


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
