"""What fulfillers have reported of the services of one plan, kept at hand until the services say so."""

from collections.abc import Iterable, Sequence

from models.domain.service_change import Report
from models.store import Store

NOTHING = Report()


class Reports:
    """Reports by the key of the task that brought them."""

    def __init__(self, store: Store) -> None:
        """Read those that are not at hand from the task documents in this store."""
        self._store = store
        self._known: dict[str, Report] = {}

    def keep(self, key: str, report: Report) -> None:
        """Remember what a task brought."""
        self._known[key] = report

    def of(self, key: str) -> Report:
        """What a task brought; one that says nothing where it is not at hand."""
        return self._known.get(key, NOTHING)

    async def load(self, plan: str, keys: Iterable[str]) -> None:
        """Have those of the reports at hand that a former holder of the plan took in."""
        ids = [f"{plan}:{key}" for key in keys if key not in self._known]
        if ids:
            found = self._store.collection("task").find({"_id": {"$in": ids}}, {"key": 1, "report": 1})
            async for document in found:
                report = document.get("report") or {}
                self.keep(document["key"], Report(**{name: tuple(entries) for name, entries in report.items()}))

    def together(self, keys: Sequence[str]) -> Report:
        """What several tasks brought, as one report."""
        reports = [self.of(key) for key in keys]
        return Report(
            tuple(entry for report in reports for entry in report.characteristics),
            tuple(entry for report in reports for entry in report.resources),
            tuple(entry for report in reports for entry in report.services),
            tuple(entry for report in reports for entry in report.gone),
        )
