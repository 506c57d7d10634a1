"""The demo from nothing to completed orders."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from som.cli import loading, output
from som.cli.connection import CATALOGUE, INVENTORY, ORDERING, Server
from som.cli.exits import EndedOtherwise, Unusable
from som.cli.options import DEFAULT_URL
from som.demo.notifications import Mailbox, subscribe
from som.demo.processes import FULFILLERS, Cast
from som.demo.story import Chapter, Outcome, Storyteller
from som.paths import examples_dir
from som.settings import Settings

CHAPTERS = (
    Chapter("A business internet access is ordered", "add-internet-access.json", keeps="SERVICE_ID"),
    Chapter("Its bandwidth is changed", "modify-internet-access.json"),
    Chapter("A virtual machine is ordered, on a platform that others share", "add-virtual-machine.json", keeps="VM_ID"),
    Chapter("The virtual machine is given up", "delete-virtual-machine.json"),
)


def play(settings: Settings, examples: Path | None) -> None:
    """Start what is needed, place the orders, show them, check what came of them, and say where to look.

    Args:
        settings: of the server.
        examples: folder of the examples, where it is not the one that comes along.

    Raises:
        EndedOtherwise: something is not as it should be; it was shown.
    """
    folder = _examples(examples)
    cast = Cast(settings, folder)
    output.line("Starting the server (with an embedded MongoDB, unless another was given) …")
    url, is_new = cast.server()
    output.line(f"  server      {url}  ", "started" if is_new else "re-used")
    addresses = {part.placeholder: cast.fulfiller(part) for part in FULFILLERS}
    for part in FULFILLERS:
        output.line(f"  fulfiller   {addresses[part.placeholder]}  {part.name}, tells outcomes by: {part.mode}")
    callback, secret, is_new_secret = cast.subscriber()
    output.line(f"  subscriber  {callback}")
    mailbox = Mailbox(callback)
    with Server(url) as server:
        subscribe(server, f"{callback}/notifications", secret, new_secret=is_new_secret)
        _load(server, folder, addresses)
        storyteller = Storyteller(server, mailbox, folder / "orders")
        outcomes = []
        for number, chapter in enumerate(CHAPTERS, 1):
            output.line(f"\n{number}. {chapter.title}")
            outcomes.append(storyteller.play(chapter))
            if outcomes[-1].wrong:  # what follows builds on it
                break
        refused = mailbox.refused()
        _summary(url, mailbox, outcomes, refused)
    if refused or any(outcome.wrong for outcome in outcomes):
        raise EndedOtherwise("The demo did not come out as it should; everything is still running, see above.")


def _examples(given: Path | None) -> Path:
    folder = given or examples_dir()
    if not (folder / "orders").is_dir():
        raise Unusable(f"{folder} holds no orders: run the demo in a checkout, or name its folder with --examples.")
    return folder


def _load(server: Server, folder: Path, addresses: dict[str, str]) -> None:
    paths = [folder / "pools", folder / "catalogue", *sorted((folder / "fulfillers").glob("*.json"))]
    wanted = loading.entries([path for path in paths if path.name != "answers.json"], addresses)
    outcomes = [loading.load(server, entry).outcome for entry in wanted]
    counts = ", ".join(f"{outcomes.count(word)} {word}" for word in dict.fromkeys(outcomes))
    output.line(f"Loaded {len(outcomes)} pools, specifications and fulfillers: {counts}.")


def _summary(url: str, mailbox: Mailbox, outcomes: Sequence[Outcome], refused: int) -> None:
    output.line("\nWhat came of it")
    for outcome in outcomes:
        mark = "ok " if not outcome.wrong else "BAD"
        states = list(outcome.services.values())
        counted = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states)) or "none"
        output.line(f"  {mark} ", output.state(outcome.state), f"  order {outcome.order}; services: {counted}")
        for trouble in outcome.wrong:
            output.line(f"      {trouble}")
    received = len(mailbox.events())
    output.line(
        f"  {'ok ' if not refused else 'BAD'} {received} notifications received and verified, {refused} not genuine"
    )
    _where_to_look(url, mailbox, [outcome.order for outcome in outcomes])


def _where_to_look(url: str, mailbox: Mailbox, orders: Sequence[str]) -> None:
    option = "" if url == DEFAULT_URL else f" --url {url}"
    som = _own_command()
    output.line("\nEverything is still running. Look around:")
    for text in (
        f"curl {url}{ORDERING}/serviceOrder/{orders[0]}",
        f"curl '{url}{INVENTORY}/service?state=active'",
        f"curl {url}{CATALOGUE}/serviceSpecification",
        f"curl {url}/som/v1/plan/{orders[0]}",
        f"curl {mailbox.url}/notifications",
        f"{url}/console (in a browser: draw recipes, watch them run)",
        f"{som} plan show {orders[0]}{option}",
        f"{som} order list{option}",
        f"{som} pool list{option}",
        f"{som} event list --order {orders[0]}{option}",
    ):
        output.line(f"  {text}")
    output.line(f"`make stop` (or `{som} stop`) ends it all.")


def _own_command() -> str:
    """This program as it can be typed here: its name where the shell finds it, else where it is."""
    own = Path(sys.executable).with_name("som")
    found = shutil.which("som")
    if found is not None and Path(found) == own:
        return "som"
    return str(own.relative_to(Path.cwd()) if own.is_relative_to(Path.cwd()) else own)
