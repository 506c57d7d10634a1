"""Workers: lives of processes. A worker is called `node/incarnation`, and a node lives once at a time."""

from typing import Any


def former_lives(worker: str) -> dict[str, Any]:
    """A condition on the name of a worker: an earlier life of this worker's node, whose work nobody does any more."""
    node, _, _ = worker.rpartition("/")
    return {"$regex": f"^{_literal(node)}/[^/]*$", "$ne": worker}


def _literal(text: str) -> str:
    """A text with everything escaped that a regular expression would read otherwise."""
    return "".join(char if char.isalnum() else f"\\{char}" for char in text)
