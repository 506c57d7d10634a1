"""Recipes: BPMN 2.0 processes as immutable models, checked, and run by a pure and deterministic interpreter.

`start` and `advance` return a new `State` and effects, which are values: whoever runs a recipe carries them out and
comes back with what happened. `models.recipes` reads the model from XML; docs/reference/recipes.md describes it.
"""

from models.domain.recipes.cases import Answer, Case, Expected, InvalidCase, read_cases
from models.domain.recipes.check import Known, check, is_publishable, is_refused
from models.domain.recipes.exploring import Exploration, explore
from models.domain.recipes.interpreter import MAX_STEPS, advance, advancing, catches, start, starting
from models.domain.recipes.migration import NotMovable, migrate, obstacles
from models.domain.recipes.model import Event, Flow, Loop, Node, Process, Recipe, Timer, Work
from models.domain.recipes.outcome import Outcome, Step
from models.domain.recipes.problems import KINDS, SEVERITIES, Problem
from models.domain.recipes.run import Decide
from models.domain.recipes.simulation import simulate
from models.domain.recipes.state import FORMAT, Data, State

__all__ = [
    "FORMAT",
    "KINDS",
    "MAX_STEPS",
    "SEVERITIES",
    "Answer",
    "Case",
    "Data",
    "Decide",
    "Event",
    "Expected",
    "Exploration",
    "Flow",
    "InvalidCase",
    "Known",
    "Loop",
    "Node",
    "NotMovable",
    "Outcome",
    "Problem",
    "Process",
    "Recipe",
    "State",
    "Step",
    "Timer",
    "Work",
    "advance",
    "advancing",
    "catches",
    "check",
    "explore",
    "is_publishable",
    "is_refused",
    "migrate",
    "obstacles",
    "read_cases",
    "simulate",
    "start",
    "starting",
]
