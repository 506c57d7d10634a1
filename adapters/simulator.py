"""The kind `simulator`: answers by itself, in process, for designs, demos and load tests. It does no work at all.

What it does follows from its settings and the task alone, so that a run can be repeated:
latency (seconds, or [least, most]), failureRate (0 to 1), refuse (a reason), accept (true: take on, and be done after
the latency), output and serviceCharacteristic (templates over service, input, action, operation and taskId), seed.
Asked what is, it says what is under `read` ({serviceCharacteristic?, state?}, templates); by default, all is as known.
"""

import asyncio
import hashlib
import time
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from adapters.call_context import call_context
from adapters.credentials import Credentials
from adapters.http_session import Tools
from adapters.ports import Accepted, Done, FulfillerCall, Outcome, Progress, Refused, Unreachable
from models.domain.expressions import ExpressionError, ExpressionSyntaxError, Template, compile_template
from models.domain.fulfiller import FulfillerDefinition
from models.domain.outcomes import parse_done
from models.domain.violations import Violation

_SCHEME = "simulator:"
_MAX_LATENCY = 86_400.0
_KNOWN = frozenset({"latency", "failureRate", "refuse", "accept", "output", "serviceCharacteristic", "read", "seed"})


class SimulatorFulfiller:
    """One registered simulator."""

    kind: ClassVar[str] = "simulator"

    def __init__(self, definition: FulfillerDefinition) -> None:
        """Behave as the settings say."""
        settings = definition.settings
        self._least, self._most = _range(settings.get("latency", 0))
        self._failure_rate = float(settings.get("failureRate", 0))
        self._refuse: str | None = settings.get("refuse")
        self._accept = bool(settings.get("accept", False))
        self._seed = str(settings.get("seed", ""))
        self._output = _template(settings, "output")
        self._characteristics = _template(settings, "serviceCharacteristic")
        self._read = _template(settings, "read")

    @classmethod
    def check(cls, definition: FulfillerDefinition) -> list[Violation]:
        """What is wrong with the settings."""
        settings = definition.settings
        found = [
            Violation(f"/settings/{name}", "unknownSetting", f"A simulator knows only {', '.join(sorted(_KNOWN))}.")
            for name in sorted(settings.keys() - _KNOWN)
        ]
        found.extend(
            Violation(f"/settings/{name}", "invalidValue", f"{name} must be {wanted}.")
            for name, wanted, fits in _RULES
            if name in settings and not fits(settings[name])
        )
        for name in ("output", "serviceCharacteristic", "read"):
            try:
                _template(settings, name)
            except ExpressionSyntaxError as error:
                found.append(Violation(f"/settings/{name}{error.pointer}", "invalidExpression", str(error)))
        return found

    @classmethod
    def create(cls, definition: FulfillerDefinition, credentials: Credentials, tools: Tools) -> Self:  # noqa: ARG003 - every kind's signature
        """Make one for this registration; it needs neither credentials nor tools."""
        return cls(definition)

    async def engage(self, call: FulfillerCall) -> Outcome:
        """Wait, fail, refuse, accept or be done, as the settings say."""
        latency = self._least + (self._most - self._least) * self._chance(call, "latency")
        fails = self._chance(call, "failure") < self._failure_rate
        accepts = self._accept and call.operation == "fulfil" and not fails
        if not self._accept:  # one that takes work on for later can be called off in the meantime
            await asyncio.sleep(min(latency, call.timeout))
            if latency > call.timeout:
                return Unreachable(f"The simulator is slower ({latency:g} s) than the call may be.", cause="timeout")
        if fails:
            return Unreachable(
                f"The simulator fails in {self._failure_rate:.0%} of the calls, as it is told to.", None, False
            )
        if self._refuse is not None and call.operation == "fulfil":
            return Refused(self._refuse)
        if accepts:
            # The due time travels in the reference, so that accepted work survives a restart of the process.
            return Accepted(f"simulated {call.task_id}", f"{_SCHEME}{time.time() + latency:.3f}", latency)
        return self._done(call)

    async def read(self, call: FulfillerCall) -> Outcome:
        """Say what the settings say that is."""
        latency = self._least + (self._most - self._least) * self._chance(call, "latency")
        await asyncio.sleep(min(latency, call.timeout))
        if latency > call.timeout or self._chance(call, "failure") < self._failure_rate:
            return Unreachable("The simulator is slow, or fails, as it is told to.")
        try:
            return parse_done(self._read.evaluate(call_context(call)) if self._read else {})
        except ExpressionError as error:
            return Refused(f"The simulator's settings cannot be applied to this service: {error}")

    async def poll(self, reference: Accepted, call: FulfillerCall) -> Outcome:
        """Done when the latency is over."""
        due = float((reference.poll_url or f"{_SCHEME}0").removeprefix(_SCHEME))
        left = due - time.time()
        return Progress(reason="The simulated work goes on.", retry_after=left) if left > 0 else self._done(call)

    async def aclose(self) -> None:
        """Hold nothing."""

    def _done(self, call: FulfillerCall) -> Outcome:
        if call.operation != "fulfil":
            return Done()
        context = call_context(call)
        try:
            facts = {
                "output": self._output.evaluate(context) if self._output else None,
                "serviceCharacteristic": self._characteristics.evaluate(context) if self._characteristics else None,
            }
        except ExpressionError as error:
            return Refused(f"The simulator's settings cannot be applied to this task: {error}")
        return parse_done(facts)

    def _chance(self, call: FulfillerCall, purpose: str) -> float:
        """A number from 0 to below 1 that follows from the seed, the task's key, the attempt and the purpose."""
        key = call.task_id.rpartition(":")[2]
        text = "\x1f".join((self._seed, key, call.operation, str(call.attempt), purpose))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6]) / 2**48


def _template(settings: Mapping[str, Any], name: str) -> Template | None:
    value = settings.get(name)
    return None if value is None else compile_template(value)


def _range(latency: Any) -> tuple[float, float]:
    least, most = latency if isinstance(latency, list) else (latency, latency)
    return float(least), float(most)


def _is_number(value: Any, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most


def _is_latency(value: Any) -> bool:
    if not isinstance(value, list):
        return _is_number(value, _MAX_LATENCY)
    return len(value) == 2 and all(_is_number(part, _MAX_LATENCY) for part in value) and value[0] <= value[1]


_RULES = (
    ("latency", "a number of seconds, or a list of the least and the most", _is_latency),
    ("failureRate", "a number from 0 to 1", lambda value: _is_number(value, 1)),
    ("refuse", "a reason", lambda value: isinstance(value, str) and bool(value)),
    ("accept", "true or false", lambda value: isinstance(value, bool)),
    ("output", "an object", lambda value: isinstance(value, dict)),
    ("serviceCharacteristic", "a list", lambda value: isinstance(value, list)),
    ("read", "an object", lambda value: isinstance(value, dict)),
    ("seed", "a text or a number", lambda value: isinstance(value, str | int)),
)
