"""What an example fulfiller remembers: answers by key, and effects; in one SQLite file, so that no crash loses them."""

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

_TABLES = """
create table if not exists work (
    key text primary key, task text, digest text, body text, due real, state text, answer text
);
create index if not exists work_by_task on work (task);
create table if not exists effect (number integer primary key autoincrement, key text unique, entry text);
"""


class Ledger:
    """Every call by its key, and the effect that it took, once."""

    def __init__(self, path: str, log: Path | None) -> None:
        """Open the file (or `:memory:`); the log is written anew from it, one JSON line for each effect."""
        self._rows = sqlite3.connect(path, timeout=30, isolation_level=None)  # others write to it, too
        self._rows.executescript("pragma journal_mode = wal; pragma synchronous = normal;" + _TABLES)
        self._log = log.open("w", encoding="utf-8") if log else None
        for entry in self.effects():
            self._write(entry)

    def known(self, key: str) -> tuple[str, str, Any] | None:
        """Digest of the body, state and answer of an earlier call with this key."""
        row = self._rows.execute("select digest, state, answer from work where key = ?", (key,)).fetchone()
        return None if row is None else (row[0], row[1], json.loads(row[2]))

    def begin(self, key: str, digest: str, body: dict[str, Any], due: float) -> None:
        """Remember that work has begun, to be done at `due`."""
        values = (key, body.get("taskId"), digest, json.dumps(body), due, "begun", "{}")
        self._rows.execute("insert or ignore into work values (?, ?, ?, ?, ?, ?, ?)", values)

    def finish(self, key: str, body: dict[str, Any], answer: dict[str, Any]) -> bool:
        """Take the effect and remember the answer, both or neither; False when that was done before, or called off."""
        entry = {
            "at": time.time(),
            "key": key,
            **{name: body.get(name) for name in ("taskId", "orderId", "orderItemId", "action", "operation")},
            "service": body["service"].get("id"),
            "specification": (body["service"].get("serviceSpecification") or {}).get("name"),
        }
        self._rows.execute("begin immediate")
        with self._rows:
            change = "update work set state = 'done', answer = ? where key = ? and state = 'begun'"
            if not self._rows.execute(change, (json.dumps(answer), key)).rowcount:
                return False
            self._rows.execute("insert into effect (key, entry) values (?, ?)", (key, json.dumps(entry)))
        self._write(entry)
        return True

    def call_off(self, task: str) -> int:
        """Drop what has begun for a task and is not done; answer how much that was."""
        change = "update work set state = 'cancelled' where task = ? and state = 'begun'"
        return self._rows.execute(change, (task,)).rowcount

    def told(self, key: str) -> None:
        """The outcome has arrived at the other side."""
        self._rows.execute("update work set state = 'told' where key = ? and state = 'done'", (key,))

    def open_work(self) -> list[tuple[str, dict[str, Any], float]]:
        """Key, body and due time of what is not done, or done and not told: to be taken up after a restart."""
        rows = self._rows.execute("select key, body, due from work where state in ('begun', 'done')")
        return [(key, json.loads(body), due) for key, body, due in rows]

    def effects(self) -> list[dict[str, Any]]:
        """All effects, in the order in which they were taken."""
        return [json.loads(row[0]) for row in self._rows.execute("select entry from effect order by number")]

    def number(self) -> int:
        """The number that the next effect gets."""
        return int(self._rows.execute("select coalesce(max(number), 0) + 1 from effect").fetchone()[0])

    def _write(self, entry: dict[str, Any]) -> None:
        if self._log:
            self._log.write(json.dumps(entry) + "\n")
            self._log.flush()
