"""Decision tables of a model."""

from dataclasses import replace
from xml.etree.ElementTree import Element

from models.dmn.boxed import Place, boxed, is_feel, parse_text, register
from models.dmn.document import child, children, local, name_of, text
from models.domain.decisions.hit_policies import Policy
from models.domain.decisions.tables import Column, Output, Rule, Table
from models.domain.expressions import nodes
from models.domain.expressions.types import Constrained, ContextOf, ListOf, Type

_LETTERS = {"U": "UNIQUE", "A": "ANY", "P": "PRIORITY", "F": "FIRST", "R": "RULE ORDER", "O": "OUTPUT ORDER",
            "C": "COLLECT"}  # fmt: skip
_NEED_RANKS = frozenset({Policy.PRIORITY, Policy.OUTPUT_ORDER})


def table(element: Element, place: Place) -> nodes.Node:
    """Return the tree of a decision table."""
    policy = _policy(element, place)
    if policy is None:
        return nodes.Literal(None)
    inputs, clauses = list(children(element, "input")), list(children(element, "output"))
    if not clauses:
        return place.refuse("the table has no output")
    labels = [_label(one, at) for at, one in enumerate(inputs, 1)]
    columns = tuple(_column(one, place.at(f"input {label}")) for one, label in zip(inputs, labels, strict=True))
    outputs = tuple(_output(one, place.at(f"output {at}"), len(clauses)) for at, one in enumerate(clauses, 1))
    outputs = tuple(replace(one, ranked=one.ranked or _ranked(one, place.wanted)) for one in outputs)
    if policy in _NEED_RANKS and not any(output.ranked for output in outputs):
        return place.refuse(
            f"the hit policy {policy.value} needs allowed values of an output, the first one counting most"
        )
    rules = tuple(
        _rule(rule, place.at(f"rule {at}"), labels, outputs) for at, rule in enumerate(children(element, "rule"), 1)
    )
    if policy is Policy.FIRST and not rules:
        place.report(place.label, "the table has no rules", True)
    return Table(columns, outputs, rules, policy)


def _policy(element: Element, place: Place) -> Policy | None:
    given = element.get("hitPolicy", "UNIQUE").strip()
    name = _LETTERS.get(given, given).replace("_", " ")
    aggregation = element.get("aggregation", "").strip()
    if aggregation and name == "COLLECT":
        name = f"{name} {aggregation}"
    try:
        return Policy(name)
    except ValueError:
        place.refuse(f"there is no hit policy {name}")
        return None


def _label(element: Element, at: int) -> str:
    asked = child(element, "inputExpression")
    return f"{at} ({element.get('label') or text(asked) or 'no name'})"


def _column(element: Element, place: Place) -> Column:
    asked = child(element, "inputExpression")
    source = text(asked)
    if asked is None or not source:
        return Column(place.refuse("there is no input expression"))
    language = asked.get("expressionLanguage") or place.language
    if not is_feel(language):
        return Column(place.refuse(f"the expression language {language} is not run, only FEEL"))
    tree = parse_text(source, place)
    wanted = place.type(asked.get("typeRef"))
    allowed = text(child(element, "inputValues"))
    tests = _tests(allowed, place.at("input values")) if allowed else None
    return Column(tree, tests, _base(wanted) if wanted is not None else None)


def _base(wanted: Type) -> Type:
    """Return a type without its constraint: allowed values of a column are its own matter."""
    return wanted.base if isinstance(wanted, Constrained) else wanted


def _tests(source: str, place: Place) -> nodes.UnaryTests:
    tree = parse_text(source or "-", place.knowing("?"), tests=True)
    return tree if isinstance(tree, nodes.UnaryTests) else nodes.UnaryTests((), negated=True)


def _output(element: Element, place: Place, count: int) -> Output:
    name = name_of(element) or " ".join(element.get("label", "").split())
    if count > 1 and not name:
        place.refuse("an output of several needs a name")
    if name:
        place.scope.attributes.add(name)
    wanted = place.type(element.get("typeRef"))
    default = child(element, "defaultOutputEntry")
    source = text(child(element, "outputValues"))
    ranked = _tests(source, place.at("output values")).tests if source else ()
    return Output(name, wanted, _entry(default, place.at("default")) if default is not None else None, ranked)


def _ranked(output: Output, wanted: Type | None) -> tuple[nodes.Node, ...]:
    """Return the allowed values of an output's type, or of its part in the type of the whole decision."""
    whole = wanted.item if isinstance(wanted, ListOf) else wanted
    part = dict(whole.fields).get(output.name) if isinstance(whole, ContextOf) else whole
    for one in (output.type, part):
        if isinstance(one, Constrained) and one.ranked:
            return one.ranked
    return ()


def _rule(element: Element, place: Place, labels: list[str], outputs: tuple[Output, ...]) -> Rule:
    cells, entries = list(children(element, "inputEntry")), list(children(element, "outputEntry"))
    if len(cells) != len(labels) or len(entries) != len(outputs):
        place.refuse(
            f"it has {len(cells)} tests and {len(entries)} outputs for {len(labels)} and {len(outputs)} columns"
        )
        return Rule(
            tuple(nodes.UnaryTests((), negated=False) for _ in labels), tuple(nodes.Literal(None) for _ in outputs)
        )
    tests = tuple(_cell(cell, place.at(f"input {label}")) for cell, label in zip(cells, labels, strict=True))
    return Rule(tests, tuple(_entry(entry, place.at(f"output {at}")) for at, entry in enumerate(entries, 1)))


def _cell(element: Element, place: Place) -> nodes.UnaryTests:
    language = element.get("expressionLanguage") or place.language
    if not is_feel(language):
        place.refuse(f"the expression language {language} is not run, only FEEL")
    return _tests(text(element), place)


def _entry(element: Element, place: Place) -> nodes.Node:
    if local(element) == "outputEntry" or child(element, "text") is not None:
        language = element.get("expressionLanguage") or place.language
        if not is_feel(language):
            return place.refuse(f"the expression language {language} is not run, only FEEL")
        source = text(element)
        return parse_text(source, place) if source and source != "-" else nodes.Literal(None)
    return boxed(element, place)


register("decisionTable", table)
