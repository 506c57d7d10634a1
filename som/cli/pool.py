"""`som pool`: resource pools; `som check`: whether they are as they must be."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from som.cli import files, output
from som.cli.connection import ADMINISTRATION, Server, at
from som.cli.exits import CommandError, Exit, Unusable
from som.cli.options import DEFAULT_URL, AsJson, Fill, InputFile, Limit, Offset, Url

app = typer.Typer(help="Make, fill and look at resource pools.", no_args_is_help=True)

PoolId = Annotated[str, typer.Argument(metavar="ID", help="Identifier of the pool.", show_default=False)]
Repair = Annotated[bool, typer.Option("--repair", help="Mend what can be mended.")]

_POOLS = f"{ADMINISTRATION}/resourcePool"
_OWN = ("id", "name", "kind", "description", "quarantine", "reservation", "overtaking", "placement", "gateway")
_PAGE = 1_000


class PoolsDiffer(CommandError):
    """Something about the pools is not as it must be."""

    exit = Exit.OTHER_END


@app.command("list")
def list_pools(limit: Limit = 100, offset: Offset = 0, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """List pools with how full they are."""
    with Server(url) as server:
        page = server.page(_POOLS, {"limit": limit, "offset": offset})
    columns = ("id", "name", "kind", "for", "taken", "thresholds")
    output.listing(page.items, page.total, columns, _row, in_json=as_json)


@app.command()
def show(pool_id: PoolId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show a pool: its parts, how full it is, who has what and who waits."""
    with Server(url) as server:
        pool = server.get(at(_POOLS, pool_id))
        how = server.get(at(_POOLS, pool_id, "utilisation"))
        members = server.page(at(_POOLS, pool_id, "member"), {"limit": 20})
        waiting = server.page(at(_POOLS, pool_id, "demand"), {"limit": 20})
    if as_json:
        output.as_json({**pool, "utilisation": how, "member": members.items, "demand": waiting.items})
        return
    output.facts((name, str(pool[name])) for name in _OWN if name in pool)
    saving = how.get("savingFor") or {}
    output.facts(
        [
            ("taken", _percent(how["utilisation"])),
            ("expected to be empty", how.get("expectedExhaustion")),
            ("saves up for", saving.get("order") or saving.get("demand")),
        ]
    )
    output.table(("part", "of", "place", "withheld"), [_part(one) for one in pool["capacity"]])
    uses = ("total", "free", "reserved", "used", "quarantined")
    output.table(("measure", *uses), [(one["measure"], *(one[use] for use in uses)) for one in how["count"]])
    if members.items:
        output.table(
            ("resource", "value", "use", "service", "order", "until"),
            [(one["id"], one.get("value"), one["use"], *_whose(one), one.get("until")) for one in members.items],
        )
        output.more(len(members.items), members.total)
    if waiting.items:
        output.table(
            ("waits", "since", "priority", "service", "order"),
            [(one["id"], one["since"], str(one["priority"]), *_whose(one)) for one in waiting.items],
        )
        output.more(len(waiting.items), waiting.total)


@app.command()
def create(
    file: InputFile,
    fill: Fill = [],  # noqa: B006 - typer copies it
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Make the pool in a file."""
    with Server(url) as server:
        made = server.post(_POOLS, files.read_object(file, files.values(fill)))
    _told(made, "made", as_json=as_json)


@app.command()
def grow(
    pool_id: PoolId,
    file: Annotated[
        Path | None,
        typer.Option("--file", exists=True, dir_okay=False, metavar="FILE", help="The parts: {capacity: […]}."),
    ] = None,
    numbers: Annotated[
        list[str], typer.Option("--range", metavar="FROM..TO", help="Numbers to add; can be repeated.")
    ] = [],  # noqa: B006 - typer copies it
    prefix: Annotated[
        list[str], typer.Option("--prefix", metavar="PREFIX", help="Addresses to add; can be repeated.")
    ] = [],  # noqa: B006 - typer copies it
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Add parts to a pool; those who wait are served at once."""
    parts: list[dict[str, Any]] = [{"prefix": one} for one in prefix]
    parts += [_range(one) for one in numbers]
    if file is not None:
        parts += files.read_object(file, {}).get("capacity", [])
    if not parts:
        raise Unusable("Name what to add: --range, --prefix or --file.")
    with Server(url) as server:
        made = server.post(at(_POOLS, pool_id, "push"), {"capacity": parts})
    _told(made, f"grown, {_percent(made['utilisation'])} taken", as_json=as_json)


@app.command()
def remove(pool_id: PoolId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Remove a pool of which nothing is taken."""
    with Server(url) as server:
        server.delete(at(_POOLS, pool_id))
    output.told({"id": pool_id, "removed": True}, f"{pool_id}  removed", in_json=as_json)


@app.command("check")
def check_pools(
    pool_id: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]…", help="Identifiers of pools; all, if left out.")
    ] = None,
    repair: Repair = False,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Count pools anew and say what is not as it must be; the exit code tells."""
    with Server(url) as server:
        checked = [server.post(at(_POOLS, key, "check"), {"repair": repair}) for key in (pool_id or _all(server))]
    if as_json:
        output.as_json(checked)
    else:
        _report(checked)
    left = sum(not found["repaired"] for one in checked for found in one["finding"])
    if left:
        raise PoolsDiffer(f"{left} findings are left." + ("" if repair else " With --repair, what can be is mended."))


def _all(server: Server) -> list[str]:
    found: list[str] = []
    while True:
        page = server.page(_POOLS, {"limit": _PAGE, "offset": len(found), "fields": "id"})
        found += [one["id"] for one in page.items]
        if not page.items or len(found) >= page.total:
            return found


def _report(checked: Sequence[Mapping[str, Any]]) -> None:
    rows = [
        (one["resourcePool"]["name"], found["code"], "mended" if found["repaired"] else "open", found["message"])
        for one in checked
        for found in one["finding"]
    ]
    if rows:
        output.table(("pool", "finding", "state", "what"), rows)
    members = sum(one["members"] for one in checked)
    output.line(f"{len(checked)} pools, {members} members that are taken, {len(rows)} findings")


def _told(pool: Mapping[str, Any], what: str, *, as_json: bool) -> None:
    if as_json:
        output.as_json(pool)
    else:
        output.line(f"{pool['id']}  {what}")


def _range(text: str) -> dict[str, Any]:
    first, dots, last = text.partition("..")
    if not dots:
        last = first
    return {"capacityAmount": {"capacityAmountFrom": first, "capacityAmountTo": last}}


def _part(entry: Mapping[str, Any]) -> tuple[str | None, ...]:
    amount = entry.get("capacityAmount") or {}
    of = entry.get("prefix") or " to ".join(str(amount[end]) for end in amount)
    measures = ", ".join(_measure(one) for one in entry.get("measure") or ())
    listed = "names" if entry.get("listed") else ""
    place = entry.get("place") or {}
    withheld = ", ".join(entry.get("withheld") or ())
    return entry["id"], of or measures or listed, place.get("name") or place.get("id"), withheld


def _measure(measure: Mapping[str, Any]) -> str:
    factor = f" times {measure['overbooking']:g}" if measure.get("overbooking", 1) != 1 else ""
    return f"{measure['name']} {measure['amount']}{factor}"


def _whose(one: Mapping[str, Any]) -> tuple[str | None, str | None]:
    holder = one["holder"]
    return holder.get("service"), holder.get("order")


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _row(one: dict[str, Any]) -> output.Row:
    return (
        one["id"],
        one["name"],
        one["kind"],
        (one.get("resourceSpecification") or {}).get("name"),
        _percent(one["utilisation"]),
        ", ".join(one.get("reachedThreshold") or ()),
    )
