"""Trying a recipe: a whole run on virtual time, with simulated answers."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from models.domain.bound_recipes import GIVEN
from models.domain.dates import to_text
from models.domain.expressions import meter
from models.domain.recipes import effects, times
from models.domain.recipes.cases import Answer, Case
from models.domain.recipes.fitting import meant_for
from models.domain.recipes.happenings import Chosen, Done, Escalated, Failed, Happening, Time, Triggered
from models.domain.recipes.interpreter import advance, start
from models.domain.recipes.model import Node, Recipe
from models.domain.recipes.outcome import Outcome, Step, differences, strangers
from models.domain.recipes.run import Decide, Fits
from models.domain.recipes.samples import Guesses, declared_outputs, in_rounds, is_enumerated, likely_inputs, shift
from models.domain.recipes.state import State

_A_TOKEN = 3
_AN_EFFECT = 20
"""What a token that a happening passes by, and what follows from one, cost: as steps of expressions."""

BEGINNING = times.moment("2026-01-01")
"""When simulated runs begin."""

MAX_HAPPENINGS = 2_000
"""Happenings of one simulated run: what goes round without end stops here."""

MAX_WORK = 2_000_000
"""Steps of its expressions and decisions, and what passes by its tokens, together: a second."""


def simulate(
    recipe: Recipe, case: Case | None = None, *, decide: Decide | None = None, fits: Fits | None = None
) -> Outcome:
    """Run a recipe from beginning to end with simulated answers, and compare with what the case expects.

    What the case leaves open is answered at once, with samples of what is declared; at a gateway that does not say
    which way, the ways are taken in turn; awaited messages and signals come before timers; boundary events and event
    sub-processes do not happen unless the case says so, or their time has come.

    With `fits`, values that the case gives are held against what steps declare: a step whose input or answer is not
    that is stuck. Samples and what is computed from them are not: they only stand in for something better.
    """
    return _Simulation(recipe, case or Case(), decide, fits).run()


class _Simulation:
    def __init__(self, recipe: Recipe, case: Case, decide: Decide | None, fits: Fits | None) -> None:
        self._recipe, self._case, self._decide, self._fits = recipe, case, decide, fits
        self._given: dict[str, bool] = {}
        self._misfit = False
        self._now: datetime = BEGINNING
        self._turn = case.turn
        self._queue: list[tuple[datetime, int, Happening]] = []
        self._awaited: dict[str, effects.Await] = {}
        self._visits: dict[str, int] = {}
        self._nodes = {node.id: node for key in recipe.closure for node in recipe.processes[key].nodes.values()}
        self._positions = {element: index for index, element in enumerate(self._nodes)}
        self._path: list[Step] = []
        self._reason = ""
        self._guesses = Guesses(recipe)
        self._count = self._work = self._spent = 0
        self._assumed: dict[str, Any] = {}

    def run(self) -> Outcome:
        given = self._case.input
        if given is None:
            guessed = self._guesses.values(1, self._turn)
            self._assumed = guessed | likely_inputs(self._recipe.process, guessed)
            given = self._assumed
        else:
            guessed = self._guesses.values(1, self._turn)
            self._assumed = {name: value for name, value in guessed.items() if name not in given}
            given = {**self._assumed, **given}
        if wrong := self._wrong_start():
            self._misfit = True
            self._reason = f"What it begins with is not what it declares: {'; '.join(wrong)}."
            return self._outcome(State(self._recipe.main))
        event, decide = self._case.event, self._decide
        state, found = start(self._recipe, given, self._now, event=event, decide=decide, fits=self._holding)
        self._take(found)
        began = meter.spent()
        while state.running and self._count < MAX_HAPPENINGS and not (self._misfit or self._is_too_much):
            happening = self._next()
            if happening is None:
                break
            self._count += 1
            state, found = advance(self._recipe, state, happening, decide=self._decide, fits=self._holding)
            self._work += _A_TOKEN * len(state.tokens) + _AN_EFFECT * len(found)
            self._take(found)
            self._spent = meter.spent() - began
        return self._outcome(state)

    def _wrong_start(self) -> Sequence[str]:
        """What of the given start data is not what the recipe declares; what is assumed beside it is not looked at."""
        schema, given = self._recipe.process.input_schema, self._case.input
        if schema is None or given is None or self._fits is None:
            return ()
        required = [name for name in schema.get("required") or () if name not in self._assumed]
        return self._fits({**schema, "required": required}, meant_for(schema, given, given.keys() - GIVEN))

    @property
    def _holding(self) -> Fits | None:
        """What holds values that the run computes against schemas, as long as none of them comes from a sample."""
        assumed = self._case.input is None or self._assumed
        return None if assumed or not all(self._given.values()) else self._fits

    @property
    def _is_too_much(self) -> bool:
        return self._work + self._spent > MAX_WORK

    # What comes next

    def _next(self) -> Happening | None:
        """Return what happens next: whatever is due now, then what is awaited, then the next in time."""
        if self._queue and (self._queue[0][0] <= self._now or not self._is_timer(self._queue[0][2])):
            return self._pop()
        triggered = self._trigger()
        if triggered is not None:
            return triggered
        return self._pop() if self._queue else None

    @staticmethod
    def _is_timer(happening: Happening) -> bool:
        return isinstance(happening, Time)

    def _pop(self) -> Happening:
        at, _, happening = heapq.heappop(self._queue)
        self._now = max(self._now, at)
        return happening

    def _trigger(self) -> Happening | None:
        """Let something happen that a token waits for, and that nobody says anything about."""
        open_ = [one for one in self._awaited.values() if not one.standing and one.due is None]
        open_ = [one for one in open_ if self._answer(one.node, 1) is None]
        if not open_:
            return None
        first = open_[0].key.partition("?")[0]
        choices = [one for one in open_ if one.key.partition("?")[0] == first]
        turn = self._visit(f"?{choices[0].node}")
        chosen = choices[(turn - 1 + self._shift(choices[0].node)) % len(choices)]
        return Triggered(self._now, chosen.key, self._event_data(chosen.node, turn))

    def _push(self, delay: str, make: Any) -> None:
        at = times.later(self._now, delay)
        self._count += 0
        heapq.heappush(self._queue, (at, len(self._path) * 10 + len(self._queue), make(at)))

    # What follows

    def _take(self, found: Any) -> None:
        for effect in found:
            match effect:
                case effects.Start():
                    self._started(effect)
                case effects.Choose():
                    self._choice(effect)
                case effects.Await():
                    self._await(effect)
                case effects.Forget() | effects.Cancel():
                    self._awaited.pop(effect.key, None)
                case effects.Passed():
                    self._note(effect.what, effect.id, effect.key)
                case effects.Reached():
                    self._note("milestone", effect.node, effect.milestone)
                case effects.Stuck():
                    self._reason = f"{self._title(effect.node)}: {effect.reason}"
                    self._note("stuck", effect.node, effect.key, effect.reason)
                case effects.Finished():
                    self._reason = effect.reason
                case _:
                    pass

    def _started(self, effect: effects.Start) -> None:
        node = self._nodes[effect.node]
        visit = self._visit(node.id)
        self._note("started", node.id, effect.key, dict(effect.input))
        given = self._answer(node.id, visit)
        answer = given or Answer(output=self._default(node, visit))
        self._given[effect.key] = given is not None
        if self._is_given(effect):
            self._hold_against(effect, node.work.input_schema, effect.input, "Its input")
        if given is not None and not given.never and given.error is None:
            self._hold_against(effect, node.work.output_schema, given.output, "Its answer")
        if answer.never:
            return
        key = effect.key
        if answer.escalation is not None:
            self._push(answer.delay, lambda at: Escalated(at, key, answer.escalation))
        if answer.error is not None:
            code, message, output = answer.error, answer.message, answer.output
            self._push(answer.delay, lambda at: Failed(at, key, code, message, output))
        else:
            self._push(answer.delay, lambda at: Done(at, key, answer.output))

    def _is_given(self, effect: effects.Start) -> bool:
        """Whether all that an input is computed from is the case's, and nothing of it a sample."""
        all_given = not self._assumed and all(self._given.values())
        if self._case.input is None or effect.operation != "fulfil":
            return False
        return all(
            self._given.get(by, all_given) if by else name not in self._assumed for name, by in effect.sources.items()
        )

    def _hold_against(self, effect: effects.Start, schema: Mapping[str, Any] | None, value: Any, what: str) -> None:
        """Let the run be stuck where a value is not what a step declares."""
        wrong = self._fits(schema, value) if self._fits is not None and schema is not None else ()
        if wrong:
            self._misfit = True
            self._reason = f"{self._title(effect.node)}: {what} is not what it declares: {'; '.join(wrong)}."
            self._note("stuck", effect.node, effect.key, self._reason)

    def _default(self, node: Node, visit: int) -> dict[str, Any]:
        declared = declared_outputs(node, visit + self._shift(node.id))
        guessed = self._guesses.values(visit, self._turn)
        likely = {
            name: guessed[name]
            for name in declared or {}
            if name in guessed and not is_enumerated(node.work.output_schema, name)
        }
        if declared is not None and not (node.work.output_schema or {}).get("additionalProperties"):
            return declared | likely
        # What is not declared keeps the values assumed at the start, until the same task is done again.
        again = self._guesses.again(visit, self._turn) if visit > 1 and not in_rounds(node) else {}
        return {**again, **self._guesses.answer(node, visit, self._turn), **(declared or {}), **likely}

    def _choice(self, effect: effects.Choose) -> None:
        node = self._nodes[effect.node]
        visit = self._visit(node.id)
        answer = self._answer(node.id, visit)
        one = effect.flows[(visit - 1 + self._shift(node.id)) % len(effect.flows)]
        flows = effect.flows if node.kind == "inclusive" and not self._shift(node.id) else (one,)
        if answer is not None and answer.flows:
            flows = answer.flows
        self._push(answer.delay if answer else "PT0S", lambda at: Chosen(at, effect.key, flows))

    def _await(self, effect: effects.Await) -> None:
        self._awaited[effect.key] = effect
        if effect.due is not None:
            heapq.heappush(self._queue, (effect.due, len(self._path) * 10 + len(self._queue), Time(effect.due)))
        visit = self._visit(effect.node)
        answer = self._answer(effect.node, visit)
        node = self._nodes[effect.node]
        if answer is None and self._case.beside and node.kind == "boundary" and not node.interrupting and visit == 1:
            answer = Answer(output=self._event_data(effect.node, visit))
        if answer is not None and not answer.never:
            output = answer.output
            self._push(answer.delay, lambda at: Triggered(at, effect.key, output))

    def _answer(self, element: str, visit: int) -> Answer | None:
        return self._case.answer(visit, element, self._title(element))

    def _event_data(self, element: str, visit: int) -> dict[str, Any]:
        node = self._nodes[element]
        return declared_outputs(node, visit) or (self._guesses.again(visit, self._turn) if visit > 1 else {})

    def _shift(self, element: str) -> int:
        return shift(self._turn, self._positions[element])

    def _visit(self, element: str) -> int:
        self._visits[element] = self._visits.get(element, 0) + 1
        return self._visits[element]

    # What is told

    def _title(self, element: str) -> str:
        node = self._nodes.get(element)
        return node.title if node is not None else element

    def _note(self, what: str, element: str, key: str, data: Any = None) -> None:
        name = self._title(element)
        if what == "taken":
            flows = (process.flows.get(element) for process in self._recipe.processes.values())
            flow = next((flow for flow in flows if flow is not None), None)
            name = flow.name if flow is not None else ""
        self._path.append(Step(to_text(self._now), what, element, name, key, data))

    def _outcome(self, state: State) -> Outcome:
        status: str = state.status
        if state.running:
            stuck = self._misfit or any(token.phase == "stuck" for token in state.tokens.values())
            over = self._count >= MAX_HAPPENINGS or self._is_too_much
            status = "endless" if over else "stuck" if stuck else "waiting"
        outcome = Outcome(
            status=status,
            seconds=(self._now - BEGINNING).total_seconds(),
            path=tuple(self._path),
            data=dict(state.variables),
            ends=state.ends,
            code=state.code,
            reason="" if status == "completed" else self._reason or self._waiting(state),
            assumed=self._assumed,
        )
        found = [*strangers(self._case, self._nodes.values()), *differences(self._case.expected, outcome, self._title)]
        return replace(outcome, differences=tuple(found))

    def _waiting(self, state: State) -> str:
        tokens = [self._title(token.node) for token in state.tokens.values() if token.phase != "inside"]
        return f"It waits at {', '.join(tokens)}." if state.running and tokens else ""
