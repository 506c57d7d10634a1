"""Statuses that our documents declare and our server does not answer, each with the reason why it is declared.

Every other declared status is provoked by `test_every_operation`. `ContractClient` refuses an answer that is listed
here, so that an entry cannot outlive its reason.
"""

import re
from dataclasses import dataclass

_UNIDENTIFIED = (
    "Callers are not identified yet, so none is turned away for who they are. TM Forum's documents declare it at each "
    "operation, and clients that were generated from ours shall be ready for it."
)
_A_LIST_IS_THERE = "A collection is there even when it is empty. TM Forum's documents declare it."
_NOTHING_TO_READ = "The operation reads no parameter, and no body. TM Forum's documents declare it."
_READING = "Reading is in conflict with nothing. TM Forum's documents declare it."

_NEVER_LATER = "What is asked for is done at once. TM Forum's version 5 documents declare it."
_ALL_IS_THERE = "What our documents describe is there. TM Forum's version 5 documents declare it."
_ITSELF = "Each status that can occur is declared by itself. TM Forum's version 5 documents declare a default beside."

WITHOUT_DATABASE = frozenset({"convertRecipe"})
"""Operations that only compute: they are answered without a database, too, and never with 503."""

TMF = r"tmf\d{3}(-v5)?"
V5 = r"tmf\d{3}-v5"


@dataclass(frozen=True)
class Unanswerable:
    """A status that some operations declare and none of them answers.

    Attributes:
        operations: a pattern of `<api> <operationId>`.
        status: as the documents write it.
        reason: why it does not occur, and why it is declared all the same.
    """

    operations: str
    status: str
    reason: str

    def covers(self, api: str, operation: str, status: str) -> bool:
        """Whether it speaks of this pair."""
        return status == self.status and re.fullmatch(self.operations, f"{api} {operation}") is not None


UNANSWERABLE = (
    Unanswerable(rf"{TMF} .*", "401", _UNIDENTIFIED),
    Unanswerable(rf"{TMF} .*", "403", _UNIDENTIFIED),
    Unanswerable(rf"{TMF} (list(?!TaskFlow$).*|registerListener)", "404", _A_LIST_IS_THERE),
    Unanswerable(rf"{V5} create.*", "404", _A_LIST_IS_THERE),
    Unanswerable(rf"{V5} .*", "202", _NEVER_LATER),
    Unanswerable(rf"{V5} .*", "501", _ALL_IS_THERE),
    Unanswerable(rf"{V5} .*", "default", _ITSELF),
    Unanswerable(rf"{TMF} unregisterListener", "400", _NOTHING_TO_READ),
    Unanswerable(rf"{TMF} (list|retrieve).*", "409", _READING),
)


def reason(api: str, operation: str, status: str) -> str | None:
    """Why an operation does not answer a status that it declares; None where it has to."""
    return next((one.reason for one in UNANSWERABLE if one.covers(api, operation, status)), None)
