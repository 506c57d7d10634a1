"""What follows for resources from the life of a plan's services: effects that the plan owes to the pools.

A resource is held for as long as its service is there. It is committed when the service is provisioned; a demand that
nobody waits for any more is taken out of its line; what goes without a call to its fulfiller is given back here.

An allocation of a modification says what the service shall have by it. What the service has beyond that stays its own
until the order has ended, so that it is still there where the order is cancelled, fails or is undone.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from adapters.ports import Holder, ResourcePools
from models.callback_token import CallKey
from models.domain.outcomes import Done
from models.domain.plan import PlannedTask
from models.domain.precedence import is_release
from models.domain.progress import Progress
from models.domain.reserving import Reserving
from models.domain.service_change import BUILT
from models.reservations_elsewhere import ReservationsElsewhere
from scheduler.engaging import Parts
from scheduler.plan_record import PlanRecord
from scheduler.reports import Reports

Document = dict[str, Any]
Effect = Callable[[str], Document]

_LEAVING = (("leave", True), ("keep", False))
_GIVEN_UP = frozenset({"skipped", "failed", "cancelled"})


class Allocations:
    """The allocations of one plan; owes effects to the services that they are for."""

    def __init__(self, parts: Parts, record: PlanRecord, effect: Effect, reports: Reports) -> None:
        """Work for this plan; `effect` gives the effect that is owed to a service, to be added to."""
        self._pools = parts.pools
        self._elsewhere = ReservationsElsewhere(parts.store, parts.clock)
        self._reports = reports
        self._record = record
        self._progress: Progress = record.progress
        self._effect = effect
        self._reserving = Reserving(record.plan, record.progress)

    def satisfied(self, task: PlannedTask) -> None:
        """A task is done or left out: the services that have all that they need by it are reserved."""
        if not self._progress.comes_first(task.key):
            return
        for service in self._reserving.satisfied(task.service):
            planned = self._record.services.get(service)
            if planned is not None and planned.action == "add" and planned.state in (*BUILT, "reserved"):
                self._effect(service)["reserved"] = True

    def provisioned(self, service: str) -> None:
        """A service is as it was ordered: what it holds is in use from now on."""
        planned = self._record.services[service]
        if planned.state in BUILT and any(self._of(service)):
            self._effect(service)["commit"] = True
        if revising := self._revising(service, "done"):
            self._effect(service)["leave"] = revising

    def ended(self, finished: Collection[str]) -> None:
        """The order has ended: the services that are as it wanted them give up what they have been doing without."""
        for service in self._record.plan.services:
            if service.id in finished and (revising := self._revising(service.id, "done")):
                self._effect(service.id)["giveUp"] = revising

    def restored(self, service: str) -> None:
        """What was done with a service is undone: it has what it had."""
        if revising := self._revising(service, "done", "cancelled"):
            self._effect(service)["keep"] = revising

    def removed(self, service: str) -> None:
        """A service is terminated: whatever it still holds, by an allocation that its rules lack by now, goes too."""
        tasks = (self._progress.tasks[key] for key in self._progress.of_service(service))
        if any(task.kind == "allocate" for task in tasks):
            self._effect(service)["free"] = True

    async def taken_in(self, task: PlannedTask, done: Done) -> tuple[Document, ...]:
        """Take note of what came out of an allocation, and of what was given back elsewhere.

        Returns:
            What the service has by it beyond that, each at least {id}: what it does without from now on. Nothing, where
            the allocation does not say what the service shall have.

        Raises:
            SomError: the database cannot be reached.
        """
        if task.kind != "allocate":
            return ()
        holder = Holder(service=task.service, task=task.name, tenant=self._record.tenant)
        if task.target is not None:
            await self._elsewhere.release(replace(holder, plan=self._record.id))
            return ()
        if is_release(task):
            await self._elsewhere.release(holder)
            return ()
        owned = replace(holder, plan=self._record.id, order=self._record.order_id)
        await self._elsewhere.note(owned, done.supporting_resource, done.output.get("endDateTime"))
        return await self._left_over(holder, done.supporting_resource) if _revises(task) else ()

    async def _left_over(self, holder: Holder, has: Sequence[Mapping[str, Any]]) -> tuple[Document, ...]:
        wanted = {one["id"] for one in has}
        held = await self._pools.held(holder) if self._pools is not None else ()
        gone: list[Document] = [{"id": one} for one in held if one not in wanted]
        for document in await self._elsewhere.held(holder):
            if "lost" in document or wanted.isdisjoint(document["resources"]):
                gone += [{"id": one, "elsewhere": document["_id"]} for one in document["resources"]]
        return tuple(gone)

    def by_hand(self, task: PlannedTask) -> None:
        """A person has done an allocation: what it asked for before is not wanted any more."""
        if task.kind == "allocate" and not is_release(task):
            self._withdraw(task)

    def take_note(self) -> None:
        """Take the demands of allocations that were given up out of their lines."""
        for key in self._progress.changed:
            task, run = self._progress.tasks[key], self._progress.run[key]
            if task.kind == "allocate" and task.target is None and not is_release(task) and run.state in _GIVEN_UP:
                self._withdraw(task)

    def _withdraw(self, task: PlannedTask) -> None:
        run = self._progress.run[task.key]
        if run.attempts or run.touched or run.revision:
            key = str(CallKey(self._record.id, task.key, task.operation, run.revision))
            wanted = {"key": key, "used": self._progress.is_used(task)}
            withdrawn = self._effect(task.service).setdefault("withdraw", [])
            if wanted not in withdrawn:
                withdrawn.append(wanted)

    def _of(self, service: str) -> list[PlannedTask]:
        tasks = (self._progress.tasks[key] for key in self._progress.of_service(service))
        return [task for task in tasks if task.kind == "allocate" and self._progress.run[task.key].state == "done"]

    def _revising(self, service: str, *states: str) -> list[str]:
        """Keys of the allocations in these states that say what a service shall have from now on."""
        tasks = (self._progress.tasks[key] for key in self._progress.of_service(service))
        return [task.key for task in tasks if _revises(task) and self._progress.run[task.key].state in states]

    async def apply(self, effects: Sequence[Document]) -> None:
        """Carry out what is owed to the pools; repeated, it changes nothing.

        Raises:
            SomError: the database cannot be reached.
        """
        keys = [key for effect in effects for name in ("leave", "keep", "giveUp") for key in effect.get(name, ())]
        await self._reports.load(self._record.id, keys)
        for effect in effects:
            if self._pools is not None:
                await self._apply_here(self._pools, effect)
            await self._apply_elsewhere(effect)

    async def _apply_here(self, pools: ResourcePools, effect: Document) -> None:
        holder = Holder(service=effect["service"], tenant=self._record.tenant)
        for one in effect.get("withdraw", ()):
            await pools.release(one["key"], "not wanted any more", at_once=not one["used"])
        if effect.get("commit"):
            await pools.commit(holder)
        for name, leaving in _LEAVING:
            if gone := self._gone(effect.get(name, ())):
                await pools.part_with(gone, leaving=leaving)
        if gone := self._gone(effect.get("giveUp", ())):
            await pools.give_up(gone, "the service has been changed to do without it")
        if effect.get("free"):
            await pools.release(holder, "the service is terminated")

    async def _apply_elsewhere(self, effect: Document) -> None:
        holder = Holder(service=effect["service"], tenant=self._record.tenant)
        if effect.get("commit"):
            await self._elsewhere.use(holder)
        for name, leaving in _LEAVING:
            if gone := self._gone(effect.get(name, ()), "elsewhere"):
                await self._elsewhere.part_with(gone, leaving=leaving)
        if gone := self._gone(effect.get("giveUp", ()), "elsewhere"):
            await self._elsewhere.release(gone)
        if effect.get("free"):
            await self._elsewhere.release(holder)

    def _gone(self, keys: Sequence[str], where: str = "id") -> list[str]:
        """Ids of what allocations left over: of resources of ours, or of reservations `elsewhere`."""
        gone = (entry for key in keys for entry in self._reports.of(key).gone)
        return list(dict.fromkeys(entry[where] for entry in gone if ("elsewhere" in entry) is (where == "elsewhere")))


def _revises(task: PlannedTask) -> bool:
    return task.kind == "allocate" and task.action == "modify" and task.target is None and not is_release(task)
