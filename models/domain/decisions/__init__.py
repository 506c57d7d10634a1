"""Decisions after DMN: an immutable model, and its evaluation. XML is read in `models.dmn`.

Described for users in docs/reference/decisions.md.
"""

from models.domain.decisions.evaluation import Outcome, assess, evaluate
from models.domain.decisions.model import (
    Decision,
    Decisions,
    DecisionsRefused,
    InputData,
    Knowledge,
    NoSuchDecision,
    Problem,
    Service,
    UnusableDecision,
)

__all__ = [
    "Decision",
    "Decisions",
    "DecisionsRefused",
    "InputData",
    "Knowledge",
    "NoSuchDecision",
    "Outcome",
    "Problem",
    "Service",
    "UnusableDecision",
    "assess",
    "evaluate",
]
