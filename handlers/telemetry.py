"""Counting and timing requests."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class HttpMetrics:
    """Requests by operation and status, and how long they took."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register with this registry."""
        self._requests = Counter(
            "som_http_requests_total", "Requests answered.", ["api", "operation", "status"], registry=registry
        )
        self._seconds = Histogram(
            "som_http_request_seconds",
            "Time from the request's head to the end of its answer.",
            ["api", "operation"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self.in_flight = Gauge("som_http_requests_in_flight", "Requests under way.", registry=registry)

    def of(self, api: str, operation: str) -> "OperationMetrics":
        """The metrics of one operation; looked up once, since labels cost more than counting."""
        return OperationMetrics(self._requests, self._seconds.labels(api, operation), api, operation)


class OperationMetrics:
    """Counter and histogram of one operation."""

    def __init__(self, requests: Counter, seconds: Histogram, api: str, operation: str) -> None:
        """Use these metrics with these labels."""
        self._requests = requests
        self._seconds = seconds
        self._labels = (api, operation)
        self._by_status: dict[int, Counter] = {}

    def answered(self, status: int, seconds: float) -> None:
        """Count an answer."""
        counter = self._by_status.get(status)
        if counter is None:
            counter = self._by_status[status] = self._requests.labels(*self._labels, str(int(status)))
        counter.inc()
        self._seconds.observe(seconds)
