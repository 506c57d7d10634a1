"""Moments as the administration API shows them."""

from datetime import datetime

from models.clock import to_text


def shown(moment: datetime | None) -> str | None:
    """A stored moment as text."""
    return None if moment is None else to_text(moment)
