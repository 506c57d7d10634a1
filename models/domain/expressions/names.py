"""The names that an expression may use, and how they are found where they have spaces or signs in them.

FEEL's names may hold spaces and `+ - * / . '`; what is one name can only be said by who knows the names in scope. The
longest known name wins; words side by side that are no known name are one name all the same.
"""

from bisect import insort
from collections.abc import Iterable, Iterator

from models.domain.expressions.errors import ExpressionSyntaxError
from models.domain.expressions.tokens import Token, tokens_of

Words = tuple[str, ...]
_MAX_WORDS = 60


class Names:
    """Known names of more than one token, by their first token; scopes may be laid over each other."""

    def __init__(self, names: Iterable[str] = (), outer: "Names | None" = None) -> None:
        self._by_first: dict[str, list[tuple[Words, str]]] = {}
        self._outer = outer
        self.all: set[str] = set()
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """Take a name on. One that cannot be written as tokens can only stand between backticks."""
        self.all.add(name)
        try:
            words = tuple(token.text for token in tokens_of(name)[:-1])
        except ExpressionSyntaxError:
            return
        if 1 < len(words) <= _MAX_WORDS:
            insort(self._by_first.setdefault(words[0], []), (words, name), key=lambda entry: -len(entry[0]))

    def __contains__(self, name: str) -> bool:
        return name in self.all or (self._outer is not None and name in self._outer)

    def inner(self, names: Iterable[str] = ()) -> "Names":
        """Return a scope inside this one."""
        return Names(names, self)

    def longest(self, tokens: list[Token], at: int) -> tuple[str, int] | None:
        """Return the longest known name of several tokens that begins at a token, and how many tokens it has."""
        best: tuple[str, int] | None = None
        for words, name in self.candidates(tokens[at].text):
            if best is not None and len(words) <= best[1]:
                continue
            if all(tokens[at + i].text == word for i, word in enumerate(words) if at + i < len(tokens)):
                best = name, len(words)
        return best

    def candidates(self, first: str) -> Iterator[tuple[Words, str]]:
        yield from self._by_first.get(first, ())
        if self._outer is not None:
            yield from self._outer.candidates(first)
