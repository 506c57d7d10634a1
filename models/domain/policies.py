"""Policies: which of them have a say in an order, what they are told, and what their answer means."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from models.domain.decision_points import Verdict
from models.domain.flow_runs import data_of
from models.domain.releases.versions import Version
from models.domain.violations import Violation

Document = dict[str, Any]

KINDS = ("opa", "dmn")
"""Who decides: a service with the data API of Open Policy Agent, or a decision table, inside."""
DEFAULT_SECONDS = 2.0
MAX_TEXTS = 100
"""Ids and names of one sort that a policy is told, besides the order itself."""
_NOT_RECORDED = frozenset({"order", "amended", "decisionPoint", "item", "service", "current", "input", "processFlow"})
LONGEST_RECORDED = 5_000
"""Characters of one value of its context that is recorded beside a decision."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A published version of a policy.

    Attributes:
        id: `<name>:<version>`.
        point: when it is asked, one of POINTS.
        kind: one of KINDS.
        url: of the policy service; empty where there is none.
        path: of the rule there, `/` between its parts.
        seconds: how long it may take to answer.
        applies_to: what an order must have, by name: `specification`, `category`, `party`, or `recipe`, which only
            process flows have; each a list of which one is enough, and an empty one asks nothing.
        when_down: what is decided where it gives no answer.
        needs: what is counted for it, of COUNTS.
        table: what makes the decision inside; None where a service does.
        secret: name of the secret of the tenant that the service gets as bearer token; None where it wants none.
        authority: certificates (PEM) of those who vouch for the service; None for those whom everybody trusts.
    """

    id: str
    name: str
    version: str
    point: str
    kind: str
    url: str
    path: str
    seconds: float
    applies_to: Mapping[str, tuple[str, ...]]
    when_down: Verdict
    needs: tuple[str, ...] = ()
    table: "Table | None" = None
    secret: str | None = None
    authority: str | None = None

    def applies(self, order: Mapping[str, Any], recipe: str | None = None) -> bool:
        """Whether an order's body is its business, or that of a process flow, which runs a recipe of this name."""
        found = {**_facts(order), "recipe": {recipe} if recipe is not None else set()}
        return all(not wanted or found[name] & set(wanted) for name, wanted in self.applies_to.items())


class Table(Protocol):
    """Makes decisions inside."""

    def decide(self, context: Mapping[str, Any]) -> Any:
        """The answer on this context.

        Raises:
            NoAnswer: it makes none; says why.
        """


def policy_of(stored: Mapping[str, Any], table: Table | None = None) -> Policy:
    """A stored policy as it is asked; `table` is that of a policy which decides inside."""
    body = stored["body"]
    return Policy(
        id=stored["_id"],
        name=stored["name"],
        version=stored["version"],
        point=body["decisionPoint"],
        kind=body["kind"],
        url=body.get("url", ""),
        path=body.get("path", ""),
        seconds=float(body.get("timeout", DEFAULT_SECONDS)),
        applies_to={name: tuple(values) for name, values in (body.get("appliesTo") or {}).items()},
        when_down=Verdict.of(body["whenDown"]),
        needs=tuple(body.get("needs") or ()),
        table=table,
        secret=body.get("secret"),
        authority=body.get("certificateAuthority"),
    )


class PolicySet:
    """The published policies of a tenant; of each name, the newest version.

    Attributes:
        ids: of those versions.
    """

    def __init__(self, policies: Iterable[Policy]) -> None:
        """Know these, which are all that are published."""
        newest: dict[str, Policy] = {}
        for made in policies:
            other = newest.get(made.name)
            if other is None or Version.parse(made.version) > Version.parse(other.version):
                newest[made.name] = made
        self.ids = frozenset(one.id for one in newest.values())
        self._by_point: dict[str, list[Policy]] = {}
        for name in sorted(newest):
            self._by_point.setdefault(newest[name].point, []).append(newest[name])

    def asks_at(self, *points: str) -> bool:
        """Whether any is asked at one of these decision points, whatever the order."""
        return any(point in self._by_point for point in points)

    def of(self, point: str, order: Mapping[str, Any], recipe: str | None = None) -> list[Policy]:
        """Those that have a say in an order, or a process flow (see `Policy.applies`), at a decision point, by name."""
        return [one for one in self._by_point.get(point, ()) if one.applies(order, recipe)]


def question(point: str, order_id: str, order: Mapping[str, Any], now: str) -> Document:
    """What every policy is told at a decision point: the order as stored, with its id, and what it is chosen by.

    `now` is the present moment as a text.
    """
    return {"decisionPoint": point, "order": {**order, "id": order_id}, "now": now, **summary(order)}


def head(order_id: str, order: Mapping[str, Any]) -> Document:
    """What policies are told of an order where a task of it is the matter: all but its items, which may be many."""
    rest = {name: value for name, value in order.items() if name != "serviceOrderItem"}
    return {"order": {**rest, "id": order_id}, **summary(order)}


def head_of_flow(flow_id: str, flow: Mapping[str, Any]) -> Document:
    """What policies are told of a process flow that runs a recipe without an order, where a task is the matter."""
    return {"processFlow": {**flow, "id": flow_id, "characteristic": data_of(flow)}, **summary(flow)}


def summary(order: Mapping[str, Any]) -> Document:
    """What policies are chosen by, and how many items there are; the order's part in what a decision records."""
    found: Document = {name: sorted(values)[:MAX_TEXTS] for name, values in _facts(order).items()}
    return {**found, "category": order.get("category"), "items": sum(1 for _ in _items(order))}


def recorded(context: Mapping[str, Any]) -> Document:
    """What of a policy's context stands beside its decision: all that is short, and no order, item or service."""
    kept = {name: value for name, value in context.items() if name not in _NOT_RECORDED}
    return {name: value for name, value in kept.items() if value is not None and len(str(value)) <= LONGEST_RECORDED}


def unnamed(order: Mapping[str, Any]) -> list[str]:
    """The ids of services that an order refers to by nothing else: what they are, the inventory knows."""
    services = (item.get("service") or {} for item in _items(order))
    return [str(one["id"]) for one in services if one.get("id") and not one.get("serviceSpecification")]


def with_specifications(order: Mapping[str, Any], known: Mapping[str, Any]) -> Document:
    """An order's body whose items say of which specification their services are, by the ids of these."""
    return {**order, "serviceOrderItem": [_specified(item, known) for item in order.get("serviceOrderItem") or ()]}


def _specified(item: Mapping[str, Any], known: Mapping[str, Any]) -> Document:
    made, service = dict(item), item.get("service") or {}
    reference = known.get(str(service.get("id")))
    if reference is not None and not service.get("serviceSpecification"):
        made["service"] = {**service, "serviceSpecification": reference}
    if item.get("serviceOrderItem"):
        made["serviceOrderItem"] = [_specified(inner, known) for inner in item["serviceOrderItem"]]
    return made


def denials(verdicts: Sequence[tuple[str, Verdict]]) -> list[Violation]:
    """What verdicts (policy id, verdict) have against an order."""
    return [
        Violation("", "policyDenied", f"{verdict.reason or 'No reason was given.'} (policy {policy})")
        for policy, verdict in verdicts
        if not verdict.allow
    ]


def party_ids(order: Mapping[str, Any]) -> list[str]:
    """The ids of the parties of an order, in the order in which it names them."""
    parties = order.get("relatedParty") or ()
    found = ((one.get("partyOrPartyRole") or one).get("id") for one in parties)
    return list(dict.fromkeys(str(one) for one in found if one))


def _facts(order: Mapping[str, Any]) -> dict[str, set[str]]:
    """What policies are chosen by: ids and names of specifications and parties, and the category."""
    services = [item.get("service") or {} for item in _items(order)]
    parties = [*(order.get("relatedParty") or ()), *(one for s in services for one in s.get("relatedParty") or ())]
    references = [one.get("serviceSpecification") or {} for one in services]
    return {
        "specification": _names(references),
        "category": {order["category"]} if order.get("category") else set(),
        "party": _names([*parties, *(one.get("partyOrPartyRole") or {} for one in parties)]),
    }


def _items(order: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All items, nested ones too."""
    left = list(order.get("serviceOrderItem") or ())
    while left:
        item = left.pop()
        yield item
        left += item.get("serviceOrderItem") or ()


def _names(references: Iterable[Mapping[str, Any]]) -> set[str]:
    return {one[key] for one in references for key in ("id", "name") if one.get(key)}
