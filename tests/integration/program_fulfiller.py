"""The example program, told to behave: the counterpart of the kinds `command` and `ssh`."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.integration.fulfiller_suite import Behaviour

EXAMPLE = Path(__file__).parents[2] / "examples/fulfillers/command_fulfiller.py"
FACTS = {"output": {"port": 7}, "serviceCharacteristic": [{"name": "vlan", "value": 7}]}
_MANNERS: dict[Behaviour, dict[str, Any]] = {
    "done": {},
    "accepting": {"mode": "poll", "latency": 0.5},
    "reporting": {"mode": "callback", "latency": 0.5},
    "refusing": {"refuse": "The rack is full."},
    "slow": {"hang": True},
    "late": {"hangFirst": True},
    "throttling": {"busy": 17},
    "garbling": {"garbage": True},
}


def parameters(behaviour: Behaviour, ledger: Path) -> dict[str, Any]:
    return {"ledger": str(ledger), "facts": FACTS, **_MANNERS[behaviour]}


def standing_in(ledger: Path) -> int:
    """Pieces of work that stand, by its ledger."""
    if not ledger.exists():
        return 0
    with closing(sqlite3.connect(ledger)) as rows:
        operations = [json.loads(row[0])["operation"] for row in rows.execute("select entry from effect")]
    return operations.count("fulfil") - operations.count("compensate")
