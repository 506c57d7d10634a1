"""Amounts of capacity, counted exactly: whole numbers of a base unit, so that what is added up can be taken apart."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

MAX_AMOUNT = 2**63 - 1
_WRITTEN = re.compile(r"\s*([0-9]{1,19}(?:\.[0-9]{1,9})?)\s*([A-Za-z/]{0,10})\s*")
_BINARY = {f"{prefix}i": 1024**power for power, prefix in enumerate("KMGTPE", 1)}
_DECIMAL = {"k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18}
_PIECES = ("", "vCPU", "core", "cores", "piece", "pieces", "port", "ports")


@dataclass(frozen=True, slots=True)
class Amount:
    """So much of something.

    Attributes:
        base: in the base unit: thousandths of pieces (1000 is one CPU, as in millicores), bytes, or bits per second.
        dimension: `piece`, `byte` or `bit/s`; amounts of different dimensions cannot be compared.
    """

    base: int
    dimension: str


class NoAmount(ValueError):
    """It is not an amount."""


def _units() -> Mapping[str, tuple[str, Fraction]]:
    made = {name: ("piece", Fraction(1000)) for name in _PIECES}
    made["m"] = ("piece", Fraction(1))
    for prefix, factor in (*_BINARY.items(), *_DECIMAL.items(), ("", 1)):
        made[f"{prefix}B"] = ("byte", Fraction(factor))
        for ending in ("bit/s", "bps"):
            made[f"{prefix}{ending}"] = ("bit/s", Fraction(factor))
    return made


_UNITS = _units()


def amount_of(written: Any) -> Amount:
    """The amount that a number (pieces) or a text such as "4 GiB", "250m", "1.5 Gbit/s" means.

    Raises:
        NoAmount: it is none, it is negative or too large, or finer than the base unit.
    """
    if isinstance(written, bool) or not isinstance(written, int | float | str):
        raise NoAmount("An amount is a number, or a text such as 4 GiB.")
    found = _WRITTEN.fullmatch(str(written))
    if found is None or found[2] not in _UNITS:
        raise NoAmount(
            f"{str(written)[:40]!r} is no amount: a number, or one with a unit such as m, GiB, GB or Mbit/s."
        )
    dimension, factor = _UNITS[found[2]]
    base = Fraction(found[1]) * factor
    if base.denominator != 1 or base > MAX_AMOUNT:
        raise NoAmount(f"{str(written)[:40]!r} is too fine or too much to be counted.")
    return Amount(int(base), dimension)


def shown(base: int, dimension: str) -> str:
    """An amount as people write it, in the largest unit in which it is whole."""
    if dimension == "piece":
        return str(base // 1000) if base % 1000 == 0 else f"{base}m"
    prefixes, unit = (_BINARY, "B") if dimension == "byte" else (_DECIMAL, "bit/s")
    whole = [(each, prefix) for prefix, each in prefixes.items() if base and base % each == 0 and prefix != "K"]
    factor, prefix = max(whole, default=(1, ""))
    return f"{base // factor} {prefix}{unit}"
