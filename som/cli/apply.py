"""`som apply`: makes a service system what a file says, once for each commit."""

import uuid
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from models.domain.service_system import Change, Comparison, ServiceSystem, compare, key_of, order_of
from models.domain.snapshot import version_order
from som.cli import files, output, systems
from som.cli.connection import CATALOGUE, INVENTORY, ORDERING, Server, at
from som.cli.exits import CommandError, EndedOtherwise, Exit, Refused, Unusable
from som.cli.follow import Follower
from som.cli.options import DEFAULT_URL, AsJson, Fill, InputFile, Timeout, Url
from som.cli.picture import ENDED
from som.cli.views import view

Body = dict[str, Any]

_ORDERS = f"{ORDERING}/serviceOrder"
_ALIVE = "feasibilityChecked,designed,reserved,inactive,active"
_IN_USE = frozenset({"active", "inactive"})
_PAGE = 500
_COMMITS = [
    "SOM_COMMIT", "GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT", "BUILD_SOURCEVERSION", "CIRCLE_SHA1",
    "BITBUCKET_COMMIT", "BUILDKITE_COMMIT", "DRONE_COMMIT_SHA", "TRAVIS_COMMIT",
]  # fmt: skip
_SIGNS = {"add": ("+", "green"), "modify": ("~", "yellow"), "delete": ("-", "red")}

Wait = Annotated[bool, typer.Option("--wait", help="Follow the order to its end, and exit with its result.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what differs.")]
Prune = Annotated[bool, typer.Option("--prune", help="Delete services of the system that the file does not have.")]
Commit = Annotated[
    str | None,
    typer.Option(
        "--commit",
        envvar=_COMMITS,
        help="What the file is a version of: there is one order for each commit. CI systems say it by themselves.",
        show_default=False,
    ),
]
Attempt = Annotated[
    int, typer.Option("--attempt", min=1, help="A further one makes another order for the same commit.")
]


class Impossible(CommandError):
    """No order can make the system what the file says."""

    exit = Exit.REFUSED


def apply(
    file: InputFile,
    wait: Wait = False,
    dry_run: DryRun = False,
    prune: Prune = False,
    commit: Commit = None,
    attempt: Attempt = 1,
    fill: Fill = [],  # noqa: B006 - typer copies it
    timeout: Timeout = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Create or change a service system to what a file says.

    Where nothing differs, nothing is ordered. For a commit there is one order, however often this runs: a further run
    follows it, or ends as it has ended.
    """
    system = systems.read(file, files.values(fill))
    with Server(url) as server:
        run = _Run(server, system, _mark(system, commit, attempt), silent=as_json, timeout=timeout)
        earlier = run.earlier()
        if earlier is not None and wait and not dry_run:
            earlier = run.follow(str(earlier["id"]))
        present = run.present(wait=wait and not dry_run, besides=earlier)
        compared = compare(system, present, prune=prune)
        if not as_json:
            _show(compared)
        _refuse(compared)
        order = None if dry_run else run.order(earlier, compared, present, wait=wait)
    if as_json:
        changes = [change.to_document() for change in compared.changes]
        output.as_json({"system": system.name, "change": changes, "surplus": list(compared.surplus), "order": order})
    if order is not None and wait:
        _judge(order, compared, new=earlier is None)


class _Run:
    """One run against one server; `mark` is the externalId of its order, None where no commit is known."""

    def __init__(
        self, server: Server, system: ServiceSystem, mark: str | None, *, silent: bool, timeout: float
    ) -> None:
        self._server = server
        self._system = system
        self._mark = mark
        self._silent = silent
        self._timeout = timeout

    def earlier(self) -> Body | None:
        """The order that an earlier run has placed for the same commit."""
        if self._mark is None:
            return None
        found = self._server.page(_ORDERS, {"externalId": self._mark, "limit": 1}).items
        return found[0] if found else None

    def present(self, *, wait: bool, besides: Body | None) -> list[Body]:
        """The living services of the system, once nobody works on them any more.

        Raises:
            Impossible: an order is at work on one of them, and is not to be waited for.
        """
        while True:
            services = self._services()
            busy = self._at_work(services)
            if busy is None or (besides is not None and busy == besides["id"]):
                return services
            if not wait:
                raise Impossible(f"The order {busy} is still at work on the system; `--wait` waits for it.")
            if not self._silent:
                output.line(f"The order {busy} is at work on the system; it goes first.")
            self.follow(busy)

    def order(self, earlier: Body | None, compared: Comparison, present: list[Body], *, wait: bool) -> Body | None:
        """The order of this run, followed to its end where that is wanted; None where there is nothing to do."""
        order = earlier
        if order is None and compared.changes:
            order = self._place(compared, present)
        if order is None:
            return None
        if not self._silent:
            output.line(f"order {order['id']}  ", output.state(order["state"]))
        return self.follow(str(order["id"])) if wait and order is not earlier else order

    def _place(self, compared: Comparison, present: list[Body]) -> Body:
        specifications = {
            change.key: self._specification(change.key) for change in compared.changes if change.action == "add"
        }
        body = order_of(self._system, compared.changes, present, specifications)
        body.setdefault("description", f"{self._system.name} as its file says")
        if self._mark is None:
            return self._post(body, str(uuid.uuid4()))
        reference = {"externalReferenceType": "pipeline", "name": self._mark}
        body |= {"externalId": self._mark, "externalReference": [*body.get("externalReference", ()), reference]}
        try:
            return self._post(body, f"apply {self._mark}")
        except Refused:
            # Another run with the same commit may have been quicker, and have seen another difference.
            found = self.earlier()
            if found is None:
                raise
            return found

    def _post(self, body: Body, key: str) -> Body:
        placed: Body = self._server.post(_ORDERS, body, key)
        return placed

    def follow(self, order: str) -> Body:
        """An order, once it has ended.

        Raises:
            TimedOut: it has not, in the time that was given.
        """
        seen = Follower(self._server, order, self._timeout).follow(view(silent=self._silent))
        return dict(seen.order)

    def _services(self) -> list[Body]:
        found: list[Body] = []
        while True:
            asked = {"relatedEntity.id": self._system.name, "state": _ALIVE, "limit": _PAGE, "offset": len(found)}
            page = self._server.page(f"{INVENTORY}/service", asked)
            found += page.items
            if not page.items or len(found) >= page.total:
                return [service for service in found if key_of(service, self._system.name) is not None]

    def _at_work(self, services: list[Body]) -> str | None:
        """The order that is building or changing one of these; None where there is none."""
        orders = [str(link["serviceOrderId"]) for service in services for link in service.get("serviceOrderItem") or ()
                  if link.get("serviceOrderId")]  # fmt: skip
        for key in dict.fromkeys(reversed(orders)):
            order = self._server.find(at(_ORDERS, key))
            if order is not None and order["state"] not in ENDED:
                return key
        return None

    def _specification(self, key: str) -> Body:
        """The reference to a specification as orders have it: by its id.

        Raises:
            Unusable: the catalogue does not have it.
        """
        wanted = self._system.services[key].specification
        if "id" in wanted:
            return wanted
        asked: Body = {name: wanted[name] for name in ("name", "version") if name in wanted}
        found = self._server.page(f"{CATALOGUE}/serviceSpecification", {**asked, "limit": _PAGE}).items
        orderable = [
            one for one in found if str(one.get("lifecycleStatus", "Active")).lower() in ("active", "launched")
        ]
        if not orderable:
            named = " ".join(map(str, asked.values()))
            raise Unusable(f"/services/{key}/specification: the catalogue has no {named} that can be ordered.")
        newest = max(orderable, key=lambda one: version_order(one.get("version")))
        return {name: newest[name] for name in ("id", "name", "version") if name in newest}


def _mark(system: ServiceSystem, commit: str | None, attempt: int) -> str | None:
    if not commit:
        return None
    return f"{system.name}@{commit}" + (f"#{attempt}" if attempt > 1 else "")


def _refuse(compared: Comparison) -> None:
    if compared.violations:
        raise Impossible("\n".join(str(violation) for violation in compared.violations))


def _judge(order: Mapping[str, Any], compared: Comparison, *, new: bool) -> None:
    """End as the order has ended.

    Raises:
        EndedOtherwise: it is not completed; or it was, and what it made has been changed since.
    """
    if order["state"] != "completed":
        errors = "".join(f"\n  {one.get('message')}" for one in order.get("errorMessage") or ())
        again = "" if new else " It is of an earlier run; `--attempt` with a higher number orders again."
        raise EndedOtherwise(f"Order {order['id']} is {order['state']}, not completed.{again}{errors}")
    if not new and compared.changes:
        raise EndedOtherwise(
            f"Order {order['id']} has applied this commit, and the system has been changed since. `--attempt` with a "
            "higher number applies it again."
        )


def _show(compared: Comparison) -> None:
    if not compared.changes:
        output.line("Nothing differs.")
    for change in compared.changes:
        output.line(_SIGNS[change.action], f" {change.key}", f"  {change.service}" if change.service else "")
        _show_parts(change)
    for key in compared.surplus:
        output.line(f"  {key} is not in the file; `--prune` deletes it.")


def _show_parts(change: Change) -> None:
    for name, (before, after) in {**change.attributes, **change.values}.items():
        if change.action == "add":
            output.line(f"    {name}: {output.short(after)}")
        else:
            output.line(f"    {name}: {output.short(before)} → {output.short(after)}")
    before, after = (", ".join(needs) or "nothing" for needs in change.needs)
    if before != after:
        output.line(f"    needs: {after}" if change.action == "add" else f"    needs: {before} → {after}")
