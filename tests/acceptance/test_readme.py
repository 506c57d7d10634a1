"""What the README tells a reader to paste does what it says."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.acceptance.server_process import ROOT, ServerProcess

README = ROOT / "README.md"
PAGES = (
    *("README.md", "ARCHITECTURE.md", "docs/README.md", "docs/tutorial/first-order.md", "docs/reference/glossary.md"),
    *("docs/reference/cli.md", "docs/reference/settings.md"),
)
LINK = re.compile(r"\]\(([^)#\s]+)")


def _steps() -> str:
    """All blocks of shell of the first order, as one script: later steps use the variables of earlier ones."""
    return "\n".join(re.findall(r"```sh\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL))


def _get(url: str) -> Any:
    response = requests.get(url, timeout=30)
    assert response.ok, response.text
    return response.json()


def test_the_first_order_by_curl_ends_with_an_active_service(server: ServerProcess) -> None:
    script = _steps().replace("http://127.0.0.1:8641", server.url) + '\nprintf "\\n%s" "$ORDER"\n'
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    order = run.stdout.splitlines()[-1]
    assert '"state":"completed"' in run.stdout.replace(" ", "")
    (service,) = _get(f"{server.url}/tmf-api/serviceInventory/v4/service?serviceOrderItem.serviceOrderId={order}")
    assert service["state"] == "active"
    assert [one["name"] for one in service["serviceCharacteristic"]] == ["ssid"]
    (task,) = _get(f"{server.url}/som/v1/plan/{order}")["task"]
    assert task["state"] == "done"
    deliveries = _get(f"{server.url}/som/v1/delivery?resourceId={order}")
    assert {one["eventType"] for one in deliveries} == {"ServiceOrderStateChangeEvent"}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    file = ROOT / page
    links = LINK.findall(file.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (file.parent / link).exists()]
    assert not missing


def test_what_is_named_by_path_in_the_architecture_is_there() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:models|handlers|scheduler|adapters|som|api_specs|docs)/[\w./]*)`", text)
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_tutorials_files_and_commands_work(server: ServerProcess, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "tutorial" / "first-order.md").read_text(encoding="utf-8")
    specification, order, simulator = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL))
    # A family of its own, since the server is shared with other tests.
    specification["name"] = "tutorial-wifi"
    order["serviceOrderItem"][0]["service"]["name"] = "Wifi of the tutorial"
    specification["id"] = order["serviceOrderItem"][0]["service"]["serviceSpecification"]["id"] = "tutorial-wifi-1"
    simulator["capability"][0]["specification"] = "tutorial-wifi"
    for name, content in (("guest-wifi", specification), ("order", order), ("simulator", simulator)):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))

    def som(*arguments: str, code: int = 0) -> str:
        command = [sys.executable, "-m", "som.cli", *arguments, "--url", server.url]
        files = [str(tmp_path / part) if part.endswith(".json") else part for part in command]
        run = subprocess.run(files, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert run.returncode == code, run.stdout + run.stderr
        return run.stdout

    assert som("load", "guest-wifi.json").startswith("created")
    assert som("load", "guest-wifi.json").startswith("unchanged")
    assert "tutorial-wifi" in som("plan", "preview", "order.json")
    placed = json.loads(som("order", "submit", "order.json", "--json"))["id"]
    assert "held" in som("order", "show", placed, "--watch", "--timeout", "3", code=5)
    som("load", "simulator.json")
    som("order", "show", placed, "--watch", "--timeout", "60")
    assert "active" in som("service", "list", "--specification", "tutorial-wifi-1")
    assert "ServiceOrderStateChangeEvent" in som("event", "list", "--order", placed)
