"""What stands in the answers about resource pools."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from handlers.exchange import Request
from handlers.som.times import shown
from models.domain.pools.amounts import shown as amount_shown
from models.domain.pools.audit import Finding
from models.domain.pools.usage import MEMBERS, USES, Usage, exhaustion
from models.pools.turn import samples_of

Document = dict[str, Any]

KEPT = frozenset({"id", "href", "kind"})
_RESOURCE = "/tmf-api/resourceInventoryManagement/v4/resource"
_DIGITS = 4


def pool_body(request: Request, stored: Document, entries: Sequence[Document] | None) -> Document:
    """A pool; `entries` are its parts, None where they are not shown."""
    body = stored["body"]
    made = {
        "id": stored["_id"],
        "href": request.url(f"/resourcePool/{stored['_id']}"),
        "@type": "ResourcePool",
        **{name: value for name, value in body.items() if name != "id"},
        "utilisation": _share(Usage.of(stored["usage"])),
        "reachedThreshold": list(stored.get("above", ())),
        "createdDate": shown(stored["created"]),
        "lastUpdate": shown(stored["updated"]),
    }
    return made if entries is None else made | {"capacity": list(entries)}


def utilisation_body(request: Request, stored: Document, waiting: int, now: datetime) -> Document:
    """How full a pool is, and when it will be empty at the rate of late."""
    usage = Usage.of(stored["usage"])
    dimensions = {one["name"]: one["dimension"] for one in stored["measures"]}
    share = usage.share if usage.counts else 0.0
    at = exhaustion(samples_of(stored), now, share) if usage.counts else None
    made: Document = {
        "id": stored["_id"],
        "href": request.url(f"/resourcePool/{stored['_id']}/utilisation"),
        "utilisation": _share(usage),
        "waiting": waiting,
        "reachedThreshold": list(stored.get("above", ())),
        "count": [],
    }
    for name, counts in usage.counts.items():
        numbers: dict[str, int] = {"total": counts.total, "free": counts.free}
        numbers |= {use: getattr(counts, use) for use in USES}
        dimension = None if name == MEMBERS else dimensions.get(name, "piece")
        texts = {what: str(n) if dimension is None else amount_shown(n, dimension) for what, n in numbers.items()}
        made["count"].append({"measure": name, **texts, "utilisation": round(counts.share, _DIGITS)})
    if stored.get("saving"):
        made["savingFor"] = saving_body(stored["saving"])
    return made if at is None else made | {"expectedExhaustion": shown(at)}


def saving_body(saving: Document) -> Document:
    """The demand that a pool saves up for."""
    made: Document = {"demand": saving["key"], "since": shown(saving["since"])}
    if saving.get("order") is not None:
        made["order"] = saving["order"]
    return made if saving["until"] is None else made | {"until": shown(saving["until"])}


def _share(usage: Usage) -> float:
    return round(usage.share, _DIGITS) if usage.counts else 0.0


def member_body(request: Request, stored: Document) -> Document:
    """A member that is taken."""
    body = stored["body"]
    made: Document = {
        "id": stored["_id"],
        "href": f"{request.root}{_RESOURCE}/{stored['_id']}",
        "name": body.get("name"),
        "value": body.get("value"),
        "use": stored["use"],
        "capacity": stored["part"],
        "holder": dict(stored.get("holder", {})),
    }
    return made if "until" not in stored else made | {"until": shown(stored["until"])}


def waiting_body(stored: Document) -> Document:
    """A demand that waits."""
    demand = {name: value for name, value in stored["demand"].items() if value not in (None, [], {}, False)}
    return {
        "id": stored["_id"],
        "since": shown(stored["since"]),
        "priority": stored["priority"],
        "holder": dict(stored.get("holder", {})),
        "demand": demand,
    }


def finding_body(request: Request, finding: Finding) -> Document:
    """Something that a check has found."""
    made: Document = {"code": finding.code, "message": finding.message, "repaired": finding.repaired}
    if finding.resource is None:
        return made
    href = f"{request.root}{_RESOURCE}/{finding.resource}"
    return made | {"resource": {"id": finding.resource, "href": href, "@referredType": "Resource"}}
