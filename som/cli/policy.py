"""`som policy`: policies checked on this computer, kept on a server along their life, and what they have decided."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from models.domain.decision_points import POINTS
from models.domain.expressions import register_patterns
from models.domain.policies import KINDS
from models.patterns import Re2Patterns
from models.policy_tables import objections
from som.cli import files, output, policy_files
from som.cli.connection import ADMINISTRATION, Server, at
from som.cli.decided import said
from som.cli.exits import Exit, Refused, Unusable
from som.cli.options import DEFAULT_URL, AsJson, Fill, Limit, Offset, Url

app = typer.Typer(help="Policies, which decide about orders: check, keep, try and publish.", no_args_is_help=True)

_POLICIES = f"{ADMINISTRATION}/policy"
_DECISIONS = f"{ADMINISTRATION}/policyDecision"
_CONFLICT = 409

Files = Annotated[
    list[Path],
    typer.Argument(exists=True, dir_okay=False, metavar="FILE…", help="DMN or YAML files.", show_default=False),
]
PolicyFile = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE", help="A DMN or a YAML file.", show_default=False)
]
PolicyId = Annotated[str, typer.Argument(metavar="ID", help="Identifier, `<name>:<version>`.", show_default=False)]
PointName = Annotated[str, typer.Option("--point", help="Of a DMN file: the decision point at which it is asked.")]
Why = Annotated[str | None, typer.Option("--why", help="Why, for those who read the history.")]


@app.command("check")
def check_files(paths: Files, point: PointName = "accept", as_json: AsJson = False) -> None:
    """Tell what keeps policies from being published, and run their test cases: those of NAME.dmn in NAME.cases.yaml."""
    register_patterns(Re2Patterns())
    found = [(path, list(_against(policy_files.read(path, point)))) for path in paths]
    if as_json:
        output.as_json([{"file": str(path), "publishable": not against, "problem": against} for path, against in found])
    else:
        for path, against in found:
            output.line(f"{path}: {'cannot be published' if against else 'can be published'}")
            for one in against:
                output.line(f"  {one}")
    if any(against for _, against in found):
        raise typer.Exit(Exit.OTHER_END)


@app.command("load")
def load(
    file: PolicyFile,
    point: PointName = "accept",
    publish_it: Annotated[bool, typer.Option("--publish", help="Publish it, too.")] = False,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Make the draft of a policy in a file, or bring the one that is there up to date."""
    body = policy_files.read(file, point)
    with Server(url) as server:
        made = _loaded(server, body)
        if publish_it and made["state"] == "draft":
            made = server.post(at(_POLICIES, str(made["id"]), "publish"), {})
    output.told(made, f"{made['id']}  {made['state']}", in_json=as_json)


@app.command("list")
def list_policies(
    name: Annotated[str | None, typer.Option("--name", help="Only versions of this policy.")] = None,
    state: Annotated[str | None, typer.Option("--state", help="draft, published or retired.")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """List policies, every version on a line."""
    with Server(url) as server:
        page = server.page(_POLICIES, {"name": name, "state": state, "limit": limit, "offset": offset})
    columns = ("id", "state", "point", "kind", "changed", "description")
    output.listing(page.items, page.total, columns, _row, in_json=as_json)


@app.command("show")
def show(policy_id: PolicyId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show a version of a policy, and the steps of its life."""
    with Server(url) as server:
        found = server.get(at(_POLICIES, policy_id))
    if as_json:
        output.as_json(found)
        return
    applies = {name: ", ".join(values) for name, values in (found.get("appliesTo") or {}).items() if values}
    output.facts(
        [
            ("id", found["id"]),
            ("state", output.state(found["state"])),
            ("description", found.get("description")),
            ("decision point", found["decisionPoint"]),
            ("kind", found["kind"]),
            ("asks", f"{found['url']} {found['path']}" if "url" in found else found.get("decision")),
            *((name, text) for name, text in applies.items()),
            ("without an answer", _answer(found["whenDown"])),
            ("test cases", str(len(found["testCase"])) if found.get("testCase") else None),
        ]
    )
    output.table(
        ("state", "date", "who", "why"),
        [(one["state"], one["date"], one.get("who"), one.get("why")) for one in found["step"]],
    )


@app.command("try")
def try_one(
    policy_id: PolicyId,
    order: Annotated[
        Path, typer.Option("--order", exists=True, dir_okay=False, help="The order: a JSON or YAML file.")
    ],
    fill: Fill = [],  # noqa: B006 - typer copies it
    context: Annotated[
        Path | None,
        typer.Option("--context", exists=True, dir_okay=False, help="Values of the context: a JSON or YAML file."),
    ] = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Ask a version about an order that is not placed; nothing follows from it."""
    body = {"order": files.read_object(order, files.values(fill))}
    if context is not None:
        body["context"] = files.read_object(context, {})
    with Server(url) as server:
        made = server.post(at(_POLICIES, policy_id, "try"), body)
    text = f"{made['outcome']}  {'; '.join(said(made['result']))}".rstrip()
    output.told(made, f"{text}\n{made['problem']}" if "problem" in made else text, in_json=as_json)


@app.command("publish")
def publish(policy_id: PolicyId, why: Why = None, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Have a draft decide from now on, whose table and test cases stand by it."""
    _step(policy_id, "publish", why, url, as_json=as_json)


@app.command("retire")
def retire(policy_id: PolicyId, why: Why = None, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Ask a published one no more."""
    _step(policy_id, "retire", why, url, as_json=as_json)


@app.command("remove")
def remove(policy_id: PolicyId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Remove a draft."""
    with Server(url) as server:
        server.delete(at(_POLICIES, policy_id))
    output.told({"id": policy_id, "removed": True}, f"{policy_id}  removed", in_json=as_json)


@app.command("decisions")
def decisions(
    order: Annotated[str | None, typer.Option("--order", help="Only those about this order.")] = None,
    flow: Annotated[str | None, typer.Option("--flow", help="Only those about this process flow.")] = None,
    policy: Annotated[
        str | None, typer.Option("--policy", help="Only those of this version, `<name>:<version>`.")
    ] = None,
    outcome: Annotated[str | None, typer.Option("--outcome", help="Only those that came out so.")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """List what policies have decided."""
    asked: dict[str, Any] = {"order": order, "processFlow": flow, "policy": policy, "outcome": outcome}
    asked |= {"limit": limit, "offset": offset}
    with Server(url) as server:
        page = server.page(_DECISIONS, asked)
    columns = ("date", "about", "point", "policy", "outcome", "answer", "ms")
    output.listing(page.items, page.total, columns, _decision_row, in_json=as_json)


def _against(body: Mapping[str, Any]) -> Iterator[str]:
    for name, known in (("kind", KINDS), ("decisionPoint", tuple(POINTS))):
        if body[name] not in known:
            raise Unusable(f"The {name} {body[name]!r} is none of {', '.join(known)}.")
    return objections(body)


def _loaded(server: Server, body: Mapping[str, Any]) -> dict[str, Any]:
    """The draft, made or changed; what is published already with the same content stays as it is."""
    try:
        made: dict[str, Any] = server.post(_POLICIES, body)
    except Refused as refusal:
        if refusal.status != _CONFLICT:
            raise
        change = {name: value for name, value in body.items() if name not in ("name", "version")}
        made = server.patch(at(_POLICIES, f"{body['name']}:{body['version']}"), change)
    return made


def _step(policy_id: str, step: str, why: str | None, url: str, *, as_json: bool) -> None:
    with Server(url) as server:
        made = server.post(at(_POLICIES, policy_id, step), {} if why is None else {"why": why})
    output.told(made, f"{policy_id}  {made['state']}", in_json=as_json)


def _answer(answer: Mapping[str, Any]) -> str:
    word = "hold" if answer.get("hold") else "allow" if answer.get("allow") else "deny"
    return f"{word}: {answer['reason']}" if answer.get("reason") else word


def _row(one: dict[str, Any]) -> output.Row:
    state = output.state(one["state"])
    return (one["id"], state, one["decisionPoint"], one["kind"], one["lastUpdate"], one.get("description"))


def _decision_row(one: dict[str, Any]) -> output.Row:
    answer = "; ".join([*said(one["result"]), *([one["problem"]] if "problem" in one else [])])
    about = one.get("order") or one.get("processFlow")
    return (one["date"], about, one["decisionPoint"], one["policy"], one["outcome"], answer, one["duration"])
