"""What can go wrong for a caller: one class per thing that a caller can do something about."""

from collections.abc import Sequence

from models.domain.violations import Violation


class SomError(Exception):
    """Something went wrong."""

    code = "internalError"

    def __init__(self, message: str | None = None) -> None:
        """Take the class's docstring as the message where none is given."""
        super().__init__(message or (self.__doc__ or "").strip())


class InvalidRequest(SomError):
    """The request does not hold what it must."""

    code = "invalidRequest"

    def __init__(self, violations: Sequence[Violation]) -> None:
        """Carry every violation found, the first one first."""
        self.violations = tuple(violations)
        super().__init__("; ".join(str(violation) for violation in self.violations[:5]))


class NotFound(SomError):
    """There is no such resource."""

    code = "notFound"


class Conflict(SomError):
    """The resource's present state does not allow this."""

    code = "conflict"


class IllegalTransition(Conflict):
    """The life cycle has no such transition."""

    code = "illegalTransition"


class AlreadyExists(Conflict):
    """A resource with this identity exists already."""

    code = "alreadyExists"


class PreconditionFailed(SomError):
    """The resource has changed since the version named in If-Match."""

    code = "preconditionFailed"


class Unprocessable(SomError):
    """The Idempotency-Key was used before with another request."""

    code = "idempotencyKeyReused"


class TooLarge(SomError):
    """The request is larger than this server accepts."""

    code = "payloadTooLarge"


class TooManyValues(TooLarge):
    """The request has more values than this server accepts."""

    code = "tooManyValues"


class QueryTooExpensive(InvalidRequest):
    """The query would take too long."""

    code = "queryTooExpensive"


class Unavailable(SomError):
    """The database cannot be reached at the moment; the request can be repeated safely."""

    code = "databaseUnavailable"
