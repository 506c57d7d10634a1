"""Runs a recipe: `start` it, then `advance` it by what happens.

Both are pure: the same recipe, state and happening give the same state and effects. They read no clock and use no
chance; a decision is made by the port they are given, or left to whoever carries out the effects. `starting` and
`advancing` are the same in slices, for whoever has others to serve meanwhile.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from models.domain.dates import to_text
from models.domain.expressions import ExpressionError, meter
from models.domain.recipes import activities, compensation, effects, gateways, throwing
from models.domain.recipes.ending import finish
from models.domain.recipes.happenings import (
    Cancelled,
    Chosen,
    Done,
    Escalated,
    Failed,
    Happening,
    Message,
    Retried,
    Signal,
    Time,
    Triggered,
)
from models.domain.recipes.leaving import complete
from models.domain.recipes.model import Recipe
from models.domain.recipes.raising import fail, is_caught, raise_
from models.domain.recipes.run import Decide, Fits, HaltError, Run
from models.domain.recipes.state import ROOT, State, Token
from models.domain.recipes.waiting import begin_scope, fire, fire_conditions
from models.domain.slices import at_once

MAX_STEPS = 10_000
"""Nodes that one happening may lead through: what goes round without end stops here."""

MAX_WORK = 400_000
"""Steps that the expressions, decisions and JSON Schemas of one happening may take together, some 200 ms."""

MAX_LIFE = 30_000
"""Nodes, rounds and scopes that a run may go through in its life: each step stays in its plan, a document of 16 MB."""

_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)

Advanced = tuple[State, Sequence[effects.Effect]]
Slices = Generator[None, None, Advanced]


SLICE = 20
"""Nodes that one slice leads through, some milliseconds."""


def start(  # noqa: PLR0913 - two ports
    recipe: Recipe,
    data: Mapping[str, Any],
    at: datetime,
    *,
    event: str | None = None,
    decide: Decide | None = None,
    fits: Fits | None = None,
) -> Advanced:
    """Begin a run of a recipe's main process; see `starting`."""
    return at_once(starting(recipe, data, at, event=event, decide=decide, fits=fits))


def advance(
    recipe: Recipe, state: State, happening: Happening, *, decide: Decide | None = None, fits: Fits | None = None
) -> Advanced:
    """Return the state after a happening, and what follows from it; see `advancing`."""
    return at_once(advancing(recipe, state, happening, decide=decide, fits=fits))


def starting(  # noqa: PLR0913 - two ports
    recipe: Recipe,
    data: Mapping[str, Any],
    at: datetime,
    *,
    event: str | None = None,
    decide: Decide | None = None,
    fits: Fits | None = None,
) -> Slices:
    """Begin a run of a recipe's main process.

    Args:
        recipe: what is run; the same has to be given to `advance`.
        data: the variables that it begins with; whether they are what it declares is for the caller to look at.
        at: the moment.
        event: id of the start event that happened; without, the none start event, else the first.
        decide: makes decisions at once; without, a rule task is left to whoever carries out the effects.
        fits: holds values against what the recipe declares; without, every value will do.
    """
    run = Run(recipe, State(recipe.main), at, decide, fits)
    scope = run.open_scope(0, None, recipe.main)
    run.variables.declare(ROOT, data, "")
    saved = run.save()
    try:
        begin_scope(run, scope, event)
    except (HaltError, ExpressionError) as error:
        run.restore(saved)
        finish(run, "failed", error.code, str(error))
    return (yield from _settled(run))


def advancing(
    recipe: Recipe, state: State, happening: Happening, *, decide: Decide | None = None, fits: Fits | None = None
) -> Slices:
    """Return the state after a happening, and what follows from it.

    What comes twice, too late, or for nobody changes nothing, and says so in an `Ignored`.
    """
    run = Run(recipe, state, happening.at, decide, fits)
    again = isinstance(happening, Cancelled) and happening.undo and state.status != "cancelled"
    if not (state.running or again):
        key = getattr(happening, "key", None) or ""
        return state, [effects.Ignored(key, f"The run is over: it is {state.status}.")]
    saved = run.save()
    try:
        ignored = _apply(run, happening)
    except (HaltError, ExpressionError) as error:
        run.restore(saved)
        ignored = str(error)
    if ignored is not None:
        return state, [effects.Ignored(getattr(happening, "key", None) or "", ignored)]
    return (yield from _settled(run))


def catches(recipe: Recipe, state: State, key: str, code: str) -> bool:
    """Whether an error of this code by the task of this key would be caught, or end the whole run."""
    token = state.token(key)
    return token is not None and is_caught(Run(recipe, state, _NO_TIME, None), token, code)


# What happens


def _apply(run: Run, happening: Happening) -> str | None:  # noqa: PLR0911 - one for each kind
    """Let it happen; return why nothing came of it, or None."""
    match happening:
        case Done() | Failed() | Escalated() | Chosen():
            return _to_token(run, happening)
        case Message():
            return _message(run, happening)
        case Signal():
            found = throwing.signal(run, happening.name, dict(happening.data))
            return None if found else f"Nobody waits for the signal {happening.name!r}."
        case Time():
            return _time(run)
        case Triggered():
            wait = run.waits.get(happening.key)
            if wait is None:
                return "Nothing is awaited under this key any more."
            fire(run, wait, happening.data)
            return None
        case Retried():
            return _retried(run, happening)
        case Cancelled():
            _cancel(run, happening)
            return None


def _to_token(run: Run, happening: Done | Failed | Escalated | Chosen) -> str | None:
    token = next((token for token in run.tokens.values() if token.key == happening.key), None)
    phase = "choice" if isinstance(happening, Chosen) else "work"
    if token is None or token.phase != phase:
        return "Nobody works under this key any more: the answer came twice, or too late."
    match happening:
        case Done():
            run.answered(token, happening.output)
        case Failed():
            run.put(token, phase="inside")  # it has ended by itself: there is nothing to call off
            fail(run, run.tokens[token.id], happening.code, happening.message, happening.output)
        case Escalated():
            if not raise_(run, "escalation", token, happening.code, happening.output):
                return f"Nobody catches the escalation {happening.code!r}."
        case Chosen():
            return gateways.choose(run, token, happening.flows)
    return None


def _message(run: Run, message: Message) -> str | None:
    for wait in run.waits.values():
        if wait.kind == "message" and wait.name == message.name and wait.correlation in (None, message.correlation):
            fire(run, wait, message.data)
            return None
    return f"Nobody waits for the message {message.name!r} with the correlation {message.correlation!r}."


def _time(run: Run) -> str | None:
    """Fire what is due, the earliest first; what that makes due in turn waits for the next time."""
    now = to_text(run.now)
    due = sorted((wait for wait in run.waits.values() if wait.due and wait.due <= now), key=lambda w: (w.due, w.key))
    for wait in due:
        if run.waits.get(wait.key) == wait:
            fire(run, wait, {})
    return None if due else "No timer is due."


def _retried(run: Run, retried: Retried) -> str | None:
    stuck = [t for t in run.tokens.values() if t.phase == "stuck" and retried.key in (None, t.key)]
    if not stuck:
        return "Nobody is stuck under this key."
    for token in stuck:
        _mend(run, token, retried.data)
        run.go(token, code="", reason="")
    return None


def _mend(run: Run, token: Token, data: Mapping[str, Any]) -> None:
    """Set values where a stuck token sees them; one on its way out sees its answer, and what is inside it, first."""
    inside = next((scope.id for scope in run.inside(token) if not scope.turn), None) if token.leaving else None
    run.variables.assign(run.chain(token.scope if inside is None else inside), data, "")
    answer = run.variables.answers.get(token.id)
    if data and token.leaving and isinstance(answer, Mapping):
        run.variables.answers[token.id] = {**answer, **data}


def _cancel(run: Run, cancelled: Cancelled) -> None:
    if not cancelled.undo:
        finish(run, "cancelled")
        return
    run.status, run.code = "running", None
    for token in [token for token in run.tokens.values() if token.key in cancelled.done and token.phase == "work"]:
        _note_done(run, token, cancelled.done[token.key])
    compensation.undo_everything(run)


def _note_done(run: Run, token: Token, answer: Any) -> None:
    """Keep what a task came to that was done while the run was being called off: only what undoes goes on from it."""
    node = run.node(token)
    if compensation.is_undoing(run, token):
        run.answered(token, answer)
        return
    around = run.visible(token.scope)
    with suppress(HaltError, ExpressionError):  # done it is all the same
        run.variables.assign(run.chain(token.scope), activities.outputs(run, node, answer, around), token.key)
    if compensation.can_be_undone(run, node, 0):
        run.keep_record(token, round=token.scope if token.round else 0)
    run.emit(effects.Passed("left", node.id, token.key))
    run.drop(token)


# Going on as far as it goes by itself


def _settled(run: Run) -> Slices:
    steps = work = 0
    while run.status == "running":
        if run.ready:
            steps += 1
            if steps % SLICE == 0:
                yield
            if steps > MAX_STEPS:
                _stop(run, f"One happening led through more than {MAX_STEPS} nodes: it goes round without end.")
            elif work > MAX_WORK:
                _stop(run, f"Expressions and schemas of one happening take more than {MAX_WORK} steps together.")
            else:
                before = meter.spent()
                _step(run, run.ready.popleft())
                work += meter.spent() - before
        elif not (fire_conditions(run) or gateways.fire_inclusive(run)):
            break
    if run.status == "running":
        _tell_deadlock(run)
    return run.to_state(), run.effects


def _step(run: Run, number: int) -> None:
    """Let one token have its turn; when it cannot, all is as before, and it is stuck."""
    token = run.tokens.get(number)
    if token is None or token.phase != "ready":
        return
    saved = run.save()
    try:
        _turn(run, token)
    except (HaltError, ExpressionError) as error:
        run.restore(saved)
        _stick(run, token, error.code, str(error))


def _turn(run: Run, token: Token) -> None:
    if not token.node:
        finish(run, "cancelled")
        return
    if run.next > MAX_LIFE and not compensation.is_undoing(run, token):
        finish(run, "failed", "tooManySteps", f"It went through more than {MAX_LIFE} nodes: it goes round without end.")
        return
    node = run.node(token)
    if token.leaving:
        answer = run.variables.answers.pop(token.id, {})
        token = run.put(token, leaving=False)
        complete(run, token, node, answer)
        return
    run.emit(effects.Passed("entered", node.id, token.key))
    if node.is_activity:
        activities.enter(run, token, node)
    elif node.kind in ("exclusive", "parallel", "inclusive", "events"):
        gateways.enter(run, token, node)
    else:
        throwing.enter(run, token, node)


def _stick(run: Run, token: Token, code: str, reason: str) -> None:
    run.put(token, phase="stuck", code=code, reason=reason)
    run.emit(effects.Stuck(token.key, token.node, code, reason))


def _stop(run: Run, reason: str) -> None:
    for number in run.ready:
        token = run.tokens.get(number)
        if token is not None and token.phase == "ready":
            _stick(run, token, "tooManySteps", reason)
    run.ready.clear()


def _tell_deadlock(run: Run) -> None:
    """Say so when tokens wait at gateways for others that cannot come any more."""
    if run.waits or any(token.phase in ("work", "choice", "stuck") for token in run.tokens.values()):
        return
    for token in [token for token in run.tokens.values() if token.phase == "join"]:
        reason = "It waits for paths that nothing goes along any more: the ways before this gateway are not all taken."
        _stick(run, token, "deadlock", reason)
