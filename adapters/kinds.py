"""The kinds of fulfillers: those built in, and those that plug-ins bring through the entry points `som.fulfillers`."""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, ClassVar, Protocol

import structlog

from adapters.command import CommandFulfiller
from adapters.credentials import Credentials
from adapters.guard import Guarded
from adapters.http_session import Tools
from adapters.kubernetes import KubernetesFulfiller
from adapters.manual import ManualFulfiller
from adapters.optional_kinds import OPTIONAL, OptionalKind
from adapters.pool import PoolFulfiller
from adapters.ports import Accepted, Fulfiller, FulfillerCall, Outcome, Refused
from adapters.prometheus import PrometheusFulfiller
from adapters.rest import RestFulfiller
from adapters.simulator import SimulatorFulfiller
from adapters.tmforum.activation import Tmf640Fulfiller
from adapters.tmforum.changes import Tmf655Fulfiller
from adapters.tmforum.order_kinds import Tmf622Fulfiller, Tmf641Fulfiller, Tmf652Fulfiller
from adapters.tmforum.performance import Tmf628Fulfiller
from adapters.tmforum.reservations import Tmf685Fulfiller
from models.domain.errors import InvalidRequest
from models.domain.fulfiller import OWN_POOLS, FulfillerDefinition, violations
from models.domain.violations import Violation

GROUP = "som.fulfillers"
_log = structlog.get_logger(__name__)


def versions_of_plug_ins() -> dict[str, str]:
    """The versions of the packages that kinds of fulfillers come from, by kind; those built in come from none."""
    return {found.name: found.dist.version for found in entry_points(group=GROUP) if found.dist is not None}


class FulfillerKind(Protocol):
    """What a kind is: a class with these, whose instances are `Fulfiller`s."""

    kind: ClassVar[str]

    @classmethod
    def check(cls, definition: FulfillerDefinition) -> list[Violation]:
        """What is wrong with a registration, beyond the rules for all."""

    @classmethod
    def create(cls, definition: FulfillerDefinition, credentials: Credentials, tools: Tools) -> Fulfiller:
        """Make the fulfiller of this registration. Called on the event loop: connect later."""


BUILT_IN: tuple[type[FulfillerKind], ...] = (
    CommandFulfiller,
    ManualFulfiller,
    PoolFulfiller,
    RestFulfiller,
    SimulatorFulfiller,
    Tmf641Fulfiller,
    Tmf640Fulfiller,
    Tmf652Fulfiller,
    Tmf622Fulfiller,
    Tmf685Fulfiller,
    Tmf655Fulfiller,
    Tmf628Fulfiller,
    KubernetesFulfiller,
    PrometheusFulfiller,
)


class UnusableFulfiller:
    """Stands in for a fulfiller that this process cannot call: every call says why."""

    def __init__(self, kind: str, reason: str | None = None) -> None:
        """Refuse in the name of this kind, with this reason."""
        self.kind = kind
        self._reason = reason or f"The kind {kind} of this fulfiller is not installed at the server."

    async def engage(self, call: FulfillerCall) -> Outcome:  # noqa: ARG002 - the port's signature
        """Refuse, for a person has to change something about the server or the registration."""
        return Refused(self._reason)

    async def poll(self, reference: Accepted, call: FulfillerCall) -> Outcome:  # noqa: ARG002 - the port's signature
        """Refuse likewise."""
        return await self.engage(call)

    async def aclose(self) -> None:
        """Hold nothing."""


class Kinds:
    """Every kind that this process knows."""

    def __init__(
        self,
        tools: Tools,
        extra: Mapping[str, type[FulfillerKind]] | None = None,
        optional: Mapping[str, OptionalKind] = OPTIONAL,
    ) -> None:
        """Know the built-in kinds, optional ones, those of plug-ins, and extra ones; the first of a name stays."""
        self._tools = tools
        self._optional = optional
        self._kinds: dict[str, type[FulfillerKind]] = {kind.kind: kind for kind in BUILT_IN}
        for found in entry_points(group=GROUP):
            if found.name not in self._kinds and found.name not in optional:
                loaded = _loaded(found)
                if loaded is not None:
                    self._kinds[found.name] = loaded
        for name, kind in (extra or {}).items():
            self._kinds.setdefault(name, kind)

    @property
    def names(self) -> tuple[str, ...]:
        """The kinds, by name."""
        return tuple(sorted({*self._kinds, *self._optional}))

    def make(self, definition: FulfillerDefinition, secret: Mapping[str, Any] | None = None) -> Fulfiller:
        """The fulfiller of this registration, guarded; of an unknown kind, one that refuses and says why."""
        kind = self._kind(definition.kind)
        if kind is None:
            return UnusableFulfiller(definition.kind, self._what_is_missing(definition.kind))
        credentials = Credentials(secret)
        return Guarded(kind.create(definition, credentials, self._tools), definition.name, credentials)

    def violations(self, body: Mapping[str, Any], credentials: Mapping[str, Any] | None) -> list[Violation]:
        """What is wrong with a registration whose types fit the schema: an unknown kind, or rules that are broken."""
        found = violations(body, credentials)
        if body.get("id") == OWN_POOLS and body["kind"] != PoolFulfiller.kind:
            text = f"{OWN_POOLS} are the pools of this server, and of the kind {PoolFulfiller.kind}."
            return [*found, Violation("/kind", "builtIn", text)]
        kind, missing = self._kind(body["kind"]), self._what_is_missing(body["kind"])
        if kind is None and missing:
            return [*found, Violation("/kind", "kindNotInstalled", missing)]
        if kind is None:
            known = ", ".join(self.names)
            return [*found, Violation("/kind", "unknownKind", f"There is no kind {body['kind']}; known are {known}.")]
        if not found:
            definition = FulfillerDefinition.from_document({"_id": body.get("id") or "", "body": body})
            found.extend(kind.check(definition) or _not_here(kind, definition, self._tools))
            if definition.reads and not hasattr(kind, "read"):
                message = f"A fulfiller of the kind {definition.kind} cannot be asked what is."
                found.append(Violation("/reads", "cannotRead", message))
        return found

    def _kind(self, name: str) -> type[FulfillerKind] | None:
        """The class of this kind; an optional one is loaded when it is first needed, for its library takes its time."""
        optional = self._optional.get(name)
        if name not in self._kinds and optional is not None and optional.is_installed():
            self._kinds[name] = optional.load()
        return self._kinds.get(name)

    def _what_is_missing(self, name: str) -> str | None:
        optional = self._optional.get(name)
        return optional.what_is_missing(name) if optional else None

    def check(self, body: Mapping[str, Any], credentials: Mapping[str, Any] | None) -> None:
        """Raises InvalidRequest with all violations where there are any."""
        found = self.violations(body, credentials)
        if found:
            raise InvalidRequest(found)


def _not_here(kind: type[FulfillerKind], definition: FulfillerDefinition, tools: Tools) -> list[Violation]:
    """What a kind says of this server, where it has a `check_here`."""
    check = getattr(kind, "check_here", None)
    return check(definition, tools) if check else []


def _loaded(found: EntryPoint) -> type[FulfillerKind] | None:
    """The class behind an entry point. A plug-in that cannot be loaded must not keep the server from starting."""
    try:
        loaded: type[FulfillerKind] = found.load()
    except Exception:  # noqa: BLE001 - importing a plug-in may raise anything
        _log.exception("fulfiller kind cannot be loaded", kind=found.name, source=found.value)
        return None
    return loaded
