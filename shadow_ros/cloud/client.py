"""
Those whom a robot can ask: our own server, and any server of OpenAI's chat completions.

    speaker = await reach(line, kind='auto', model='', seconds=4.0)   # checks who answers
    answer = await speaker.ask(Question('walk in a square'), seconds=4.0)

Whatever comes back is parsed into a Plan or is a CloudError; nothing else gets through.
"""

from dataclasses import dataclass, field
import json
from typing import Any, Callable, Mapping, Protocol

from pydantic import ValidationError

from shadow_ros.actions import ACTIONS, MAX_ACTIONS, TABLE_VERSION
from shadow_ros.cloud.chat import TOOL
from shadow_ros.cloud.line import Line
from shadow_ros.cloud.policy import Question
from shadow_ros.cloud.protocol import (
    ABOUT, About, CHAT, MAX_PLAN, MAX_TEXT, MODELS, PLAN, PlanAnswer, PROTOCOL, SERVICE)
from shadow_ros.cloud.schema import plan_schema, read_plan
from shadow_ros.errors import CloudError, ConfigError, PlanError, shorten
from shadow_ros.plan import parse, Plan

KINDS = ('auto', 'shadow', 'openai')


@dataclass(frozen=True)
class Answer:
    """A backbone's plan; `confidence` is 1.0 where a server does not tell."""

    plan: Plan
    confidence: float = 1.0
    model: str = ''
    timing_ms: Mapping[str, float] = field(default_factory=dict)


class Speaker(Protocol):
    """One server that was reached."""

    model: str

    async def ask(self, question: Question, seconds: float) -> Answer:
        """Return its plan within so many seconds, or raise CloudError."""

    async def look(self, seconds: float) -> None:
        """Return when it is there, or raise CloudError; costs the server nothing."""


async def reach(line: Line, kind: str, model: str, seconds: float) -> Speaker:
    """Return who speaks at the other end after a check of its versions, or raise CloudError."""
    if kind not in KINDS:
        raise ConfigError(f'the kind of a backbone must be one of {", ".join(KINDS)}, '
                          f'got {shorten(kind)}')
    if kind == 'openai':
        return await OpenAiServer.reach(line, model, seconds)
    try:
        return await ShadowServer.reach(line, seconds)
    except CloudError as error:
        # A server of others has no such page, or it has another one there.
        if kind == 'shadow' or error.why not in ('broken', 'stranger'):
            raise
    return await OpenAiServer.reach(line, model, seconds)


class ShadowServer:
    """`shadow-ros serve`."""

    def __init__(self, line: Line, about: About) -> None:
        self._line = line
        self.model = about.model

    @classmethod
    async def reach(cls, line: Line, seconds: float) -> 'ShadowServer':
        """Return the server after a look at its versions."""
        about = await _about(line, seconds)
        return cls(line, about)

    async def look(self, seconds: float) -> None:
        """Return when it is there and speaks our protocol."""
        self.model = (await _about(self._line, seconds)).model

    async def ask(self, question: Question, seconds: float) -> Answer:
        """Return its plan."""
        data = await self._line.call('POST', PLAN, {
            'text': question.text[:MAX_TEXT], 'posture': question.posture,
            'turns': [{'user': said[:MAX_TEXT], 'plan': plan[:MAX_PLAN]}
                      for said, plan in question.turns],
            'deadline_ms': max(50, round(seconds * 1000)),
            'protocol': PROTOCOL, 'table': TABLE_VERSION}, seconds)
        try:
            answer = PlanAnswer.model_validate(data)
            plan = parse(answer.plan)
        except ValidationError as error:
            found = error.errors()[0]
            raise CloudError(f'the answer is not as agreed: {found["loc"]}: {found["msg"]}',
                             'broken') from None
        except PlanError as error:
            raise CloudError(f'the answer is no plan: {error}', 'broken') from None
        return Answer(plan, answer.confidence, answer.model,
                      {k[:40]: v for k, v in list(answer.timing_ms.items())[:8]})


async def _about(line: Line, seconds: float) -> About:
    """Return who answers, or raise CloudError when it is not our server of our version."""
    data = await line.call('GET', ABOUT, None, seconds)
    if data.get('service') != SERVICE:
        raise CloudError('another service answers there', 'stranger')
    try:
        about = About.model_validate(data)
    except ValidationError:
        raise CloudError('the server describes itself in another way', 'version') from None
    for ours, theirs, what in ((PROTOCOL, about.protocol, 'protocol'),
                               (TABLE_VERSION, about.table, 'action table')):
        if ours != theirs:
            raise CloudError(f'{what} {ours} is spoken here, the server has {theirs}; bring robot '
                             'and server to the same version', 'version')
    return about


SYSTEM = f"""\
You plan the motions of a Unitree Go2 robot dog. Answer with JSON alone: {{"actions": [...], \
"reply": "..."}}, at most {MAX_ACTIONS} actions in the order of execution, and a short reply in \
the language of the user. x is metres forward, y metres to the left, yaw degrees to the left. \
When no amount is said: MOVE 1.0, TURN 90. Talk, questions and what the dog cannot do have no \
actions. Never plan a motion that was not asked for. The actions:
""" + '\n'.join(
    f'{row.name} {" ".join(p.describe() for p in row.parameters)}: {row.meaning}'
    for row in ACTIONS.values() if row.name != 'REMOTE')


def _schema() -> dict[str, Any]:
    return {'response_format': {'type': 'json_schema', 'json_schema': {
        'name': TOOL, 'strict': True, 'schema': plan_schema()}}}


def _tools() -> dict[str, Any]:
    function = {'name': TOOL, 'description': 'Let the dog carry out a plan.',
                'parameters': plan_schema()}
    return {'tools': [{'type': 'function', 'function': function}],
            'tool_choice': {'type': 'function', 'function': {'name': TOOL}}}


FORMS: Mapping[str, Callable[[], dict[str, Any]]] = {
    'schema': _schema, 'tools': _tools, 'text': dict}
"""How a server may be made to answer with a plan, the surest first."""

_PROBE = Question('sit down')


class OpenAiServer:
    """vLLM, llama.cpp, Ollama, a cloud: whoever has /v1/chat/completions."""

    def __init__(self, line: Line, model: str, form: str) -> None:
        self._line = line
        self.model = model
        self.form = form

    @classmethod
    async def reach(cls, line: Line, model: str, seconds: float) -> 'OpenAiServer':
        """Return the server after it has made a plan in the surest form that it knows."""
        name = model or await _first_model(line, seconds)
        trouble = CloudError('the server makes no plans', 'broken')
        for form in FORMS:
            server = cls(line, name, form)
            try:
                await server.ask(_PROBE, seconds)
                return server
            except CloudError as error:
                if error.why != 'broken':
                    raise
                trouble = error
        raise trouble

    async def look(self, seconds: float) -> None:
        """Return when it is there."""
        await self._line.call('GET', MODELS, None, seconds)

    async def ask(self, question: Question, seconds: float) -> Answer:
        """Return its plan."""
        data = await self._line.call('POST', CHAT, {
            'model': self.model, 'messages': _messages(question), 'temperature': 0,
            'max_tokens': 512, **FORMS[self.form]()}, seconds)
        return Answer(read_plan(_content(data)), model=str(data.get('model') or self.model)[:200])


async def _first_model(line: Line, seconds: float) -> str:
    """Return the first model that a server lists."""
    found = (await line.call('GET', MODELS, None, seconds)).get('data')
    if isinstance(found, list) and found and isinstance(found[0], Mapping) and 'id' in found[0]:
        return str(found[0]['id'])
    raise CloudError('the server lists no models; set intent.backbone.model', 'broken')


def _messages(question: Question) -> list[dict[str, str]]:
    found = [{'role': 'system', 'content': SYSTEM}]
    for said, plan in question.turns:
        found += [{'role': 'user', 'content': said},
                  {'role': 'assistant', 'content': _as_json(plan)}]
    known = f' (posture: {question.posture})' if question.posture else ''
    return [*found, {'role': 'user', 'content': question.text[:MAX_TEXT] + known}]


def _as_json(plan: str) -> str:
    try:
        data = parse(plan).to_dict()
    except PlanError:
        return plan
    return json.dumps({'actions': data['actions'], 'reply': data['reply']}, ensure_ascii=False)


def _content(data: Mapping[str, Any]) -> str:
    """Return what a completion says, in its text or as the arguments of a call."""
    try:
        message = data['choices'][0]['message']
        calls = message.get('tool_calls') or ()
        found = calls[0]['function']['arguments'] if calls else message['content']
    except (KeyError, IndexError, TypeError, AttributeError):
        found = None
    if not isinstance(found, str) or not found.strip():
        raise CloudError('the answer is no chat completion with a text', 'broken')
    return found
