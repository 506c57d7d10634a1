"""Working off propagations: every service that relies on a changed one is revised and told, piece by piece."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from models import outbox, propagations
from models.catalogue import Catalogue, Reference
from models.clock import Clock, to_text
from models.domain import desired as desired_side
from models.domain.caller import ENGINE, Caller
from models.domain.draft import as_seen
from models.domain.errors import InvalidRequest
from models.domain.propagation import Consequence, Difference, consequence, last_seq, noted
from models.domain.repair import repair_of
from models.domain.sides import SideChange, work_out_drift
from models.domain.snapshot import RELIES_ON, role_of
from models.domain.specification import Specification
from models.leases import Leases
from models.order_placing import Cause, OrderPlacing
from models.propagations import relying_on
from models.reading import reading
from models.service_events import side_stubs
from models.store import Store

Document = dict[str, Any]

SECONDS = 0.5
PIECE = 50
LEASE = "propagations"
CAUSE = "dependency"
_SOON = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Relied:
    """The service that has changed, and how."""

    job: Document
    body: Document
    changed: Difference


@dataclass(slots=True)
class Propagations:
    """Revises and tells those who rely on services that have changed.

    A worker that dies has at most a piece half done: the next one does that piece again, and who was told already is
    not told twice; the order that is placed for one has an id that follows from the change.
    """

    store: Store
    clock: Clock
    leases: Leases
    catalogue: Catalogue
    placing: OrderPlacing

    async def look(self) -> None:
        """Go on with what is due, if this process is the one to do it.

        Raises:
            Unavailable: the database cannot be reached; the next look repeats it.
        """
        jobs = await propagations.due(self.store, self.clock.now(), 20)
        if not jobs or await self.leases.take(LEASE) is None:
            return
        for job in jobs:
            await self._go_on(job)

    async def _go_on(self, job: Document) -> None:
        stored = await self.store.get("service", job["service"], tenant=job["tenant"])
        now = self.clock.now()
        if stored is not None and stored.get("owner") and not job["cursor"]:
            # An order still works on it: what it changes besides is told together with this.
            await propagations.advance(self.store, job, {"due": now + _SOON, "updated": now}, {})
            return
        wanted = relying_on(job["tenant"], job["service"])
        services = self.store.collection("service")
        total = job["total"]
        with reading():
            if not job["cursor"]:
                total = await services.count_documents(wanted)
            after = {**wanted, "_id": {"$gt": job["cursor"]}}
            found = await services.find(after).sort("_id", 1).limit(PIECE).to_list() if stored else []
        relied = Relied(job, (stored or {}).get("body", {}), propagations.read_difference(job["changed"]))
        told = await asyncio.gather(*(self._tell(dependent, relied) for dependent in found))
        await self._advance(job, found, total, told)

    async def _advance(
        self, job: Document, found: list[Document], total: int, told: list[tuple[str, list[str]]]
    ) -> None:
        now, more = self.clock.now(), len(found) == PIECE
        counts = Counter(outcome for outcome, _ in told if outcome != "told")
        problems = [
            {"service": dependent["_id"], "message": problem}
            for dependent, (_, found_problems) in zip(found, told, strict=True)
            for problem in found_problems
        ]
        change = {
            "state": "inProgress" if more else "done",
            "total": max(total, job["told"] + len(found)),
            "cursor": found[-1]["_id"] if found else job["cursor"],
            "updated": now,
            "due": now if more else None,
            "problems": problems,
        }
        await propagations.advance(self.store, job, change, {**counts, "told": len(found)})

    async def _tell(self, dependent: Document, relied: Relied) -> tuple[str, list[str]]:
        """Revise one dependent, with the event that tells of it, and see to what a fulfiller has to do about it.

        Returns:
            What was done: `revised`, `proposed`, `placed`, `failed`, or `told` where it is out of use by now; and what
            could not be worked out.
        """
        specification = await self._specification(dependent)
        while True:
            name = _name_of(dependent["body"], relied, specification)
            views = (as_seen(dependent["body"]), as_seen(relied.body))
            follows = consequence(specification, name, views, relied.changed)
            known = dependent.get("relied", [])
            if last_seq(known, relied.body["id"]) >= relied.job["seq"]:
                done = self._outcome_of(known, relied)
                if not (done == "proposed" and relied.job.get("placing")):
                    return done, list(follows.problems)
                follows = replace(follows, acts=True)
            outcome, order, problems = await self._act(dependent, relied, follows)
            change = self._revision(dependent, relied, follows, outcome, order)
            guard = {"_id": dependent["_id"], "rev": dependent["rev"]}
            if await self.store.update("service", guard, change):
                return outcome, [*follows.problems, *problems]
            fresh = await self.store.get("service", dependent["_id"], tenant=dependent["tenant"])
            if fresh is None or fresh["body"].get("state") == "terminated":
                return "told", []
            dependent = fresh

    @staticmethod
    def _outcome_of(known: list[Document], relied: Relied) -> str:
        entry = next(one for one in known if one["service"] == relied.body["id"])
        return str(entry.get("outcome", "revised"))

    async def _specification(self, dependent: Document) -> Specification | None:
        reference = dependent["body"].get("serviceSpecification")
        if not isinstance(reference, Mapping):
            return None
        return await self.catalogue.compiled(dependent["tenant"], Reference.of(reference))

    async def _act(
        self, dependent: Document, relied: Relied, follows: Consequence
    ) -> tuple[str, str | None, list[str]]:
        if not follows.acts or follows.on_change == "none":
            return "revised", None, []
        if follows.on_change == "propose" and not relied.job.get("placing"):
            return "proposed", None, []
        try:
            return "placed", await self.place(dependent, relied, follows.values), []
        except InvalidRequest as refusal:
            return "failed", None, [str(violation) for violation in refusal.violations]

    async def place(self, dependent: Document, relied: Relied, values: Mapping[str, Any]) -> str:
        """Place the order that modifies a dependent, once for each change; return its id."""
        service: Document = {"id": dependent["_id"]}
        if values:
            named = [{"name": name, "value": value} for name, value in values.items()]
            service["serviceCharacteristic"] = named
        key = f"{relied.body['id']}/{relied.job['seq']}/{dependent['_id']}"
        why = f"The service {relied.body['id']}, which it relies on, has changed."
        order = {"serviceOrderItem": [{"id": "1", "action": "modify", "service": service}]}
        caller = Caller(ENGINE.subject, ENGINE.roles, dependent["tenant"])
        return (await self.placing.place(caller, order, key, Cause(CAUSE, relied.body["id"], why))).id

    def _revision(
        self, dependent: Document, relied: Relied, follows: Consequence, outcome: str, order: str | None
    ) -> Document:
        """The write by which a dependent's desired instance follows the change of what it relies on."""
        now = self.clock.now()
        at, body, side = to_text(now), dependent["body"], SideChange()
        entry: Document = {"service": relied.body["id"], "seq": relied.job["seq"], "at": at, "outcome": outcome}
        entry |= {"propagation": relied.job["_id"], **({"order": order} if order else {})}
        relies = noted(dependent.get("relied", []), entry)
        side.put(dependent, "relied", relies)
        wanted = desired_side.known(dependent)
        if wanted is not None:
            if follows.values:
                values = [{"name": name, "value": value} for name, value in follows.values.items()]
                wanted = desired_side.told_more(wanted, {"serviceCharacteristic": values})
            wanted = {**wanted, "reliesOn": relies}
            side.put(dependent, "desired", wanted)
            if "owner" not in dependent:
                work_out_drift(side, dependent, body, wanted, at)
            elif "wanted" in dependent["owner"]:  # what the order puts back where it is undone
                side.fields["owner.wanted"] = {**(dependent["owner"]["wanted"] or wanted), "reliesOn": relies}
        why = f"The service {relied.body['id']}, which it relies on, was changed."
        who = str(relied.job.get("who") or ENGINE.subject)
        stubs = side_stubs(side, body.get("state"), who, alone=True, order=relied.job.get("order"), why=why)
        fields = {**side.fields, **_repaired_by(dependent, side, order)}
        return outbox.change(dependent, fields, stubs, now, unset=side.unset)


def _repaired_by(dependent: Document, side: SideChange, order: str | None) -> Document:
    """Note that an order is about to make a dependent what it is to be: reconciliation need not place another one."""
    if order is None:
        return {}
    after = {name: value for name, value in {**dependent, **side.fields}.items() if name not in side.unset}
    repair = repair_of(after)
    return {"repair": {"order": order, **({"key": repair.key} if repair is not None else {})}}


def _name_of(body: Mapping[str, Any], relied: Relied, specification: Specification | None) -> str:
    """The name by which a dependent's rules know the service: the role it was given, else by its specification."""
    role = role_of(body, relied.body["id"])
    if role:
        return role
    reference = relied.body.get("serviceSpecification") or {}
    for relation in specification.dependencies if specification is not None else ():
        if reference.get("id") and relation.id == reference["id"]:
            return relation.name
        if reference.get("name") and relation.family == reference["name"]:
            return relation.name
    return str(reference.get("name") or RELIES_ON)
