"""How recipes, checks of them and simulated runs are shown."""

from collections.abc import Mapping
from typing import Any

from handlers.exchange import Request
from handlers.som.times import shown
from models.recipe_examination import Examination, Trial

Document = dict[str, Any]

CONTENT = ("bpmn", "source", "decisionTable", "form", "testCase")
"""What is large: left out of lists."""


def recipe_body(request: Request, stored: Mapping[str, Any], *, whole: bool) -> Document:
    """A version of a recipe; in lists without its content."""
    key = stored["_id"]
    body = {name: value for name, value in stored["body"].items() if whole or name not in CONTENT}
    return {
        "id": key,
        "href": request.url(f"/recipe/{key}"),
        "state": stored["state"],
        **body,
        "step": [_step(one) for one in stored.get("steps", ())],
        "createdDate": shown(stored["created"]),
        "lastUpdate": shown(stored["updated"]),
    }


def examination_body(found: Examination) -> Document:
    """What came of checking a drawing, and of the simulated runs."""
    return {
        "publishable": found.is_publishable,
        "tryable": found.can_be_tried,
        "problem": [problem.to_document() for problem in found.problems],
        "trial": [_trial(one) for one in found.trials],
    }


def _trial(trial: Trial) -> Document:
    told = trial.outcome.to_document()
    made = {"name": trial.name, "passed": trial.passed}
    return {**made, **{_NAMES.get(name, name): value for name, value in told.items()}}


_NAMES = {"path": "step", "ends": "end", "differences": "difference"}


def _step(step: Mapping[str, Any]) -> Document:
    return {("date" if name == "at" else name): value for name, value in step.items()}
