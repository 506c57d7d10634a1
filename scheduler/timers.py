"""Timers of tasks that were left waiting: what has taken too long is held."""

from models.domain.outage import judged_at
from scheduler.engagement import Parts
from scheduler.plan_record import PlanRecord
from scheduler.settlement import deadline_passed, nobody_answered


async def take_timers(parts: Parts, record: PlanRecord) -> None:
    """Hold what was accepted and has taken too long.

    Where one can ask, one asks once more before: it may be done since long, and nobody was here to look. And who
    could not report, because nobody was here to listen, has more time.

    Raises:
        Unavailable: the database cannot be reached.
    """
    progress, now = record.progress, parts.clock.now()
    for key in progress.in_state("accepted"):
        run = progress.run[key]
        if run.deadline is None or run.deadline > now:
            continue
        late = judged_at(run.deadline, run.started, await parts.presence.outage(), now)
        if late > now:
            progress.move(key, "accepted", deadline=late)
        if run.due is not None:
            run.due = min(run.due, now)
        elif late <= now:
            passed = deadline_passed(progress.tasks[key], now)
            progress.move(key, passed.state, **passed.changes)
    for key in progress.in_state("pending"):
        deadline = progress.run[key].deadline
        if deadline is not None and deadline <= now:
            passed = nobody_answered(progress.tasks[key], now)
            progress.move(key, passed.state, **passed.changes)
