"""A life cycle: one table of transitions, one `move`."""

from collections.abc import Mapping
from dataclasses import dataclass

from models.domain.errors import IllegalTransition


@dataclass(frozen=True, slots=True)
class LifeCycle:
    """The states of one kind of resource and the moves between them.

    Attributes:
        name: what lives this life, as in messages ("service order").
        initial: states a resource may begin in.
        transitions: for every state the states that may follow it; a state without any is final.
        meaning: a sentence per state for the operator.
    """

    name: str
    initial: frozenset[str]
    transitions: Mapping[str, frozenset[str]]
    meaning: Mapping[str, str]

    @property
    def states(self) -> frozenset[str]:
        """All states."""
        return frozenset(self.transitions)

    @property
    def final(self) -> frozenset[str]:
        """The states that nothing follows."""
        return frozenset(state for state, following in self.transitions.items() if not following)

    def allows(self, state: str, to: str) -> bool:
        """Whether the table draws this move."""
        return to in self.transitions.get(state, frozenset())

    def move(self, state: str, to: str) -> str:
        """Return the new state.

        Raises:
            IllegalTransition: the table has no such move; the message names what is allowed.
        """
        if not self.allows(state, to):
            allowed = ", ".join(sorted(self.transitions.get(state, frozenset()))) or "nothing: it is final"
            raise IllegalTransition(
                f"A {self.name} cannot go from {state} to {to}; from {state} it can go to {allowed}."
            )
        return to

    def path(self, state: str, to: str, through: str) -> tuple[str, ...]:
        """The states entered on the way: the move itself, or by way of `through` where the table draws it only so.

        RULES: a move that the table does not draw goes through inProgress, in one write.
        """
        if state == to:
            return ()
        if self.allows(state, to):
            return (to,)
        self.move(state, through)
        return (through, self.move(through, to))


def table(**rows: str) -> dict[str, frozenset[str]]:
    """A transition table written as `state="next other"`."""
    return {state: frozenset(following.split()) for state, following in rows.items()}
