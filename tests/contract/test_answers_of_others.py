"""What others serve and we call: each status that the documents let them answer has a meaning for us.

Subscribers serve the `/listener` paths of the TM Forum APIs, fulfillers of the kind `rest` serve `fulfiller/v1`. The
statuses are read off the documents; one that is added there fails here until somebody has said what follows from it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.rest_answers import Answer, read_engagement, read_poll
from models.domain.delivery import Answered, Dead, Delivered, Ended, RetryIn, judge
from models.domain.outcomes import Accepted, Done, Progress, Refused, Unreachable

SPECS = Path(__file__).parents[2] / "api_specs"
TMF_DOCUMENTS = sorted(SPECS.glob("tmf*/v4.yaml"))
NOW = datetime(2026, 1, 31, tzinfo=UTC)

# What `models.domain.delivery` makes of them.
VERDICTS = {
    **dict.fromkeys(("201", "204"), Delivered),
    **dict.fromkeys(("400", "401", "403", "404", "405", "409"), Dead),
    "410": Ended,
    **dict.fromkeys(("429", "500", "503"), RetryIn),
}
TRY_AGAIN = dict.fromkeys(("408", "425", "429", "500", "503"), Unreachable)
CALLED = {
    **dict.fromkeys(("200", "201", "204"), Done),
    "202": Accepted,
    **dict.fromkeys(("400", "404", "409", "422"), Refused),
    **TRY_AGAIN,
}
POLLED = {"200": Done, "202": Progress, "404": Refused, **TRY_AGAIN}


def answers(path: Path, prefix: str) -> Iterator[tuple[str, str]]:
    """Each operation below a path with each status that it declares."""
    paths: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["paths"]
    for place, item in paths.items():
        if place.startswith(prefix):
            for method in ("get", "post"):
                operation = item.get(method)
                if operation is not None:
                    yield from ((operation["operationId"], status) for status in operation["responses"])


@pytest.mark.parametrize("document", TMF_DOCUMENTS, ids=lambda path: path.parent.name)
def test_every_answer_of_a_listener_has_its_verdict(document: Path) -> None:
    found = list(answers(document, "/listener/"))
    assert found
    for operation, status in found:
        assert isinstance(judge(Answered(int(status)), 1, "key"), VERDICTS[status]), f"{operation} {status}"


def test_every_answer_of_a_fulfiller_has_its_outcome() -> None:
    found = set(answers(SPECS / "fulfiller" / "v1.yaml", "/"))
    assert {operation for operation, _ in found} == {"callTask", "pollTask"}
    for operation, status in found:
        if operation == "callTask":
            assert isinstance(read_engagement(Answer(int(status)), NOW), CALLED[status]), f"{operation} {status}"
        else:
            report = Answer(int(status), body=b'{"status": "done"}')
            given = Answer(int(status)) if status == "202" else report
            assert isinstance(read_poll(given, NOW), POLLED[status]), f"{operation} {status}"
