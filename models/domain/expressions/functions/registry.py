"""The table of built-in functions: name, parameters with kinds, and what checks them before each call.

Null for a parameter that is not `any` makes the result null, as in FEEL. A wrong kind is an error that names function
and parameter. A single value stands for a list of one.
"""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from models.domain.expressions.runtime import Run, as_list, is_number, wrong_type

Code = Callable[[Run], Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. Kind `any` takes everything, null too."""

    name: str
    kind: str
    optional: bool
    repeated: bool


@dataclass(frozen=True, slots=True)
class Function:
    """A built-in function. `call` gets the run and the checked arguments."""

    name: str
    parameters: tuple[Parameter, ...]
    returns: str
    call: Callable[..., Any]

    @property
    def signature(self) -> str:
        """Return the function as the documentation writes it."""
        shown = (f"{p.name}{'…' * p.repeated}: {p.kind}{'?' * p.optional}" for p in self.parameters)
        return f"{self.name}({', '.join(shown)})"

    def takes(self, count: int) -> bool:
        """Tell whether the function can be called with that many arguments."""
        least = sum(not parameter.optional for parameter in self.parameters)
        return least <= count and (count <= len(self.parameters) or self.parameters[-1].repeated)

    def bound(self, arguments: tuple[Code, ...]) -> Code:
        """Return the closure of a call."""
        call = self.call
        checks = tuple(_check(self.name, self._parameter(index)) for index in range(len(arguments)))

        def evaluate(run: Run) -> Any:
            given = []
            for check, argument in zip(checks, arguments, strict=True):
                value = argument(run)
                if check is not None:
                    if value is None:
                        return None
                    value = check(value)
                given.append(value)
            return call(run, *given)

        return evaluate

    def _parameter(self, index: int) -> Parameter:
        return self.parameters[min(index, len(self.parameters) - 1)]


FUNCTIONS: dict[str, Function] = {}


def function(name: str, parameters: str, returns: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function; `parameters` reads like `"text: text, start: number?, rest…: any"`."""

    def register(call: Callable[..., Any]) -> Callable[..., Any]:
        FUNCTIONS[name] = Function(name, tuple(map(_parsed, filter(None, parameters.split(", ")))), returns, call)
        return call

    return register


def near_names(name: str) -> str:
    """Return the function name that somebody may have meant, or an empty text."""
    return next(iter(difflib.get_close_matches(name, FUNCTIONS, n=1, cutoff=0.6)), "")


def _parsed(text: str) -> Parameter:
    name, _, kind = text.partition(": ")
    return Parameter(name.rstrip("…"), kind.rstrip("?"), kind.endswith("?"), name.endswith("…"))


def _check(function_name: str, parameter: Parameter) -> Callable[[Any], Any] | None:
    what = f"{function_name}({parameter.name})"
    tests: dict[str, tuple[str, Callable[[Any], bool]]] = {
        "text": ("a text", lambda value: isinstance(value, str)),
        "number": ("a number", is_number),
        "context": ("a context", lambda value: isinstance(value, dict)),
    }
    if parameter.kind == "any":
        return None
    if parameter.kind == "list":
        return as_list
    wanted, fits = tests[parameter.kind]

    def check(value: Any) -> Any:
        if not fits(value):
            raise wrong_type(what, wanted, value)
        return value

    return check
