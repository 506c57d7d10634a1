"""The policies of the examples: each can be published, and its test cases come out as they say."""

from pathlib import Path

import pytest

from models.policy_tables import objections
from som.cli.policy_files import read

EXAMPLES = Path(__file__).parents[4] / "examples/policies"
POLICIES = [EXAMPLES / "size.dmn", *(path for path in sorted(EXAMPLES.glob("*.yaml")) if ".cases." not in path.name)]


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.name)
def test_it_can_be_published(path: Path) -> None:
    body = read(path)
    assert body["testCase"]
    assert list(objections(body)) == []


def test_the_authority_of_a_service_can_stand_in_a_file_beside(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\nabc\n")
    asked = "{name: p, version: 1.0.0, kind: opa, decisionPoint: accept, whenDown: {allow: true}"
    (tmp_path / "p.yaml").write_text(f"{asked}, certificateAuthority: ca.pem}}")
    assert read(tmp_path / "p.yaml")["certificateAuthority"].startswith("-----BEGIN")
