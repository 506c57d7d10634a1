"""`python -m tests.contract.fuzz`: schemathesis over all documents, for as long as one likes."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from handlers.documents import FILES
from tests.contract.fuzz.run import Effort, answers_of, fuzz
from tests.contract.fuzz.server import fuzzed_server
from tests.database import database_of_the_run


def main() -> int:
    """Fuzz one document after the other; 0 when nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.contract.fuzz", description=__doc__)
    parser.add_argument("--examples", type=int, default=500, help="random requests for each operation (500)")
    parser.add_argument("--share", type=int, default=1, help="take one boundary value in so many (1: all)")
    parser.add_argument("--seed", type=int, help="of the randomness; without it every run makes the same requests")
    parser.add_argument("--api", choices=[*FILES], action="append", help="only this document; may be repeated")
    parser.add_argument("--brief", action="store_true", help="leave out the boundary values of the bodies of PATCH")
    given = parser.parse_args()
    effort = Effort(given.examples, given.share, brief=given.brief, seed=given.seed)
    with database_of_the_run() as mongodb_url, tempfile.TemporaryDirectory() as folder:
        return max([_fuzzed(api, mongodb_url, Path(folder), effort) for api in given.api or FILES])


def _fuzzed(api: str, mongodb_url: str, folder: Path, effort: Effort) -> int:
    place = folder / api
    place.mkdir()
    with fuzzed_server(mongodb_url, place) as server:
        run = fuzz(api, server.process.url, server.ids, place, effort)
        assert run.stdout is not None
        for line in run.stdout:
            sys.stdout.write(line)
        found = run.wait()
    answers = json.loads(answers_of(place).read_text(encoding="utf-8"))
    for name, count in sorted(answers.items()):
        print(f"{count:8} {name}")
    return found


sys.exit(main())
