"""Which services have all that is to be allocated for them before any fulfiller is called. Pure."""

from collections import defaultdict

from models.domain.plan import Plan
from models.domain.progress import SATISFIED, Progress


class Reserving:
    """Counts the allocations that a service, with everything it is made of, still lacks."""

    def __init__(self, plan: Plan, progress: Progress) -> None:
        """Count from where the plan stands."""
        self._parent = {service.id: service.parent for service in plan.services}
        self._left: dict[str, int] = defaultdict(int)
        for task in plan.tasks:
            if progress.comes_first(task.key) and progress.run[task.key].state not in SATISFIED:
                for service in self._lineage(task.service):
                    self._left[service] += 1

    def satisfied(self, service: str) -> list[str]:
        """One allocation of a service stands. Returns the services that have all of theirs now, the innermost first."""
        complete = []
        for each in self._lineage(service):
            self._left[each] -= 1
            if self._left[each] == 0:
                complete.append(each)
        return complete

    def _lineage(self, service: str) -> list[str]:
        found: list[str] = []
        key: str | None = service
        while key is not None:
            found.append(key)
            key = self._parent.get(key)
        return found
