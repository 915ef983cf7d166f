"""Requests as lines of JSON, for tests and benchmarks that look at what was sent and when."""

from contextlib import ExitStack
import json
import sys
import threading
from types import TracebackType
from typing import Optional, TextIO, Type


class RequestLog:
    """
    Writes a line for each request: `{"time", "service", "api_id", "parameter"}`.

    `time` is monotonic, in seconds, and on Linux the same clock in every process. Lines are
    flushed at once, to standard output if `echo` and appended to the file at `path`, if any.
    """

    def __init__(self, path: Optional[str], echo: bool) -> None:
        self._files = ExitStack()
        self._outputs = [sys.stdout] if echo else []
        if path:
            self._outputs.append(self._files.enter_context(open(path, 'a', encoding='utf-8')))
        self._lock = threading.Lock()

    def __call__(self, now: float, service: str, api_id: int, parameter: str) -> None:
        """Write one request."""
        line = json.dumps({'time': round(now, 6), 'service': service, 'api_id': api_id,
                           'parameter': parameter})
        with self._lock:
            for output in list(self._outputs):
                self._write(output, line)

    def _write(self, output: TextIO, line: str) -> None:
        """Write a line; an output that is gone must not take the service with it."""
        try:
            print(line, file=output, flush=True)
        except OSError:
            self._outputs.remove(output)

    def __enter__(self) -> 'RequestLog':
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        with self._lock:
            self._outputs = []
            self._files.close()
