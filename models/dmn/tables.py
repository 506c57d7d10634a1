"""Decision tables of a model."""

from dataclasses import replace
from xml.etree.ElementTree import Element

from models.dmn.aliases import input_name, renamed
from models.dmn.boxed import Place, boxed, parse_expression, parse_text, register
from models.dmn.document import child, children, local, name_of, text
from models.dmn.languages import is_feel
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
    heads = [(label, input_name(one)) for one, label in zip(inputs, labels, strict=True)]
    columns = tuple(_column(one, place.at(f"input {label}")) for one, label in zip(inputs, labels, strict=True))
    outputs = tuple(_output(one, place.at(f"output {at}"), len(clauses)) for at, one in enumerate(clauses, 1))
    outputs = tuple(replace(one, ranked=one.ranked or _ranked(one, place.wanted)) for one in outputs)
    if policy in _NEED_RANKS and not any(output.ranked for output in outputs):
        return place.refuse(
            f"the hit policy {policy.value} needs allowed values of an output, the first one counting most"
        )
    rules = tuple(
        _rule(rule, place.at(f"rule {at}"), heads, outputs) for at, rule in enumerate(children(element, "rule"), 1)
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
    tree = parse_expression(source, asked.get("expressionLanguage"), place)
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


def _rule(element: Element, place: Place, heads: list[tuple[str, str]], outputs: tuple[Output, ...]) -> Rule:
    cells, entries = list(children(element, "inputEntry")), list(children(element, "outputEntry"))
    if len(cells) != len(heads) or len(entries) != len(outputs):
        place.refuse(
            f"it has {len(cells)} tests and {len(entries)} outputs for {len(heads)} and {len(outputs)} columns"
        )
        return Rule(
            tuple(nodes.UnaryTests((), negated=False) for _ in heads), tuple(nodes.Literal(None) for _ in outputs)
        )
    pairs = zip(cells, heads, strict=True)
    tests = tuple(_cell(cell, place.at(f"input {label}"), name) for cell, (label, name) in pairs)
    return Rule(tests, tuple(_entry(entry, place.at(f"output {at}")) for at, entry in enumerate(entries, 1)))


def _cell(element: Element, place: Place, name: str) -> nodes.UnaryTests:
    """The tests of a cell, which may call the value of its column by a name, too."""
    language = element.get("expressionLanguage") or place.language
    if not is_feel(language):
        place.refuse(f"the expression language {language} is not run, only FEEL")
    source = text(element)
    if name not in source:
        return _tests(source, place)
    return renamed(_tests(source, place.knowing(name)), name, "?")


def _entry(element: Element, place: Place) -> nodes.Node:
    if local(element) == "outputEntry" or child(element, "text") is not None:
        source = text(element)
        return parse_expression("" if source == "-" else source, element.get("expressionLanguage"), place)
    return boxed(element, place)


register("decisionTable", table)
