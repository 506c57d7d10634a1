"""Recipes for tests, drawn in few words, and runs of them."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from models.domain.recipes import Decide, Recipe, State, advance, effects, start
from models.domain.recipes.happenings import Done, Failed, Happening, Message, Retried, Signal, Time, Triggered
from models.domain.recipes.run import Fits
from models.recipes import read_recipe

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)

_SPACES = (
    'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:som="urn:som:recipe:1" '
    'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
)
_FLOW = re.compile(r"(\w+) > (\w+)(?: \[(.*)\])?")

E = TypeVar("E")


def flows(text: str) -> str:
    """Sequence flows: one on each line, `a > b`, or `a > b [condition]`; their ids are `a_b`."""
    made = []
    for line in filter(None, map(str.strip, text.splitlines())):
        match = _FLOW.fullmatch(line)
        assert match, line
        source, target, condition = match.groups()
        escaped = (condition or "").replace("&", "&amp;").replace("<", "&lt;")
        inner = f"<conditionExpression>={escaped}</conditionExpression>" if condition else ""
        made.append(
            f'<sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>'
        )
    return "".join(made)


def document(*processes: str, more: str = "") -> str:
    """A BPMN file."""
    return f"<definitions {_SPACES}>{more}{''.join(processes)}</definitions>"


def process(elements: str, ways: str, name: str = "main") -> str:
    return f'<process id="{name}" isExecutable="true">{elements}{flows(ways)}</process>'


def recipe(elements: str, ways: str, *others: str, more: str = "") -> Recipe:
    """A recipe of one process, and what it refers to."""
    return read_recipe(document(process(elements, ways), *others, more=more), process="main")


def extended(inner: str) -> str:
    return f"<extensionElements>{inner}</extensionElements>"


def service(name: str, inner: str = "", attributes: str = "") -> str:
    """A service task that a fulfiller of its name does."""
    task = f'<som:task fulfiller="{name}"/>'
    return f'<serviceTask id="{name}" {attributes}>{extended(task + inner)}</serviceTask>'


class Runner:
    """Runs a recipe by hand. After each step the state goes through JSON, as it would through a database."""

    def __init__(
        self,
        drawn: Recipe,
        data: Mapping[str, Any] | None = None,
        *,
        event: str | None = None,
        decide: Decide | None = None,
        fits: Fits | None = None,
    ) -> None:
        self.recipe, self.now, self.decide, self.fits = drawn, BEGIN, decide, fits
        self.all: list[effects.Effect] = []
        self.last: Sequence[effects.Effect] = []
        self.state = State("main")
        self._take(start(drawn, data or {}, BEGIN, event=event, decide=decide, fits=fits))

    def _take(self, advanced: tuple[State, Sequence[effects.Effect]]) -> "Runner":
        state, self.last = advanced
        self.state = State.from_document(json.loads(json.dumps(state.to_document())))
        assert self.state == state
        self.all += self.last
        return self

    def happens(self, happening: Happening) -> "Runner":
        return self._take(advance(self.recipe, self.state, happening, decide=self.decide, fits=self.fits))

    def done(self, *keys: str, **output: Any) -> "Runner":
        for key in keys:
            self.happens(Done(self.now, key, output))
        return self

    def failed(self, key: str, code: str, **output: Any) -> "Runner":
        return self.happens(Failed(self.now, key, code, "it failed", output))

    def message(self, name: str, correlation: str | None = None, **data: Any) -> "Runner":
        return self.happens(Message(self.now, name, correlation, data))

    def signal(self, name: str, **data: Any) -> "Runner":
        return self.happens(Signal(self.now, name, data))

    def triggered(self, key: str) -> "Runner":
        return self.happens(Triggered(self.now, key))

    def retried(self, **data: Any) -> "Runner":
        return self.happens(Retried(self.now, None, data))

    def after(self, **length: float) -> "Runner":
        self.now += timedelta(**length)
        return self.happens(Time(self.now))

    def got(self, kind: type[E]) -> list[E]:
        """What followed from the last happening."""
        return [effect for effect in self.last if isinstance(effect, kind)]

    @property
    def working(self) -> list[str]:
        """Keys of the tasks that somebody works on."""
        return [token.key for token in self.state.tokens.values() if token.phase == "work"]

    @property
    def started(self) -> list[str]:
        """Keys of all tasks so far."""
        return [effect.key for effect in self.all if isinstance(effect, effects.Start)]

    @property
    def finished(self) -> effects.Finished | None:
        return next((effect for effect in self.all if isinstance(effect, effects.Finished)), None)

    @property
    def status(self) -> str:
        return self.state.status

    def input(self, key: str) -> Mapping[str, Any]:
        return next(effect.input for effect in self.all if isinstance(effect, effects.Start) and effect.key == key)

    def ignored(self) -> str:
        (effect,) = self.got(effects.Ignored)
        return effect.reason

    def stuck(self) -> effects.Stuck:
        (effect,) = self.got(effects.Stuck)
        return effect
