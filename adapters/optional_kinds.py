"""Kinds that need a library which not everybody wants: each an extra of the program's package."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

PACKAGE = "som-order-manager"


@dataclass(frozen=True, slots=True)
class OptionalKind:
    """Where such a kind is, and what it needs.

    Attributes:
        source: module and class, as `module:Class`; imported when the first fulfiller of the kind is looked at.
        library: the module that has to be there.
        extra: the extra of our package that brings it.
    """

    source: str
    library: str
    extra: str

    def is_installed(self) -> bool:
        """Whether its library is there."""
        return find_spec(self.library) is not None

    def load(self) -> Any:
        """The class."""
        module, _, name = self.source.partition(":")
        return getattr(import_module(module), name)

    def what_is_missing(self, kind: str) -> str:
        """What to do about it, for people."""
        return f"The kind {kind} is not installed at this server: pip install '{PACKAGE}[{self.extra}]' brings it."


OPTIONAL: Mapping[str, OptionalKind] = {
    "ansible": OptionalKind("adapters.ansible:AnsibleFulfiller", "ansible_runner", "ansible"),
    "netconf": OptionalKind("adapters.netconf:NetconfFulfiller", "ncclient", "netconf"),
    "ssh": OptionalKind("adapters.ssh:SshFulfiller", "asyncssh", "ssh"),
}
