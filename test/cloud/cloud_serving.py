"""A server in a thread of the test."""

from contextlib import contextmanager
import threading
import time
from typing import Any, Callable, Iterator

import httpx2

from shadow_ros.cloud.app import make_app
from shadow_ros.cloud.backbone import Backbone
from shadow_ros.cloud.gate import Rules
from shadow_ros.cloud.metrics import Metrics
from shadow_ros.cloud.running import bind, Options, Running
from shadow_ros.cloud.service import Service


class Serving:
    """A server in a thread of the test, and a client of it."""

    def __init__(self, app: Any, options: Options, rules: Rules) -> None:
        self.rules = rules
        self._ready = threading.Event()
        self.server = Running(app, options, rules, self._ready.set)
        self.server.install_signal_handlers = lambda: None
        door = bind(options.host, 0)
        self.port = door.getsockname()[1]
        scheme = 'https' if options.tls or options.certificate else 'http'
        self.url = f'{scheme}://{options.host}:{self.port}'
        self._thread = threading.Thread(
            target=lambda: self.server.run(sockets=[door]), daemon=True)
        self._thread.start()
        assert self._ready.wait(20)
        self.client = httpx2.Client(base_url=self.url, timeout=20.0)

    def close(self) -> None:
        """End the server as a signal does."""
        self.client.close()
        self.server.handle_exit(15, None)
        self._thread.join(20)
        assert not self._thread.is_alive()


@contextmanager
def serving(backbone: Backbone, slots: int = 8, queue: int = 64, options: Options = Options(),
            **rules: Any) -> Iterator[Serving]:
    """Serve the backbone meanwhile."""
    metrics = Metrics(backbone.name)
    given = Rules(**rules)
    found = Serving(make_app(Service(backbone, slots, queue, metrics), given, metrics), options,
                    given)
    yield found
    found.close()


def wait_for(true: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Return what the callable returns once that is true; fail in time."""
    deadline = time.monotonic() + seconds
    while True:
        found = true()
        if found:
            return found
        assert time.monotonic() < deadline, 'it did not come in time'
        time.sleep(0.01)
