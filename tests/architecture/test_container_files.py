"""What can be said of the container files without a container engine: each step is one that CI runs as well."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their arguments, continuation lines joined."""
    text = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text())
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def arguments(instruction: str) -> list[str]:
    return [argument for name, argument in instructions() if name == instruction]


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return loaded


def test_every_step_is_a_make_target_that_exists() -> None:
    steps = arguments("RUN")
    assert steps
    for step in steps:
        command, *targets = shlex.split(step)
        assert command == "make", step
        assert set(targets) <= make_targets(), step


def test_ci_runs_every_step() -> None:
    checked = re.search(r"^image-check:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert checked
    for step in arguments("RUN"):
        for target in shlex.split(step)[1:]:
            assert re.search(rf"\$\(MAKE\).*\b{target}\b", checked[1]), target
    assert "make image-check" in (ROOT / ".ci" / "run").read_text()


def test_the_image_is_of_the_python_that_is_tested_and_small() -> None:
    stages = arguments("FROM")
    assert stages[0].startswith("python:3.11 ")
    assert stages[-1] == "python:3.11-slim"


def test_what_the_first_step_needs_is_copied_before_it() -> None:
    names = [name for name, _ in instructions()]
    before = " ".join(argument for name, argument in instructions()[: names.index("RUN")] if name == "COPY")
    assert "Makefile" in before
    assert "requirements/" in before


def test_the_server_is_nobody_in_particular() -> None:
    user = arguments("USER")[-1].split(":")[0]
    assert int(user) >= 1000  # a number: an orchestrator can tell that it is not root
    names = [name for name, _ in instructions()]
    assert names.index("USER") < names.index("CMD")


def test_its_health_is_asked_at_healthz() -> None:
    (check,) = arguments("HEALTHCHECK")
    command = json.loads(check.partition("CMD ")[2])
    assert command[0] == "python"
    compile(command[2], "HEALTHCHECK", "exec")
    assert ":8641/healthz" in command[2]


def test_it_starts_the_server_on_the_exposed_port() -> None:
    assert json.loads(arguments("CMD")[-1]) == ["som", "serve"]
    environment = dict(pair.split("=", 1) for pair in shlex.split(" ".join(arguments("ENV"))))
    assert environment["SOM_PORT"] == arguments("EXPOSE")[0]
    assert environment["SOM_HOST"] == "0.0.0.0"


def test_the_build_context_has_every_folder_that_is_installed() -> None:
    allowed = {line[1:].rstrip("/") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"}
    for needed in ("setup.py", "pyproject.toml", "LICENSE", "Makefile", "requirements", "api_specs"):
        assert needed in allowed
    for room in ("models", "adapters", "handlers", "scheduler", "som"):
        assert room in allowed


def test_compose_starts_the_server_after_the_replica_set_is_made(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {"mongodb", "mongodb-init", "server"}
    assert services["server"]["depends_on"]["mongodb-init"]["condition"] == "service_completed_successfully"
    assert services["mongodb-init"]["depends_on"]["mongodb"]["condition"] == "service_healthy"


def test_server_and_database_mean_the_same_replica_set(compose: dict[str, Any]) -> None:
    services = compose["services"]
    name = re.search(r"replicaSet=(\w+)", services["server"]["environment"]["SOM_MONGODB_URL"])
    assert name
    database = services["mongodb"]["command"]
    assert database[database.index("--replSet") + 1] == name[1]
    script = services["mongodb-init"]["command"][-1]
    assert f'_id: "{name[1]}"' in script
    assert 'host: "mongodb:27017"' in script


def test_compose_opens_the_server_to_this_machine_only(compose: dict[str, Any]) -> None:
    assert compose["services"]["server"]["ports"] == ["127.0.0.1:8641:8641"]


def test_compose_keeps_the_data_in_a_volume(compose: dict[str, Any]) -> None:
    volume = compose["services"]["mongodb"]["volumes"][0].split(":")[0]
    assert volume in compose["volumes"]
