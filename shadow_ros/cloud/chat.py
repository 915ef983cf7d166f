"""
The other door: plans in the words of OpenAI's chat completions, so that any client can ask.

The last message of the user is the command, the exchanges before it are its turns. The answer is
the plan's text (`[SIT] OK`); its JSON where `response_format` asks for JSON; a call of the tool
`robot_plan` where such a tool is offered.
"""

import json
import time
from typing import Any, Iterator, Literal, Optional, Union
import uuid

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from shadow_ros.cloud.protocol import MAX_PLAN, MAX_TEXT, Text
from shadow_ros.errors import PlanError
from shadow_ros.intent.prompt import MAX_TURNS, Turn
from shadow_ros.plan import Plan

TOOL = 'robot_plan'
_MAX_CONTENT = 16_000  # characters of one message


class Loose(BaseModel):
    """A part of a request that clients fill with more than is of use here."""

    model_config = ConfigDict(extra='allow', frozen=True)


class Part(Loose):
    """A part of a message; only text is read."""

    type: str = Field(max_length=40)
    text: Optional[Text] = Field(default=None, max_length=_MAX_CONTENT)


class Message(Loose):
    """One message of the conversation."""

    role: Literal['system', 'developer', 'user', 'assistant', 'tool', 'function']
    content: Optional[Union[Text, tuple[Part, ...]]] = None

    @property
    def words(self) -> str:
        """Return the text of the message."""
        if isinstance(self.content, str):
            return self.content
        return ' '.join(part.text for part in self.content or () if part.text)


class Format(Loose):
    """What form the answer is to have."""

    type: Literal['text', 'json_object', 'json_schema'] = 'text'


class StreamOptions(Loose):
    """What a stream tells besides."""

    include_usage: StrictBool = False


class Function(Loose):
    """A function that the client offers."""

    name: Text = Field(max_length=100)


class Tool(Loose):
    """A tool that the client offers."""

    type: Literal['function'] = 'function'
    function: Function


class ChatRequest(Loose):
    """A request of OpenAI's clients; what is not named here is not heeded."""

    messages: tuple[Message, ...] = Field(min_length=1, max_length=64)
    model: Text = Field(default='', max_length=200)
    stream: Optional[StrictBool] = False
    n: Optional[Literal[1]] = 1
    stream_options: Optional[StreamOptions] = None
    response_format: Optional[Format] = None
    tools: Optional[tuple[Tool, ...]] = Field(default=None, max_length=64)

    @property
    def question(self) -> tuple[str, list[Turn]]:
        """Return the command and its turns; the command is '' when the user said nothing new."""
        turns: list[Turn] = []
        said = ''
        for message in self.messages:
            if message.role == 'user':
                said = message.words
            elif message.role == 'assistant' and said:
                turns.append((said[:MAX_TEXT], _plan_text(message.words)))
                said = ''
        return said.strip(), turns[-MAX_TURNS:]

    @property
    def as_tool(self) -> bool:
        """Return whether the plan is wanted as a call of our tool."""
        return any(tool.function.name == TOOL for tool in self.tools or ())

    @property
    def as_json(self) -> bool:
        """Return whether the plan is wanted as JSON."""
        return self.response_format is not None and self.response_format.type != 'text'


def _plan_text(words: str) -> str:
    """Return an earlier answer as the text of a plan, whatever form it had."""
    if words.lstrip().startswith('{'):
        try:
            data = json.loads(words)
            return str(Plan.from_dict({**data, 'reply': ''}))
        except (ValueError, PlanError, RecursionError, TypeError):
            return ''
    return words[:MAX_PLAN]


def plan_json(plan: Plan) -> str:
    """Return a plan as the JSON that clients ask for."""
    data = plan.to_dict()
    return json.dumps({'actions': data['actions'], 'reply': data['reply']}, ensure_ascii=False)


class Reply:
    """One answer in OpenAI's words, whole or in pieces."""

    def __init__(self, request: ChatRequest, model: str) -> None:
        self._request = request
        self._head = {'id': f'chatcmpl-{uuid.uuid4().hex}', 'created': int(time.time()),
                      'model': model}

    def whole(self, plan: Plan, read: int, written: int) -> dict[str, Any]:
        """Return the answer to a request that does not stream."""
        message = {'role': 'assistant', **self._content(plan)}
        choice = {'index': 0, 'message': message, 'finish_reason': self._reason, 'logprobs': None}
        return {**self._head, 'object': 'chat.completion', 'choices': [choice],
                'usage': _usage(read, written)}

    def begin(self) -> bytes:
        """Return the first piece of a stream."""
        return self._piece({'role': 'assistant', 'content': ''})

    def more(self, text: str) -> bytes:
        """Return a piece with more of the plan's text."""
        return self._piece({'content': text})

    def end(self, plan: Plan, told: bool, read: int, written: int) -> Iterator[bytes]:
        """Yield the last pieces; a plan whose text was not told yet comes whole."""
        if not told:
            content = self._content(plan)
            for index, call in enumerate(content.get('tool_calls', ())):
                call['index'] = index
            yield self._piece(content)
        yield self._piece({}, self._reason)
        options = self._request.stream_options
        if options and options.include_usage:
            yield _event({**self._head, 'object': 'chat.completion.chunk', 'choices': [],
                          'usage': _usage(read, written)})
        yield b'data: [DONE]\n\n'

    @property
    def _reason(self) -> str:
        return 'tool_calls' if self._request.as_tool else 'stop'

    def _content(self, plan: Plan) -> dict[str, Any]:
        if self._request.as_tool:
            function = {'name': TOOL, 'arguments': plan_json(plan)}
            return {'content': None, 'tool_calls': [
                {'id': f'call_{uuid.uuid4().hex[:24]}', 'type': 'function', 'function': function}]}
        return {'content': plan_json(plan) if self._request.as_json else str(plan)}

    def _piece(self, delta: dict[str, Any], reason: Optional[str] = None) -> bytes:
        return _event({**self._head, 'object': 'chat.completion.chunk', 'choices': [
            {'index': 0, 'delta': delta, 'finish_reason': reason, 'logprobs': None}]})


def _event(data: dict[str, Any]) -> bytes:
    return f'data: {json.dumps(data, ensure_ascii=False)}\n\n'.encode()


def _usage(read: int, written: int) -> dict[str, int]:
    return {'prompt_tokens': read, 'completion_tokens': written, 'total_tokens': read + written}


def new_text(before: bytes, now: bytes) -> tuple[str, bytes]:
    """Return what can be told of a text that has grown, and how much has then been told."""
    whole = now.decode('utf-8', 'ignore').encode()  # the end may be half a character
    return whole[len(before):].decode(), whole
