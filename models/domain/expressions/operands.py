"""The grammar between the operators: literals, names, calls, lists, contexts, ranges, functions, types."""

from decimal import Decimal

from models.domain.expressions import nodes
from models.domain.expressions.cursor import OPERATOR, VALUE
from models.domain.expressions.functions import FUNCTIONS
from models.domain.expressions.functions.registry import near_names
from models.domain.expressions.names import Names
from models.domain.expressions.runtime import storable
from models.domain.expressions.tokens import Token, text_of_string
from models.domain.expressions.type_reader import TypeReader
from models.domain.expressions.types import Type
from models.domain.expressions.values.calendar_text import temporal_of
from models.domain.expressions.values.numbers import DECIMALS, MAX_INTEGER

_FUNCTION_NAMES = Names(FUNCTIONS)
_CONSTANTS = {"true": True, "false": False, "null": None}
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
_OPERAND = 3
_LARGEST_FLOAT = 308


class Operands(TypeReader):
    """Parses operands. The statements are a subclass's."""

    tests_at = -1
    """Where a bracket may hold tests with commas: right behind `in`."""
    filters = 0
    in_range = False

    def expression(self) -> nodes.Node:
        raise NotImplementedError

    def binary(self, minimum: int) -> nodes.Node:
        raise NotImplementedError

    def operand(self) -> nodes.Node:
        """Return an operand with its signs, attributes, filters and calls."""
        signs = 0
        while self.accept("-"):
            signs += 1
        node = self.primary()
        while True:
            if self.accept("."):
                node = nodes.Attribute(node, self.attribute())
            elif self.sees("[") and not self.ends_range():
                node = self.filter(node)
            elif self.sees("("):
                arguments, names = self.arguments()
                node = nodes.Invocation(node, arguments, names)
            else:
                break
        return _negated(node, signs)

    def ends_range(self) -> bool:
        """Tell whether the bracket ahead ends a range (`]1..5[`) and begins no filter."""
        behind = self.tokens[self.at + 1]
        return self.in_range and (behind.kind == "end" or behind.text in (",", ")", "]", "and", "or", "[", "then"))

    def filter(self, base: nodes.Node) -> nodes.Node:
        self.take()
        outer, self.in_range = self.in_range, False
        self.filters += 1
        condition = self.expression()
        self.filters -= 1
        self.in_range = outer
        self.expect("]", OPERATOR)
        return nodes.Filter(base, condition)

    def primary(self) -> nodes.Node:  # noqa: PLR0911  # one for each kind
        token = self.token
        match token.kind:
            case "number":
                return self.number(self.take())
            case "string":
                return nodes.Literal(text_of_string(self.source, self.take(), lenient=self.lenient))
            case "moment":
                return self.moment(self.take())
            case "quoted":
                return self.named()
            case "word":
                return self.word(token)
            case "sign" if token.text in ("(", "[", "]", "{"):
                outer, self.in_range = self.in_range, False
                node = self.context() if token.text == "{" else self.bracket(token)
                self.in_range = outer
                return node
        return self.fail(VALUE)

    def word(self, token: Token) -> nodes.Node:
        if token.text in ("if", "for", "some", "every"):
            return self.expression()
        if token.text == "function":
            return self.function()
        if token.text in _CONSTANTS:
            self.take()
            return nodes.Literal(_CONSTANTS[token.text])
        return self.named()

    def number(self, token: Token) -> nodes.Node:
        value: int | Decimal = int(token.text) if token.text.isdecimal() else Decimal(token.text)
        if isinstance(value, int) and value > MAX_INTEGER and self.lenient:
            value = DECIMALS.create_decimal(value)
        beyond = value > MAX_INTEGER if isinstance(value, int) else value.adjusted() > _LARGEST_FLOAT
        if beyond:
            self.refuse(token, "the number is beyond 64 bits")
        return nodes.Literal(value)

    def moment(self, token: Token) -> nodes.Node:
        text = token.text[1:].strip()[1:-1]
        value = temporal_of(text)
        if value is None:
            self.doubt(token, f"{text!r} is no date, time, date and time, or duration")
        return nodes.Literal(value)

    def named(self) -> nodes.Node:
        """Return a name, or the call of a function by its name."""
        token = self.token
        name = self.name()
        if not self.sees("("):
            return nodes.Name(name)
        arguments, names = self.arguments()
        function = FUNCTIONS.get(name)
        if name not in self.names:
            if function is None:
                near = near_names(name)
                self.doubt(token, f"there is no function {name}" + (f"; did you mean {near}?" if near else ""))
            elif not function.takes(len(arguments), names):
                self.doubt(token, f"{function.signature} was given {len(arguments)} arguments")
        return nodes.Call(name, arguments, names)

    def name(self) -> str:
        """Take a name: the longest that is known, else words side by side."""
        if self.token.kind != "word":
            return self.words()
        found = self.names.longest(self.tokens, self.at)
        if found is None and self.filters:
            found = self.attributes.longest(self.tokens, self.at)
        builtin = _FUNCTION_NAMES.longest(self.tokens, self.at)
        if builtin and self.is_function_call(builtin[1]) and (found is None or builtin[1] > found[1]):
            found = builtin
        if found is None and self.token.text in self.names:
            return self.take().text
        if found is None:
            if not self.token.is_name_word:
                self.fail(VALUE)
            return self.words()
        self.at += found[1]
        return found[0]

    def arguments(self) -> tuple[tuple[nodes.Node, ...], tuple[str, ...]]:
        """Return the arguments of a call, and their names where they have any."""
        self.take()
        outer, self.in_range = self.in_range, False
        given: list[nodes.Node] = []
        names: list[str] = []
        by_name = self.is_named_argument()
        while not self.sees(")"):
            if by_name:
                names.append(self.key())
                self.expect(":")
            given.append(self.expression())
            if not self.accept(","):
                break
            if self.sees(")"):
                self.fail(VALUE)
        self.expect(")", OPERATOR, '","')
        self.in_range = outer
        return tuple(given), tuple(names)

    def sees_comparison(self) -> bool:
        return self.sees(*_COMPARISONS)

    def test_by_operator(self) -> nodes.Node:
        return nodes.Test(self.take().text, self.binary(_OPERAND))

    def test(self) -> nodes.Node:
        return self.test_by_operator() if self.sees_comparison() else self.expression()

    def bracket(self, token: Token) -> nodes.Node:
        """Return what an opening bracket begins: a list, a range, tests behind `in`, or an expression in brackets."""
        may_have_tests = self.at == self.tests_at
        self.take()
        if token.text == "[" and self.accept("]"):
            return nodes.ListLiteral(())
        first = self.test() if token.text == "(" else self.expression()
        if self.accept(".."):
            return self.range(token, first)
        if token.text == "]":
            self.fail(OPERATOR, '".."')
        items = [first]
        listing = token.text == "[" or may_have_tests
        while listing and self.accept(","):
            items.append(self.test() if token.text == "(" else self.expression())
        if token.text == "[":
            self.expect("]", '","')
            return nodes.ListLiteral(tuple(items))
        self.expect(")", OPERATOR)
        return nodes.TestList(tuple(items)) if len(items) > 1 else first

    def range(self, token: Token, low: nodes.Node) -> nodes.Node:
        self.in_range = True
        high = self.binary(_OPERAND)
        if not self.sees(")", "]", "["):
            self.fail(OPERATOR, '")"', '"]"')
        closing = self.take().text
        return nodes.Interval(low, high, low_closed=token.text == "[", high_closed=closing == "]")

    def context(self) -> nodes.Node:
        brace = self.take()
        entries: list[nodes.Entry] = []
        seen: set[str] = set()
        outer, self.names = self.names, self.names.inner()
        while not self.sees("}"):
            entries.append(self.entry(brace, seen))
            if not self.accept(","):
                break
        self.names = outer
        self.expect("}", OPERATOR, '","')
        return nodes.ContextLiteral(tuple(entries))

    def entry(self, brace: Token, seen: set[str]) -> nodes.Entry:
        text = self.token.kind == "string"
        key = text_of_string(self.source, self.take(), lenient=self.lenient) if text else self.key()
        self.expect(":")
        if key in seen:
            self.refuse(brace, f"the context has the key {key} twice")
        if not storable(key):
            self.refuse(brace, f"no key begins with $ or holds NUL, as {key!r} does")
        seen.add(key)
        if self.sees("function"):
            self.names.add(key)  # a function may call itself
        value = self.expression()
        self.names.add(key)
        self.attributes.add(key)
        return nodes.Entry(key, value)

    def function(self) -> nodes.Node:
        start = self.take()
        self.expect("(")
        parameters: list[str] = []
        types: list[Type | None] = []
        while not self.sees(")"):
            parameters.append(self.key())
            types.append(self.type() if self.accept(":") else None)
            if not self.accept(","):
                break
        self.expect(")", '","')
        if self.sees("external"):
            self.refuse(start, "functions in Java, Python or PMML are not run")
        outer, self.names = self.names, self.names.inner(parameters)
        body = self.expression()
        self.names = outer
        return nodes.FunctionDefinition(tuple(parameters), tuple(types), body)


def _negated(node: nodes.Node, signs: int) -> nodes.Node:
    """Return a node behind so many minus signs."""
    while signs and isinstance(node, nodes.Literal) and type(node.value) in (int, Decimal):
        node, signs = nodes.Literal(-node.value), signs - 1  # type: ignore[operator]
    for _ in range(signs):
        node = nodes.Negation(node)
    return node
