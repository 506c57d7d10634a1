"""What is wrong with an input, and where."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong.

    Attributes:
        pointer: JSON pointer (RFC 6901) of the attribute, or the name of the query parameter or header.
        code: a stable word for programs, such as `unknownSpecification`.
        message: a sentence for people: what is wrong, what was given, what is allowed.
    """

    pointer: str
    code: str
    message: str

    def __str__(self) -> str:
        """Where, and what; a violation of the whole has no place of its own."""
        return f"{self.pointer}: {self.message}" if self.pointer else self.message
