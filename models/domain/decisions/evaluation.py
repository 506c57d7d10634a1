"""Evaluation of a decision: pure, in one order, within one budget of steps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.domain.decisions.model import Decision, Decisions, InputData, Knowledge, Service, UnusableDecision
from models.domain.decisions.values import typed
from models.domain.expressions import meter
from models.domain.expressions.errors import ExpressionTooExpensive
from models.domain.expressions.plain import plain_decision
from models.domain.expressions.runtime import Run, checked_result
from models.domain.expressions.types import converted, result_type
from models.domain.expressions.values.calendar import Moment
from models.domain.expressions.values.ranges import FunctionValue

MAX_STEPS = 200_000
"""Steps of one evaluation, all decisions that are required together: some 100 ms."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an evaluation gave.

    Attributes:
        value: FEEL's value: numbers, dates and durations as the language has them.
        values: the values of all decisions that were evaluated on the way, by name.
        notes: what was odd: an input that does not fit its type counts as null, for one.
    """

    value: Any
    values: Mapping[str, Any]
    notes: tuple[str, ...]


def evaluate(
    decisions: Decisions, name: str, inputs: Mapping[str, Any], *, steps: int = MAX_STEPS, now: Moment | None = None
) -> Any:
    """Return the value of a decision or decision service as JSON values. What FEEL cannot compute is null.

    Args:
        decisions: the model, as `models.dmn.read` returns it.
        name: the name or id of a decision or a decision service.
        inputs: JSON values by the names of input data; what is missing is null. A decision's name gives its value.
        steps: how much work it may be.
        now: what `now()` and `today()` say.

    Raises:
        NoSuchDecision: there is none of that name.
        UnusableDecision: the model was read with problems, and the decision needs what has them.
        ExpressionTooExpensive: more steps than allowed, or too big a value.
        ExpressionTypeError: the result is a function or a range, which JSON has not.
    """
    return plain_decision(checked_result(assess(decisions, name, inputs, steps=steps, now=now).value))


def assess(
    decisions: Decisions, name: str, inputs: Mapping[str, Any], *, steps: int = MAX_STEPS, now: Moment | None = None
) -> Outcome:
    """Return the value as FEEL has it, and what else is worth knowing. Raises as `evaluate` does, types aside."""
    run = Run({}, 0, steps, lenient=True)
    run.now = now
    root = decisions.find(name)
    try:
        return _Evaluation(decisions, run, inputs).of(root)
    except RecursionError:
        raise ExpressionTooExpensive("The decision goes deeper than the program's stack") from None
    finally:
        meter.note(steps - run.steps)


@dataclass(slots=True)
class _Evaluation:
    decisions: Decisions
    run: Run
    inputs: Mapping[str, Any]
    known: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    undeclared: dict[str, Any] = field(default_factory=dict)
    """What was given without being anybody's input: decisions see it, as they do in tools that draw tables alone."""

    def of(self, root: Decision | Service) -> Outcome:
        by_name = {" ".join(name.split()): value for name, value in self.inputs.items()}
        for element in self.decisions.elements.values():
            if not isinstance(element, InputData | Decision):
                continue
            others = element.aliases if isinstance(element, InputData) else ()
            key = next((key for key in (" ".join(element.name.split()), *others) if key in by_name), None)
            if key is not None:
                self.known[element.id] = self.given(element, by_name.pop(key))
        self.undeclared = {name: converted(self.run, None, typed(None, value)) for name, value in by_name.items()}
        if isinstance(root, Service):
            for id_ in root.inputs:
                self.known.setdefault(id_, None)
            value = self.outputs(root)
        else:
            self.known.pop(root.id, None)
            self.fill((root.id,))
            value = self.known[root.id]
        elements = self.decisions.elements
        values = {elements[id_].name: item for id_, item in self.known.items() if isinstance(elements[id_], Decision)}
        return Outcome(value, values, tuple(self.notes))

    def given(self, element: InputData | Decision, value: Any) -> Any:
        """Return a given value as its type wants it."""
        read = typed(element.type, value)
        made = converted(self.run, element.type, read)
        if made is None and value is not None:
            wanted = getattr(element, "type_name", "") or "its type"
            self.notes.append(f"{element.name} was given a value that does not fit {wanted}: it counts as null")
        return made

    def fill(self, roots: tuple[str, ...]) -> None:
        """Evaluate what is needed for these and not known yet."""
        for id_ in self.decisions.order(roots, self.known):
            if id_ in self.decisions.broken:
                raise UnusableDecision(f"{self.decisions.elements[id_].name}: {self.decisions.broken[id_]}")
            self.known[id_] = self.value(id_)

    def value(self, id_: str) -> Any:
        element = self.decisions.elements[id_]
        match element:
            case InputData():
                return None
            case Service():
                return self.as_function(element)
            case Decision() | Knowledge():
                if element.logic is None:
                    return None
                scope = {**self.undeclared, **self.scope(element.requires)}
                value = element.logic.evaluate(self.run, scope)
                if isinstance(element, Knowledge):
                    scope[element.name] = value  # it may call itself
                    return value
                return converted(self.run, element.type, value)

    def scope(self, required: tuple[str, ...]) -> dict[str, Any]:
        """Return what these are by their names, and by the others that tools write where nothing else has them."""
        found = [(self.decisions.elements[id_], self.known[id_]) for id_ in required if id_ in self.decisions.elements]
        seen: dict[str, Any] = {}
        for element, value in found:
            if isinstance(element, InputData | Decision):
                seen |= dict.fromkeys(element.aliases, value)
            if isinstance(element, Decision) and isinstance(value, dict):
                seen |= {name: value[name] for name in element.outputs if name in value}
        return {**seen, **{element.name: value for element, value in found}}

    def outputs(self, service: Service) -> Any:
        """Return the value of the output decision, or a context of those of several."""
        self.fill(service.outputs)
        elements = self.decisions.elements
        if len(service.outputs) == 1:
            return converted(self.run, result_type(service.type), self.known[service.outputs[0]])
        answers = {elements[id_].name: self.known[id_] for id_ in service.outputs}
        return converted(self.run, result_type(service.type), answers)

    def as_function(self, service: Service) -> FunctionValue:
        """Return a service as a function: evaluated anew at each call, with nothing known but its arguments."""
        elements = [self.decisions.elements[id_] for id_ in service.inputs]

        def call(run: Run, *values: Any) -> Any:
            known = {element.id: value for element, value in zip(elements, values, strict=True)}
            return _Evaluation(self.decisions, run, {}, known, self.notes).outputs(service)

        types = tuple(element.type if isinstance(element, InputData | Decision) else None for element in elements)
        return FunctionValue(tuple(element.name for element in elements), call, types)
