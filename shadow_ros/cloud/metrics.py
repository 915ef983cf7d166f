"""What Prometheus sees: requests, times, batches, waiting, and who is there."""

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest, Histogram

CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'
_SECONDS = (.005, .01, .025, .05, .1, .25, .5, 1, 2, 4, 8, 16)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """The figures of one server; it watches the batcher, too."""

    def __init__(self, model: str) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            'shadow_ros_requests', 'Answered requests', ['door', 'status'], registry=self.registry)
        self.seconds = Histogram(
            'shadow_ros_request_seconds', 'From request to answer', ['door'], buckets=_SECONDS,
            registry=self.registry)
        self.plans = Counter(
            'shadow_ros_plans', 'Plans written, by their route', ['route'],
            registry=self.registry)
        self.rows = Histogram(
            'shadow_ros_batch_rows', 'Plans that shared a model pass', buckets=_ROWS,
            registry=self.registry)
        self.waiting = Gauge(
            'shadow_ros_waiting', 'Commands that wait for a seat', registry=self.registry)
        self.in_flight = Gauge(
            'shadow_ros_in_flight', 'Requests that are being answered', registry=self.registry)
        Gauge('shadow_ros_model', 'The model that answers', ['model'],
              registry=self.registry).labels(model).set(1)

    def stepped(self, rows: int, waiting: int) -> None:
        """Take note of a pass for so many plans while others wait."""
        self.rows.observe(rows)
        self.waiting.set(waiting)

    def text(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        return bytes(generate_latest(self.registry))
