"""
The gate in front of every door: draining, tokens, rates, sizes, and what went wrong inside.

It is plain ASGI: what it turns away costs no parsing, and every answer is a Problem.
"""

import asyncio
from dataclasses import dataclass, field
import json
import logging
import time
from typing import Any, Awaitable, Callable, Mapping, MutableMapping, Optional

from shadow_ros.cloud.limits import RateLimit
from shadow_ros.cloud.metrics import Metrics
from shadow_ros.cloud.protocol import (
    ABOUT, CHAT, MAX_REQUEST, MODELS, PLAN, problem)
from shadow_ros.cloud.tokens import TokenFile

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

DOORS = (PLAN, CHAT, ABOUT, MODELS, '/healthz', '/readyz', '/metrics', '/openapi.json')
OPEN = ('/healthz', '/readyz')
"""What may be asked without a token: they tell nothing but whether the server lives."""

_BODY_SECONDS = 10.0  # that a client may take to send its request
_log = logging.getLogger('shadow_ros.cloud')


@dataclass
class Rules:
    """
    What the gate goes by.

    `draining` changes while the server runs; `full` tells whether one more command would be
    refused, so that an overload costs no parsing.
    """

    tokens: Optional[TokenFile] = None
    rate: RateLimit = field(default_factory=lambda: RateLimit(0))
    draining: bool = False
    full: Callable[[], bool] = lambda: False


class Gate:
    """ASGI middleware."""

    def __init__(self, app: App, rules: Rules, metrics: Metrics) -> None:
        self._app = app
        self._rules = rules
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it here."""
        if scope['type'] != 'http':
            await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        began = time.monotonic()
        with self._metrics.in_flight.track_inprogress():
            await self._through(scope, receive, answer)
        door = scope['path'] if scope['path'] in DOORS else 'other'  # not whatever is asked for
        self._metrics.requests.labels(door, str(answer.status)).inc()
        self._metrics.seconds.labels(door).observe(time.monotonic() - began)

    async def _through(self, scope: Scope, receive: Receive, answer: '_Answer') -> None:
        refused = self._refusal(scope)
        if refused is not None:
            await answer.problem(*refused)
            return
        body = _Body(receive)
        try:
            if scope['method'] in ('POST', 'PUT', 'PATCH'):
                await body.read(_length(scope))
            await self._app(scope, body.receive, answer)
        except _TooBig:
            await answer.problem(413, f'a request may have {MAX_REQUEST} bytes', 'too_large')
        except asyncio.TimeoutError:
            await answer.problem(408, f'the request did not come within {_BODY_SECONDS:g} s',
                                 'slow_request')
        except _Gone:
            answer.status = 499  # nobody is there to be answered
        except Exception:
            # Never the request itself: what people say to their robots is no log's business.
            _log.exception('a request to %s failed', scope['path'])
            await answer.problem(500, 'the server made a mistake; its log tells which', 'internal')

    def _refusal(self, scope: Scope) -> Optional[tuple[int, str, str, Mapping[str, str]]]:
        """Return why the request is turned away before it is read, or None."""
        if scope['path'] in OPEN:
            return None
        rules, now, client = self._rules, time.monotonic(), ''
        if rules.tokens is not None:
            client = rules.tokens.owner(_header(scope, b'authorization'), now)
            if not client:
                return (401, 'a valid token is needed: Authorization: Bearer ...',
                        'unauthorized', {'WWW-Authenticate': 'Bearer'})
        if rules.draining:
            return 503, 'the server is shutting down; ask another one', 'draining', {
                'Retry-After': '5'}
        if scope['path'] in (PLAN, CHAT) and scope['method'] == 'POST' and rules.full():
            return (429, 'more is asked at the moment than can be answered; ask again',
                    'overloaded', {'Retry-After': '1'})
        wait = rules.rate.wait(client, now)
        if wait:
            return (429, f'too many requests; the next one in {wait:.1f} s', 'rate_limited',
                    {'Retry-After': str(max(1, round(wait + 0.5)))})
        return None


class _TooBig(Exception):
    """The body has more bytes than are read."""


class _Gone(Exception):
    """The client hung up before it had asked."""


class _Body:
    """The body of a request, read whole before the application sees it."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._parts: Optional[bytes] = None

    async def read(self, announced: int) -> None:
        """Read it, in bounded time and memory."""
        if announced > MAX_REQUEST:
            raise _TooBig
        self._parts = await asyncio.wait_for(self._whole(), _BODY_SECONDS)

    async def _whole(self) -> bytes:
        found = bytearray()
        while True:
            message = await self._receive()
            if message['type'] == 'http.disconnect':
                raise _Gone
            found += message.get('body', b'')
            if len(found) > MAX_REQUEST:
                raise _TooBig
            if not message.get('more_body', False):
                return bytes(found)

    async def receive(self) -> Message:
        """Return the whole body once, then what the server says (that the client is gone)."""
        if self._parts is not None:
            body, self._parts = self._parts, None
            return {'type': 'http.request', 'body': body, 'more_body': False}
        return await self._receive()


class _Answer:
    """What goes back to the client; the status is kept for the figures."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    async def __call__(self, message: Message) -> None:
        """Send a part of the answer."""
        if message['type'] == 'http.response.start':
            self.status = message['status']
        await self._send(message)

    async def problem(self, status: int, text: str, code: str,
                      headers: Mapping[str, str] = {}) -> None:  # noqa: B006  never changed
        """Send an error, unless an answer has begun: then the connection can only be broken."""
        if self.status:
            raise ConnectionResetError(text)
        body = json.dumps(problem(text, code)).encode()
        given = {'Content-Type': 'application/json', 'Content-Length': str(len(body)), **headers}
        await self({'type': 'http.response.start', 'status': status,
                    'headers': [(k.lower().encode(), v.encode()) for k, v in given.items()]})
        await self({'type': 'http.response.body', 'body': body})


def _header(scope: Scope, name: bytes) -> str:
    found = [value for key, value in scope['headers'] if key == name]
    return found[0].decode('latin-1') if len(found) == 1 else ''


def _length(scope: Scope) -> int:
    text = _header(scope, b'content-length')
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
