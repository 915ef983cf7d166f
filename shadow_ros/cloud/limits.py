"""How much one client may ask: a bucket of tokens that fills with time; pure, time passed in."""

from collections import OrderedDict
from dataclasses import dataclass

_CLIENTS = 4096  # that are remembered; the ones longest unseen go


@dataclass
class _Bucket:
    filled: float
    at: float


class RateLimit:
    """`rate` requests a second for each client, and `burst` at once; a rate of 0 is no limit."""

    def __init__(self, rate: float, burst: int = 0) -> None:
        self.rate = rate
        self.burst = burst or max(1, int(2 * rate))
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait(self, client: str, now: float) -> float:
        """Return 0.0 and count the request, or the seconds after which it may be made."""
        if self.rate <= 0:
            return 0.0
        bucket = self._buckets.pop(client, _Bucket(self.burst, now))
        self._buckets[client] = bucket
        if len(self._buckets) > _CLIENTS:
            self._buckets.popitem(last=False)
        # A clock that went back fills nothing.
        bucket.filled = min(self.burst, bucket.filled + max(0.0, now - bucket.at) * self.rate)
        bucket.at = now
        if bucket.filled >= 1.0:
            bucket.filled -= 1.0
            return 0.0
        return (1.0 - bucket.filled) / self.rate
