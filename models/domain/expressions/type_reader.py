"""The grammar of types, behind `instance of` and in the parameters of functions."""

from models.domain.expressions.cursor import Cursor
from models.domain.expressions.names import Names
from models.domain.expressions.types import AnyType, ContextOf, FunctionOf, ListOf, RangeOf, Simple, Type, named

_TYPE_NAMES = Names(["date and time", "days and time duration", "years and months duration"])


class TypeReader(Cursor):
    """Parses types."""

    def type(self) -> Type:
        self.deeper()
        token = self.token
        found = _TYPE_NAMES.longest(self.tokens, self.at)
        if found:
            self.at += found[1]
        name = found[0] if found else self.attribute_of_type()
        made = self.generic(name) if self.sees("<") and self.opens_generic(name) else None
        self.depth -= 1
        known = made or self.types(name) or named(name)
        if known is None:
            self.doubt(token, f"there is no type {name}")
            return Simple("no such type")
        return known

    def attribute_of_type(self) -> str:
        """Take the name of a type, which may have points and be one of the keywords (`function<…>`)."""
        if self.sees("function", "null"):
            return self.take().text
        name = self.words()
        while self.accept("."):
            name += "." + self.words()
        return name

    def opens_generic(self, name: str) -> bool:
        return name in ("list", "context", "range", "function")

    def generic(self, name: str) -> Type:
        self.take()
        parts: list[tuple[str, Type]] = []
        while not self.sees(">"):
            field = ""
            if name == "context":
                field = self.key()
                self.expect(":")
            parts.append((field, self.type()))
            if not self.accept(","):
                break
        self.expect(">", '","')
        types = tuple(part for _, part in parts)
        if name == "function":
            return FunctionOf(types, self.type() if self.accept("->") else AnyType())
        if name == "context":
            return ContextOf(tuple(parts))
        return (ListOf if name == "list" else RangeOf)(types[0] if types else AnyType())
