"""Which services a plan has finished: their own tasks done, and those of everything they are made of."""

from collections import defaultdict

from models.domain.plan import Plan
from models.domain.progress import SATISFIED, Progress


class ServiceProgress:
    """Counts what is left to do for each service, so that finishing one costs nothing but itself and its parents."""

    def __init__(self, plan: Plan, progress: Progress) -> None:
        """Count from where the plan stands."""
        self._parent = {service.id: service.parent for service in plan.services}
        self._left: dict[str, int] = defaultdict(int)
        self.finished: set[str] = set()
        for task in plan.tasks:
            if progress.run[task.key].state not in SATISFIED:
                self._left[task.service] += 1
        for service in plan.services:
            if service.parent is not None:
                self._left[service.parent] += 1
        for service in plan.services:
            if self._left[service.id] == 0:
                self._finish(service.id)

    def task_satisfied(self, service: str) -> list[str]:
        """One task of a service is done. Returns the services that are finished by it, the innermost first."""
        self._left[service] -= 1
        return self._finish(service) if self._left[service] == 0 else []

    def _finish(self, service: str) -> list[str]:
        if service in self.finished:
            return []
        self.finished.add(service)
        done = [service]
        parent = self._parent.get(service)
        if parent is not None:
            self._left[parent] -= 1
            if self._left[parent] == 0:
                done += self._finish(parent)
        return done
