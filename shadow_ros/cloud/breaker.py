"""
The circuit breaker: who does not answer is left alone for a while; pure, time passed in.

    breaker.allows()            # False: do not even try
    breaker.failed(now)         # True: it has just been given up
    breaker.probe_due(now)      # True: look now, once, whether it is there
    breaker.succeeded(now)      # True: it is back
"""

FAILURES = 3  # in a row, then it is given up
PAUSE = 2.0  # s until the first look afterwards; doubles with each that fails
LONGEST_PAUSE = 30.0  # s
HEARTBEAT = 10.0  # s without a word after which one looks, though nothing seems wrong
DOUBT = 1.0  # s until the next look after a failure


class Breaker:
    """Closed (asks), open (leaves alone) or half-open (one probe is under way)."""

    def __init__(self, failures: int = FAILURES, pause: float = PAUSE,
                 longest: float = LONGEST_PAUSE) -> None:
        self._limit = failures
        self._first, self._longest = pause, longest
        self.reset(0.0)

    def reset(self, now: float) -> None:
        """Begin anew, closed."""
        self._failures = 0
        self._pause = self._first
        self._look_at = now + HEARTBEAT
        self.state = 'closed'

    def allows(self) -> bool:
        """Return whether a question may be asked."""
        return self.state == 'closed'

    def failed(self, now: float) -> bool:
        """Count a failure; return whether this one has opened the breaker."""
        self._failures += 1
        if self.state == 'closed' and self._failures < self._limit:
            self._look_at = now + DOUBT
            return False
        opened = self.state == 'closed'
        if self.state == 'half-open':
            self._pause = min(self._longest, 2 * self._pause)
        self.state = 'open'
        self._look_at = now + self._pause
        return opened

    def succeeded(self, now: float) -> bool:
        """Take note of an answer; return whether it was given up before."""
        was_open = self.state != 'closed'
        self.reset(now)
        return was_open

    def probe_due(self, now: float) -> bool:
        """Return True once when it is time to look whether it is there."""
        if self.state == 'half-open' or now < self._look_at:
            return False
        self._look_at = now + HEARTBEAT
        if self.state == 'open':
            self.state = 'half-open'
        return True
