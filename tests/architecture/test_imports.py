"""The direction of dependencies is the architecture. The contracts between the rooms stand in pyproject.toml."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("models", "adapters", "handlers", "scheduler", "som")

# Each of these libraries lives in one place, so that it can be replaced in one place.
HOMES = {
    "aiohttp": ("adapters", "som/sdk_testing"),
    "ansible_runner": ("adapters/ansible_run.py",),
    "asyncssh": ("adapters/ssh.py",),
    "apscheduler": ("scheduler",),
    "connexion": ("handlers",),
    "jsonschema_rs": ("handlers", "adapters/forms.py", "models/recipes/written/load.py", "models/schemas.py"),
    "defusedxml": ("models/safe_xml.py",),
    "cryptography": ("adapters/private_key.py", "models/sealing.py"),
    "mongoengine": ("models",),
    "prometheus_client": ("handlers", "som/ground.py", "som/metrics.py"),
    "pydantic_settings": ("som",),
    "lxml": ("adapters/netconf.py", "adapters/netconf_session.py", "adapters/netconf_template.py"),
    "ncclient": ("adapters/netconf.py", "adapters/netconf_session.py"),
    "re2": ("models/patterns.py",),
    "requests": ("som/cli", "som/demo"),
    "rich": ("som",),
    "starlette": ("handlers",),
    "typer": ("som/cli", "som/demo"),
    "uuid_utils": ("models/ids.py",),
}


def modules(folder: str) -> Iterator[Path]:
    return (ROOT / folder).rglob("*.py")


def imported(module: Path) -> Iterator[str]:
    """The full names that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively; the full name tells where it comes from"
            yield node.module or ""


def test_the_rooms_keep_to_the_contracts() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    answer = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_domain_imports_the_standard_library_only() -> None:
    strangers = {
        f"{module.relative_to(ROOT)}: {name}"
        for module in modules("models/domain")
        for name in imported(module)
        if name.partition(".")[0] not in sys.stdlib_module_names and not name.startswith("models.domain")
    }
    assert strangers == set()


@pytest.mark.parametrize("library", sorted(HOMES))
def test_a_library_lives_in_one_place(library: str) -> None:
    homes = [ROOT / home for home in HOMES[library]]
    elsewhere = {
        str(module.relative_to(ROOT))
        for room in ROOMS
        for module in modules(room)
        if any(name.partition(".")[0] == library for name in imported(module))
        and not any(module.is_relative_to(home) for home in homes)
    }
    assert elsewhere == set()
