"""How much work expressions have been, in steps: a meter that only counts up, one for each thread.

Who bounds the work of many evaluations together reads it before and after, in one go: nothing else runs in the thread
meanwhile. Steps are counted, not time, so that the same always ends at the same place.
"""

import threading


class _Meter(threading.local):
    steps = 0


_METER = _Meter()


def spent() -> int:
    """Return the steps of all evaluations of this thread so far."""
    return _METER.steps


def note(steps: int) -> None:
    """Count the steps of an evaluation, however it ended."""
    _METER.steps += max(steps, 0)
