"""What a choice of fulfiller depends on, beside what the task needs: the order, the service, and how everybody is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from models.domain.advice import Advice

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a fulfiller is, as far as this process knows.

    Attributes:
        open_until: its circuit breaker lets no call through before this moment; None while it is closed.
        trying: the breaker is half open, and somebody tries already.
        breaker_reason: why the breaker opened.
        down: what the last probe found, where it found it down.
        full: no place, or no budget of its rate limit, was free a moment ago.
        in_flight: calls of this process that are under way or wait for their turn.
        open_tasks: tasks that it has, accepted ones included, over all processes; None where nobody counts.
        success: share of the latest calls that were answered, 0 to 1; None before the first.
        latency: milliseconds that a call took of late; None before the first.
    """

    open_until: datetime | None = None
    trying: bool = False
    breaker_reason: str = ""
    down: str | None = None
    full: bool = False
    in_flight: int = 0
    open_tasks: int | None = None
    success: float | None = None
    latency: float | None = None


WELL = Standing()


@dataclass(frozen=True, slots=True)
class Situation:
    """One choice to be made.

    Attributes:
        key: of the task; decides between equals.
        now: the present moment.
        places: ids and names of the places where the service is, or else its whole.
        parties: ids and names of the parties of order and service.
        service: the service as expressions see it.
        builder: id of the fulfiller that did this kind of work for the service before.
        standing: of the fulfillers, by id; who is missing is well.
        given_up: ids of fulfillers that were tried for this task in vain.
        advice: what policies have said of the candidates.
    """

    key: str = ""
    now: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    places: tuple[str, ...] = ()
    parties: frozenset[str] = frozenset()
    service: Body = field(default_factory=dict)
    builder: str | None = None
    standing: Mapping[str, Standing] = field(default_factory=dict)
    given_up: frozenset[str] = frozenset()
    advice: tuple[Advice, ...] = ()

    def of(self, fulfiller: str) -> Standing:
        """How a fulfiller is."""
        return self.standing.get(fulfiller, WELL)

    def to_document(self) -> dict[str, Any]:
        """As stored with a decision: what of the order and the service it was made on."""
        made: dict[str, Any] = {"at": self.now, "places": list(self.places), "parties": sorted(self.parties)}
        if self.builder is not None:
            made["builder"] = self.builder
        if self.given_up:
            made["givenUp"] = sorted(self.given_up)
        if self.advice:
            made["advice"] = [one.to_document() for one in self.advice]
        return made


def places_of(bodies: Iterable[Body]) -> tuple[str, ...]:
    """Ids and names of the places of the first body that has any: a part is where its whole is."""
    for body in bodies:
        found = _names(body.get("place"))
        if found:
            return tuple(dict.fromkeys(found))
    return ()


def parties_of(bodies: Iterable[Body]) -> frozenset[str]:
    """Ids and names of all related parties."""
    return frozenset(name for body in bodies for name in _names(body.get("relatedParty")))


def _names(references: Any) -> list[str]:
    """Ids and names of a list of references; the reference may be nested in a role (`place: {place: {id}}`)."""
    found: list[str] = []
    for reference in references if isinstance(references, list) else ():
        if isinstance(reference, Mapping):
            nested = reference.get("place") or reference.get("partyOrPartyRole")
            for one in (reference, nested if isinstance(nested, Mapping) else {}):
                found += [str(one[name]) for name in ("id", "name") if isinstance(one.get(name), str)]
    return found
