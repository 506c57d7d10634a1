"""Which program does the work: its version, and those of the kinds of fulfillers that plug-ins bring."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Program:
    """A release of this program, as it is installed.

    Attributes:
        version: its own.
        kinds: versions of the packages that kinds of fulfillers come from, by kind; those built in are the program's.
    """

    version: str = "0+unknown"
    kinds: Mapping[str, str] = field(default_factory=dict)

    def of_kind(self, kind: str) -> str:
        """The version of a kind of fulfiller."""
        return self.kinds.get(kind, self.version)
