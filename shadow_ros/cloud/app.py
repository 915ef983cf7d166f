"""
The HTTP application: both doors, health, figures, and the OpenAPI description of all of it.

    app = make_app(Service(Backbone.load()), Rules(), Metrics('backbone'))
"""

import asyncio
from contextlib import asynccontextmanager
import json
from typing import Any, AsyncIterator, Awaitable, Callable, Optional, TypeVar

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.exceptions import HTTPException

from shadow_ros.actions import TABLE_VERSION
from shadow_ros.cloud.chat import ChatRequest, new_text, Reply
from shadow_ros.cloud.gate import Gate, Rules
from shadow_ros.cloud.metrics import CONTENT_TYPE, Metrics
from shadow_ros.cloud.protocol import (
    ABOUT, About, CHAT, LONGEST_DEADLINE_MS, MODELS, PLAN, PlanAnswer, PlanRequest, Problem,
    problem, PROTOCOL)
from shadow_ros.cloud.service import Full, Late, Service, Written

_T = TypeVar('_T')
_CHAT_SECONDS = LONGEST_DEADLINE_MS / 1000  # its clients name no deadline
_ERRORS: dict[int | str, dict[str, Any]] = {
    401: {'model': Problem, 'description': 'No valid token'},
    408: {'model': Problem, 'description': 'It came too slowly, or its own deadline passed'},
    413: {'model': Problem, 'description': 'The request is too large'},
    422: {'model': Problem, 'description': 'The request is not as described'},
    429: {'model': Problem, 'description': 'Too much at the moment; see Retry-After'},
    503: {'model': Problem, 'description': 'Shutting down; see Retry-After'},
}
_ASKED: dict[int | str, dict[str, Any]] = {
    **_ERRORS, 409: {'model': Problem, 'description': 'Another protocol or action table'}}


class Refused(Exception):
    """A request that is answered with a Problem."""

    def __init__(self, status: int, message: str, code: str, retry: Optional[int] = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = problem(message, code)
        self.headers = {'Retry-After': str(retry)} if retry else None


def make_app(service: Service, rules: Rules, metrics: Metrics) -> FastAPI:
    """Return the application; the service is closed when it ends."""
    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        yield
        rules.draining = True
        await asyncio.to_thread(service.close)

    rules.full = lambda: service.batcher.full
    app = FastAPI(title='shadow_ros backbone', version=str(PROTOCOL), lifespan=life,
                  docs_url=None, redoc_url=None,
                  description='Turns what is said to a robot dog into plans of known actions.')
    app.add_middleware(Gate, rules=rules, metrics=metrics)
    _explain_errors(app)
    _health_routes(app, service, rules, metrics)
    _plan_routes(app, service, metrics)
    _chat_routes(app, service, metrics)
    return app


def _explain_errors(app: FastAPI) -> None:
    """Let every error be a Problem that says nothing of what was sent."""
    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        found = error.errors()[0]
        where = '.'.join(str(part) for part in found['loc'])
        text = f'{where}: {found["msg"]}'.encode('utf-8', 'replace').decode()
        return JSONResponse(problem(text[:400], 'invalid_request'), 422)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        # FastAPI has a status of its own for a body that is not even text.
        status = 422 if error.status_code == 400 else error.status_code
        return JSONResponse(problem(str(error.detail), f'http_{status}'), status,
                            headers=dict(error.headers or {}))

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> JSONResponse:
        return JSONResponse(error.body, error.status, headers=error.headers)


def _health_routes(app: FastAPI, service: Service, rules: Rules, metrics: Metrics) -> None:
    @app.get('/healthz', responses={503: {'model': Problem}})
    async def healthz() -> dict[str, str]:
        """Tell whether the server lives."""
        if not service.batcher.alive and not rules.draining:
            raise Refused(503, 'the model has stopped; start the server again', 'dead')
        return {'status': 'alive'}

    @app.get('/readyz', responses={503: {'model': Problem}})
    async def readyz() -> dict[str, str]:
        """Tell whether it takes requests; it does not when it is about to end."""
        if rules.draining or not service.batcher.alive:
            raise Refused(503, 'the server is shutting down', 'draining', 5)
        return {'status': 'ready'}

    @app.get('/metrics', responses=_ERRORS, response_class=Response)
    async def figures() -> Response:
        """Return the figures in Prometheus' text format."""
        return Response(metrics.text(), media_type=CONTENT_TYPE)


def _plan_routes(app: FastAPI, service: Service, metrics: Metrics) -> None:
    @app.get(ABOUT, responses=_ERRORS)
    async def about() -> About:
        """Tell who answers here, and which protocol and action table it speaks."""
        return service.about

    @app.post(PLAN, responses=_ASKED)
    async def plan(asked: PlanRequest, request: Request) -> PlanAnswer:
        """Turn a command, with what came before it, into a plan."""
        for ours, theirs, what in ((PROTOCOL, asked.protocol, 'protocol'),
                                   (TABLE_VERSION, asked.table, 'action table')):
            if ours != theirs:
                raise Refused(409, f'{what} {ours} is spoken here, got {theirs}; bring robot and '
                              'server to the same version', 'version')
        answer = await _unless_gone(request, service.plan(asked))
        metrics.plans.labels(_route(answer.plan)).inc()
        return answer


def _chat_routes(app: FastAPI, service: Service, metrics: Metrics) -> None:
    @app.get(MODELS, responses=_ERRORS)
    async def models() -> dict[str, Any]:
        """List the one model, as OpenAI's clients ask for it."""
        return {'object': 'list', 'data': [
            {'id': service.about.model, 'object': 'model', 'created': 0,
             'owned_by': service.about.service}]}

    @app.post(CHAT, responses={**_ASKED, 200: {
        'description': 'A completion, or a stream of server-sent events',
        'content': {'application/json': {'schema': {'type': 'object'}},
                    'text/event-stream': {}}}})
    async def chat(asked: ChatRequest, request: Request) -> Response:
        """Answer as OpenAI's chat completions do."""
        text, turns = asked.question
        reply = Reply(asked, service.about.model)
        if asked.stream:
            return await _stream(service, metrics, asked, reply)
        done = await _unless_gone(request, service.write(text, turns, '', _CHAT_SECONDS))
        metrics.plans.labels(done.plan.route).inc()
        return JSONResponse(reply.whole(done.plan, done.read, done.written))


async def _stream(service: Service, metrics: Metrics, asked: ChatRequest,
                  reply: Reply) -> Response:
    """Return a response that sends the plan as it is written."""
    text, turns = asked.question
    loop, parts = asyncio.get_running_loop(), asyncio.Queue[Optional[bytes]]()
    tells = not (asked.as_json or asked.as_tool)

    def hear(so_far: bytes) -> None:
        if tells:
            loop.call_soon_threadsafe(parts.put_nowait, so_far)

    work = asyncio.ensure_future(service.write(text, turns, '', _CHAT_SECONDS, hear))
    work.add_done_callback(lambda _: parts.put_nowait(None))
    first = await parts.get()  # so that a refusal still gets its status
    if first is None:
        await _explained(work)

    async def pieces() -> AsyncIterator[bytes]:
        try:
            yield reply.begin()
            told, part = b'', first
            while part is not None:
                new, told = new_text(told, part)
                if new:
                    yield reply.more(new)
                part = await parts.get()
            done: Written = await _explained(work)
            metrics.plans.labels(done.plan.route).inc()
            for piece in reply.end(done.plan, bool(told), done.read, done.written):
                yield piece
        except Refused as error:
            yield f'data: {json.dumps(error.body)}\n\n'.encode()
        finally:
            work.cancel()

    return StreamingResponse(pieces(), media_type='text/event-stream',
                             headers={'Cache-Control': 'no-cache'})


async def _unless_gone(request: Request, work: Awaitable[_T]) -> _T:
    """Return what the work leads to; it ends when the client hangs up."""
    doing = asyncio.ensure_future(_explained(work))
    gone = asyncio.ensure_future(_hung_up(request.receive))
    try:
        await asyncio.wait({doing, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            raise Refused(499, 'the client has gone', 'gone')
        return await doing
    finally:
        doing.cancel()
        gone.cancel()


async def _hung_up(receive: Callable[[], Awaitable[Any]]) -> None:
    """Return when the client is gone; its body has been read before."""
    while (await receive())['type'] != 'http.disconnect':
        pass


async def _explained(work: Awaitable[_T]) -> _T:
    """Return what the work leads to, its known failures as Problems."""
    try:
        return await work
    except Full as error:
        raise Refused(429, str(error), 'overloaded', 1) from None
    except Late as error:
        raise Refused(408, str(error), 'late') from None


def _route(plan: str) -> str:
    return 'remote' if plan.startswith('[REMOTE]') else 'edge' if plan[:1] == '[' else 'talk'
