"""The template of a plug-in: what the guide shows, built, installed and put through the suite as a stranger would."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "examples/fulfiller-kind"
GUIDE = ROOT / "docs/how-to/add-a-fulfiller-kind.md"


def run(*command: str | Path, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    answer = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer


def test_the_guide_shows_the_code_of_the_template_which_is_short() -> None:
    code = (TEMPLATE / "som_rack.py").read_text()
    assert f"```python\n{code}```" in GUIDE.read_text()
    assert len(code.splitlines()) < 60


def test_the_template_is_built_installed_and_passes_the_suite(tmp_path: Path) -> None:
    shutil.copytree(
        TEMPLATE, tmp_path / "template", ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__")
    )
    site = tmp_path / "site"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-deps")
    run(*pip, "--no-build-isolation", "--target", site, tmp_path / "template", folder=tmp_path)
    (tmp_path / "template/som_rack.py").unlink()  # so that the installed one is tested
    answer = run(
        sys.executable, "-m", "pytest", "-q", "-n", "0", "tests",
        folder=tmp_path / "template", PYTHONPATH=str(site),
    )  # fmt: skip
    assert " passed" in answer.stdout
