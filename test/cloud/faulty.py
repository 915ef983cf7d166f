"""Servers that do what networks and servers do on bad days; on loopback, byte by byte."""

import json
import socket
import ssl
import threading
import time
from typing import Any, Callable, Optional

ABOUT = {'service': 'shadow_ros', 'protocol': 1, 'table': 1, 'model': 'faulty', 'turns': 2}
PLAN = {'plan': '[SIT] Ok.', 'confidence': 0.9, 'model': 'faulty', 'timing_ms': {'queue': 0.1}}


def response(body: Any, status: str = '200 OK', length: Optional[int] = None) -> bytes:
    """Return the bytes of an answer."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return (f'HTTP/1.1 {status}\r\nContent-Type: application/json\r\n'
            f'Content-Length: {len(data) if length is None else length}\r\n'
            'Connection: close\r\n\r\n').encode() + data


class Faulty:
    """
    Answers /v1/about rightly and every other request by `fault`; both may change while it runs.

    A fault gets the connection and the request; `sound` is none.
    """

    def __init__(self, context: Optional[ssl.SSLContext] = None) -> None:
        self.about: Callable[[socket.socket, bytes], None] = say(ABOUT)
        self.fault: Callable[[socket.socket, bytes], None] = say(PLAN)
        self.requests: list[bytes] = []
        self._context = context
        self._held: list[socket.socket] = []
        self.door = socket.create_server(('127.0.0.1', 0))
        self.port = self.door.getsockname()[1]
        self.url = f'{"https" if context else "http"}://127.0.0.1:{self.port}'
        self._open = True
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        """Die: the port refuses from now on, open connections break."""
        self._open = False
        for line in [self.door, *self._held]:
            try:
                line.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            line.close()

    def _listen(self) -> None:
        while self._open:
            try:
                line, _ = self.door.accept()
            except OSError:
                return
            self._held.append(line)
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        try:
            if self._context:
                line = self._context.wrap_socket(line, server_side=True)
            request = _read(line)
            self.requests.append(request)
            look = request.startswith(b'GET /v1/about')
            (self.about if look else self.fault)(line, request)
        except OSError:
            pass
        finally:
            line.close()


def _read(line: socket.socket) -> bytes:
    data = b''
    while b'\r\n\r\n' not in data:
        part = line.recv(65536)
        if not part:
            return data
        data += part
    head, _, body = data.partition(b'\r\n\r\n')
    wanted = next((int(part.split(b':')[1]) for part in head.split(b'\r\n')
                   if part.lower().startswith(b'content-length')), 0)
    while len(body) < wanted:
        body += line.recv(65536)
    return head + b'\r\n\r\n' + body


def say(body: Any, status: str = '200 OK', length: Optional[int] = None):
    """Return a fault that answers with this."""
    return lambda line, request: line.sendall(response(body, status, length))


def reset(line: socket.socket, request: bytes) -> None:
    """Break the connection before an answer."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')


def stall(line: socket.socket, request: bytes) -> None:
    """Say nothing for half a minute."""
    line.settimeout(30)
    line.recv(1)


def drip(line: socket.socket, request: bytes) -> None:
    """Send a right answer, one byte every 50 ms: it takes longer than any deadline."""
    for byte in response(PLAN):
        line.sendall(bytes([byte]))
        time.sleep(0.05)


def half(line: socket.socket, request: bytes) -> None:
    """Send half an answer and hang up."""
    line.sendall(response(PLAN)[:-20])


FAULTS = {
    'reset': (reset, 'unreachable'), 'stall': (stall, 'slow'), 'drip': (drip, 'slow'),
    'half': (half, 'unreachable'),
    '500': (say({'error': {'message': 'oops'}}, '500 Internal Server Error'), 'broken'),
    '500 html': (say(b'<html>', '500 Internal Server Error'), 'broken'),
    'garbage': (say(b'\x00\xff garbage'), 'broken'), 'no HTTP': (
        lambda line, request: line.sendall(b'SSH-2.0-OpenSSH\r\n'), 'unreachable'),
    'list': (say([1]), 'broken'), 'empty': (say(b''), 'broken'),
    'flood': (say(b'{"plan": "' + b'x' * 200_000 + b'"}'), 'broken'),
    'other shape': (say({'plan': 5, 'confidence': 'high'}), 'broken'),
    'unknown action': (say({**PLAN, 'plan': '[FLY]'}), 'broken'),
    'nan': (say(b'{"plan": "[SIT]", "confidence": NaN, "model": "x"}'), 'broken'),
    'busy': (say({}, '429 Too Many Requests'), 'busy'),
    'late': (say({}, '408 Request Timeout'), 'slow'),
    'draining': (say({}, '503 Service Unavailable'), 'busy'),
    'token': (say({'error': {'message': 'a valid token is needed'}}, '401 Unauthorized'),
              'refused'),
    'redirect': (say({}, '307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/'), 'broken'),
    'version': (say({}, '409 Conflict'), 'version'),
}
"""Each fault and the reason that the user is told."""
