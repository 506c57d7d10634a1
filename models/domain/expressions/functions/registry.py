"""The table of built-in functions: name, parameters with kinds, and what checks them before each call.

Null for a parameter that is not `any` makes the result null, as in FEEL. A wrong kind is an error that names function
and parameter. A single value stands for a list of one, and a list of one for its element.
"""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from models.domain.expressions.runtime import Run, as_list, wrong_type
from models.domain.expressions.values.numbers import is_number
from models.domain.expressions.values.ranges import FunctionValue

Code = Callable[[Run], Any]
Call = TypeVar("Call", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. Kind `any` takes everything, null too."""

    name: str
    kind: str
    optional: bool
    repeated: bool


@dataclass(frozen=True, slots=True)
class Function:
    """A built-in function. `call` gets the run and the checked arguments.

    Attributes:
        named: other lists of names by which the parameters can be given, as the standard overloads some functions.
    """

    name: str
    parameters: tuple[Parameter, ...]
    returns: str
    call: Callable[..., Any]
    named: tuple[tuple[str, ...], ...] = ()

    @property
    def signature(self) -> str:
        """Return the function as the documentation writes it."""
        shown = (f"{p.name}{'…' * p.repeated}: {p.kind}{'?' * p.optional}" for p in self.parameters)
        return f"{self.name}({', '.join(shown)})"

    @property
    def repeated(self) -> bool:
        """Whether it takes any number of arguments."""
        return bool(self.parameters) and self.parameters[-1].repeated

    @property
    def least(self) -> int:
        """How many arguments it needs."""
        return sum(not parameter.optional for parameter in self.parameters)

    def takes(self, count: int, names: tuple[str, ...] = ()) -> bool:
        """Tell whether the function can be called with that many arguments, or with arguments of these names."""
        if names:
            return self._places(names) is not None
        return self.least <= count and (count <= len(self.parameters) or self.repeated)

    def _places(self, names: tuple[str, ...]) -> tuple[int, ...] | None:
        """Return at which position each name stands, None where the function has no such parameters."""
        if len(set(names)) != len(names):
            return None
        own = tuple(parameter.name for parameter in self.parameters)
        if set(names) <= set(own) and set(own[: self.least]) <= set(names):
            return tuple(own.index(name) for name in names)
        for other in self.named:
            if set(names) == set(other):
                return tuple(other.index(name) for name in names)
        return None

    def bound(self, arguments: tuple[Code, ...], names: tuple[str, ...] = ()) -> Code:
        """Return the closure of a call."""
        call = self.call
        places = (self._places(names) or ()) if names else tuple(range(len(arguments)))
        ordered: list[Code | None] = [None] * (max(places, default=-1) + 1)
        for place, argument in zip(places, arguments, strict=True):
            ordered[place] = argument
        steps = tuple((code, self.check(index)) for index, code in enumerate(ordered))

        def evaluate(run: Run) -> Any:
            given = []
            for argument, check in steps:
                value = None if argument is None else argument(run)
                if check is not None and argument is not None:
                    if value is None:
                        return None
                    value = check(value)
                given.append(value)
            return call(run, *given)

        return evaluate

    def as_value(self) -> FunctionValue:
        """Return the function as a value that can be handed on and called."""

        def call(run: Run, *values: Any) -> Any:
            return self.bound(tuple(_constant(value) for value in values))(run)

        names = tuple(parameter.name for parameter in self.parameters)
        return FunctionValue(names, call, repeated=self.repeated, least=self.least)

    def check(self, index: int) -> Callable[[Any], Any] | None:
        """Return what checks and converts an argument, None where everything goes."""
        return _check(self.name, self.parameters[min(index, len(self.parameters) - 1)])


FUNCTIONS: dict[str, Function] = {}


def function(name: str, parameters: str, returns: str, *named: str) -> Callable[[Call], Call]:
    """Register a function; `parameters` reads like `"text: text, start: number?, rest…: any"`, `named` like "a, b"."""

    def register(call: Call) -> Call:
        parsed = tuple(map(_parsed, filter(None, parameters.split(", "))))
        FUNCTIONS[name] = Function(name, parsed, returns, call, tuple(tuple(names.split(", ")) for names in named))
        return call

    return register


def near_names(name: str) -> str:
    """Return the function name that somebody may have meant, or an empty text."""
    return next(iter(difflib.get_close_matches(name, FUNCTIONS, n=1, cutoff=0.6)), "")


def _constant(value: Any) -> Code:
    return lambda _: value


def _parsed(text: str) -> Parameter:
    name, _, kind = text.partition(": ")
    return Parameter(name.rstrip("…"), kind.rstrip("?"), kind.endswith("?"), name.endswith("…"))


_TESTS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "text": ("a text", lambda value: isinstance(value, str)),
    "number": ("a number", is_number),
    "context": ("a context", lambda value: isinstance(value, dict)),
}


def _check(function_name: str, parameter: Parameter) -> Callable[[Any], Any] | None:
    what = f"{function_name}({parameter.name})"
    if parameter.kind == "any":
        return None
    if parameter.kind == "list":
        return as_list
    wanted, fits = _TESTS[parameter.kind]

    def check(value: Any) -> Any:
        if fits(value):
            return value
        if isinstance(value, list) and len(value) == 1 and fits(value[0]):
            return value[0]
        raise wrong_type(what, wanted, value)

    return check
