"""The other door: OpenAI's own client, whole and streamed, JSON and tools."""

import json

from by_heart import LEFT
import openai
import pytest

from shadow_ros.cloud.chat import ChatRequest, new_text
from shadow_ros.cloud.tokens import add, TokenFile


@pytest.fixture(scope='module')
def client(server):
    """Yield OpenAI's client, pointed at the server."""
    with openai.OpenAI(base_url=f'{server.url}/v1', api_key='none', max_retries=0,
                       timeout=20.0) as found:
        yield found


def user(text):
    return {'role': 'user', 'content': text}


def test_a_plan_as_a_message(client):
    done = client.chat.completions.create(model='x', messages=[
        {'role': 'system', 'content': 'Be kind.'}, user('walk forward 2 meters')])
    assert done.choices[0].message.content == '[MOVE x=2.0] On it!'
    assert (done.choices[0].finish_reason, done.model) == ('stop', 'by heart')
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens > 9
    assert client.models.list().data[0].id == 'by heart'


def test_a_stream_adds_up_to_the_plan(client):
    pieces = list(client.chat.completions.create(
        model='x', messages=[user('坐下')], stream=True, stream_options={'include_usage': True}))
    text = ''.join(p.choices[0].delta.content or '' for p in pieces if p.choices)
    assert text == '[SIT] 好的！' and len(pieces) > 3
    assert pieces[-1].usage.completion_tokens > 1
    assert [p.choices[0].finish_reason for p in pieces if p.choices][-1] == 'stop'


def test_earlier_messages_are_turns(client):
    for said, reply in ((LEFT[0], '[TURN yaw=90] Turning.'),
                        (LEFT[0], '{"actions": [{"name": "TURN", "yaw": 90}], "reply": "Ok"}')):
        done = client.chat.completions.create(model='x', messages=[
            user(said), {'role': 'assistant', 'content': reply},
            user([{'type': 'text', 'text': 'mirror it like so'}])])
        assert done.choices[0].message.content == '[TURN yaw=-90]'


@pytest.mark.parametrize('stream', [False, True])
@pytest.mark.parametrize('wish', [
    {'response_format': {'type': 'json_object'}},
    {'tools': [{'type': 'function', 'function': {'name': 'robot_plan', 'parameters': {}}}]}],
    ids=['json', 'tool'])
def test_json_and_tools(client, stream, wish):
    found = client.chat.completions.create(
        model='x', messages=[user('walk forward 2 meters')], stream=stream, **wish)
    messages = [piece.choices[0].delta for piece in found if piece.choices] if stream \
        else [found.choices[0].message]
    calls = [call for m in messages for call in m.tool_calls or ()]
    text = calls[0].function.arguments if calls else ''.join(m.content or '' for m in messages)
    assert json.loads(text) == {'actions': [{'name': 'MOVE', 'x': 2.0}], 'reply': 'On it!'}
    assert bool(calls) == ('tools' in wish)


@pytest.mark.parametrize(('messages', 'words'), [
    ([], 'messages'), ([{'role': 'king', 'content': 'x'}], 'role'),
    ([user('a')] * 65, 'messages')],
    ids=['none', 'king', 'many'])
def test_what_cannot_be_asked_is_a_422(client, messages, words):
    with pytest.raises(openai.UnprocessableEntityError, match=words):
        client.chat.completions.create(model='x', messages=messages)


@pytest.mark.parametrize('messages', [
    [{'role': 'assistant', 'content': 'hi'}], [user('')], [user([{'type': 'image_url'}])],
    [user('sit'), {'role': 'assistant', 'content': '[SIT]'}], [{'role': 'tool'}]],
    ids=['assistant', 'empty', 'image', 'answered', 'tool'])
def test_nothing_said_is_not_understood(client, messages):
    done = client.chat.completions.create(model='x', messages=messages)
    assert done.choices[0].message.content.startswith('I did not understand')


def test_a_text_too_long_is_answered_without_the_model(client):
    for stream in (False, True):
        found = client.chat.completions.create(model='x', messages=[user('walk ' * 900)],
                                               stream=stream)
        text = ''.join(p.choices[0].delta.content or '' for p in found) if stream \
            else found.choices[0].message.content
        assert text == 'That was too long for me. Please say it shorter.'


def test_its_tokens_are_bearer_tokens_too(backbone, tmp_path):
    from cloud_serving import serving
    token = add(tmp_path / 'tokens.json', 'app')
    with serving(backbone, tokens=TokenFile(tmp_path / 'tokens.json')) as server:
        for key in (token, 'wrong'):
            with openai.OpenAI(base_url=f'{server.url}/v1', api_key=key, max_retries=0) as client:
                if key == token:
                    assert client.models.list().data
                else:
                    with pytest.raises(openai.AuthenticationError, match='valid token'):
                        client.models.list()


def test_half_a_character_waits_for_its_other_half():
    whole = '[SIT] 好'.encode()
    told = b''
    said = []
    for end in range(len(whole) + 1):
        text, told = new_text(told, whole[:end])
        said.append(text)
    assert ''.join(said) == '[SIT] 好' and said[-3:] == ['', '', '好']


def test_a_question_after_unanswered_ones_is_the_last():
    asked = ChatRequest.model_validate({'messages': [
        user('sit'), user('no, turn left'), {'role': 'assistant', 'content': None},
        user('just like before')]})
    assert asked.question == ('just like before', [('no, turn left', '')])
