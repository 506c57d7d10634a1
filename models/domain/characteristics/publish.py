"""What is wrong with the characteristics of a specification itself, told when it is published."""

from collections.abc import Iterator, Mapping
from typing import Any

from models.domain.characteristics.names import OF_SERVICE, Names
from models.domain.characteristics.options import INTERVALS, bound, matches, option_of, pattern_of
from models.domain.characteristics.rule import Rule, rule_of
from models.domain.characteristics.value_types import ARRAY, given
from models.domain.patterns import PatternEngine, PatternError
from models.domain.violations import Violation


def check_specification(spec: Mapping[str, Any], patterns: PatternEngine, names: Names = OF_SERVICE) -> list[Violation]:
    """Return the flaws of a specification's characteristics: names, cardinalities, patterns, ranges, values.

    Pointers are from the specification's root. The document's shape has been checked by its schema before.
    """
    found: list[Violation] = []
    seen: set[str] = set()
    for pointer, raw in _indexed(spec.get(names.characteristics), f"/{names.characteristics}"):
        name = raw.get("name")
        if not isinstance(name, str) or not name:
            found.append(Violation(f"{pointer}/name", "characteristicNameMissing", "A characteristic needs a name."))
            continue
        if name in seen:
            message = f"The characteristic {name} is defined more than once."
            found.append(Violation(f"{pointer}/name", "characteristicDuplicate", message))
        seen.add(name)
        found.extend(_characteristic(raw, pointer, patterns, names))
    return found


def _characteristic(raw: Mapping[str, Any], pointer: str, patterns: PatternEngine, names: Names) -> Iterator[Violation]:
    rule = rule_of(raw, patterns, names)
    yield from _pattern(raw, pointer, patterns)
    if rule.most is not None and rule.least > rule.most:
        message = f"The minCardinality of {rule.name}, {rule.least}, is above its maxCardinality of {rule.most}."
        yield Violation(f"{pointer}/minCardinality", "cardinalityContradiction", message)
    if rule.least and not rule.configurable and rule.default() is None:
        message = f"The characteristic {rule.name} is mandatory and not configurable, so it needs a default."
        yield Violation(f"{pointer}/configurable", "defaultMissing", message)
    defaults = 0
    for place, item in _indexed(raw.get(names.values), f"{pointer}/{names.values}"):
        yield from _pattern(item, place, patterns)
        yield from _range(item, place, rule)
        yield from _listed_value(item, place, rule, patterns)
        defaults += item.get("isDefault") is True and item.get("value") not in (None, "")
    if rule.most is not None and defaults > rule.most:
        message = f"The characteristic {rule.name} has {defaults} defaults and at most {rule.most} values."
        yield Violation(f"{pointer}/{names.values}", "defaultsTooMany", message)


def _pattern(raw: Mapping[str, Any], pointer: str, patterns: PatternEngine) -> Iterator[Violation]:
    text = raw.get("regex")
    if not isinstance(text, str) or not text:
        return
    try:
        patterns.compile_pattern(text)
    except PatternError as error:
        yield Violation(f"{pointer}/regex", error.code, str(error))


def _range(raw: Mapping[str, Any], pointer: str, rule: Rule) -> Iterator[Violation]:
    interval = raw.get("rangeInterval")
    if isinstance(interval, str) and interval and interval.lower() not in map(str.lower, INTERVALS):
        message = (
            f"The rangeInterval must be {', '.join(INTERVALS[:-1])} or {INTERVALS[-1]}; {given(interval)} was given."
        )
        yield Violation(f"{pointer}/rangeInterval", "rangeInterval", message)
    for end in ("valueFrom", "valueTo"):
        if raw.get(end) not in (None, "") and bound(rule.value_type, raw[end]) is None:
            message = f"The {end} of {rule.name} must be {rule.value_type.phrase}; {given(raw[end])} was given."
            yield Violation(f"{pointer}/{end}", "characteristicValueType", message)
    low, high = bound(rule.value_type, raw.get("valueFrom")), bound(rule.value_type, raw.get("valueTo"))
    if low is not None and high is not None and type(low) is type(high) and low > high:
        message = f"The range of {rule.name} is empty: {raw['valueFrom']} is above {raw['valueTo']}."
        yield Violation(f"{pointer}/valueFrom", "rangeEmpty", message)


def _listed_value(raw: Mapping[str, Any], pointer: str, rule: Rule, patterns: PatternEngine) -> Iterator[Violation]:
    """Yield what is wrong with a listed value or default: it breaks the rules of its own characteristic."""
    option = option_of(raw, rule.value_type, patterns)
    if not option.has_value:
        return
    wrong = None
    values = option.value if isinstance(option.value, list) and rule.value_type is not ARRAY else [option.value]
    for value in values:
        if not rule.value_type.fits(value):
            wrong = "characteristicValueType", f"must be {rule.value_type.phrase}"
        elif option.range is not None and not option.fits(rule.value_type, value):
            wrong = "characteristicRange", f"must be {option.range.shown}"
        elif (pattern := rule.pattern or pattern_of(raw, patterns)) is not None and not matches(pattern, value):
            wrong = "characteristicPattern", f"must be like {pattern.source}"
    if wrong is not None:
        code, words = wrong
        what = "default" if option.is_default else "value"
        message = f"The {what} of the characteristic {rule.name} {words}; {given(raw['value'])} was given."
        yield Violation(f"{pointer}/value", code, message)


def _indexed(value: Any, pointer: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, list):
        yield from ((f"{pointer}/{index}", item) for index, item in enumerate(value) if isinstance(item, Mapping))
