"""Policies as files: a decision table (DMN), or a YAML file that names it."""

from pathlib import Path
from typing import Any

from som.cli import files
from som.cli.exits import Unusable
from som.cli.recipe_files import FIRST_VERSION, cases_of, text_of

Body = dict[str, Any]

TABLES = frozenset({".dmn", ".xml"})
NO_ANSWER = {"allow": False, "reason": "No rule says that this is allowed."}


def read(path: Path, point: str = "accept") -> Body:
    """The policy in a file, as the server takes it.

    A table alone is named after its file, is asked at `point`, and denies where it says nothing; its test cases are in
    `NAME.cases.yaml` beside `NAME.dmn`. In a YAML file `dmn`, `testCase` and `certificateAuthority` may be paths of
    other files, from its folder on.

    Raises:
        Unusable: it, or a file that it names, cannot be read, or it is no policy.
    """
    if path.suffix in TABLES:
        body: Body = {"name": path.stem, "version": FIRST_VERSION, "kind": "dmn", "decisionPoint": point}
        body |= {"dmn": text_of(path), "whenDown": NO_ANSWER}
        cases = path.with_suffix(".cases.yaml")
        return body | ({"testCase": cases_of(cases)} if cases.is_file() else {})
    body = files.read_object(path, {})
    missing = [name for name in ("name", "version", "kind", "decisionPoint", "whenDown") if name not in body]
    if missing:
        raise Unusable(f"{path} is no policy: it has no {', '.join(missing)}.")
    if isinstance(body.get("dmn"), str) and not body["dmn"].lstrip().startswith("<"):
        body["dmn"] = text_of(path.parent / body["dmn"])
    if isinstance(body.get("certificateAuthority"), str) and "-----BEGIN" not in body["certificateAuthority"]:
        body["certificateAuthority"] = text_of(path.parent / body["certificateAuthority"])
    if isinstance(body.get("testCase"), str):
        body["testCase"] = cases_of(path.parent / body["testCase"])
    return body
