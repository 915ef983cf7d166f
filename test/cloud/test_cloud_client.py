"""The robot's client: right answers, and every fault a reason within the deadline."""

import asyncio
from datetime import datetime, timedelta, timezone
import json
import ssl
import time

from by_heart import LEFT, PAIRS
from cloud_serving import serving
import faulty
from faulty import FAULTS, Faulty
import pytest

from shadow_ros.cloud.client import OpenAiServer, reach
from shadow_ros.cloud.line import Address, Line
from shadow_ros.cloud.policy import Question
from shadow_ros.cloud.running import Options
from shadow_ros.cloud.schema import plan_schema, read_plan
from shadow_ros.cloud.tls import certificate, fingerprint, make, Pair
from shadow_ros.cloud.tokens import add, TokenFile
from shadow_ros.errors import CloudError, ConfigError
from shadow_ros.plan import parse

SECONDS = 0.6


@pytest.fixture
def bad():
    """Yield a server that can be made faulty."""
    found = Faulty()
    yield found
    found.close()


def talk(url, what, token='', trust='', kind='auto'):
    """Return what `what(speaker)` leads to."""
    async def run():
        line = Line(Address.parse(url), token, trust)
        try:
            return await what(await reach(line, kind, '', 5.0))
        finally:
            await line.close()
    return asyncio.run(run())


def ask(url, text, turns=(), **how):
    return talk(url, lambda speaker: speaker.ask(Question(text, tuple(turns)), 10.0), **how)


@pytest.mark.parametrize('kind', ['shadow', 'openai'])
def test_both_doors_give_the_plans_of_the_backbone(server, kind):
    async def all_of_them(speaker):
        return [await speaker.ask(Question(text, turns), 10.0) for text, _, turns in PAIRS]
    for (text, plan, _), answer in zip(PAIRS, talk(server.url, all_of_them, kind=kind)):
        assert answer.plan == parse(plan), text
        assert answer.model == 'by heart' and answer.confidence > 0.5


def test_who_answers_is_found_out(server, bad):
    assert talk(server.url, _itself).model == 'by heart'
    bad.about = faulty.say(b'Not Found', '404 Not Found')
    bad.fault = lambda line, request: faulty.say(
        {'data': [{'id': 'other'}]} if request.startswith(b'GET') else
        {'choices': [{'message': {'content': '{"actions": [{"name": "SIT"}], "reply": ""}'}}]},
    )(line, request)
    found = talk(bad.url, _itself)
    assert isinstance(found, OpenAiServer) and (found.model, found.form) == ('other', 'schema')


async def _itself(speaker):
    return speaker


@pytest.mark.parametrize('form', ['schema', 'tools', 'text'])
def test_the_surest_form_that_a_server_knows_is_used(bad, form):
    def serve(line, request):
        body = json.loads(request.partition(b'\r\n\r\n')[2] or b'{}')
        has = 'schema' if 'response_format' in body else 'tools' if 'tools' in body else 'text'
        if form != has:
            faulty.say({'error': {'message': 'unsupported'}}, '400 Bad Request')(line, request)
        elif form == 'tools':
            faulty.say({'choices': [{'message': {'content': None, 'tool_calls': [{'function': {
                'name': 'robot_plan', 'arguments': '{"actions": [], "reply": "No."}'}}]}}]})(
                    line, request)
        else:
            text = '```json\n{"actions": [{"name": "MOVE", "x": 1, "y": null}]}\n```' \
                if form == 'schema' else '<think>hm</think>[MOVE x=1.0]'
            faulty.say({'choices': [{'message': {'content': text}}]})(line, request)

    bad.fault = serve
    async def one(speaker):
        return speaker.form, await speaker.ask(Question('go'), 5.0)
    async def run():
        line = Line(Address.parse(bad.url))
        try:
            return await one(await OpenAiServer.reach(line, 'm', 5.0))
        finally:
            await line.close()
    used, answer = asyncio.run(run())
    assert used == form
    assert answer.plan == parse('No.' if form == 'tools' else '[MOVE x=1.0]')


@pytest.mark.parametrize('name', FAULTS)
def test_every_fault_has_its_reason_and_its_end(bad, name):
    bad.fault, why = FAULTS[name]

    async def run(speaker):
        began = time.monotonic()
        with pytest.raises(CloudError) as caught:
            await speaker.ask(Question('sit'), SECONDS)
        return caught.value, time.monotonic() - began

    error, seconds = talk(bad.url, run)
    assert error.why == why, error
    assert seconds < SECONDS + 5.0


def test_nobody_there_and_no_such_name(bad):
    bad.close()
    for url in (bad.url, 'http://no-such-host.invalid:8713'):
        with pytest.raises(CloudError) as caught:
            ask(url, 'sit', kind='shadow')
        assert caught.value.why == 'unreachable', caught.value


def test_a_broken_line_is_tried_once_more(bad):
    tries = []

    def twice(line, request):
        tries.append(1)
        (faulty.reset if len(tries) == 1 else faulty.say(faulty.PLAN))(line, request)
    bad.fault = twice
    assert ask(bad.url, 'sit').plan == parse('[SIT] Ok.') and len(tries) == 2


@pytest.mark.parametrize(('about', 'words'), [
    ({**faulty.ABOUT, 'protocol': 2}, 'protocol 1 is spoken here, the server has 2'),
    ({**faulty.ABOUT, 'table': 7}, 'action table'), ({**faulty.ABOUT, 'protocol': 'x'}, 'another'),
    ({'service': 'other'}, 'another service')])
def test_another_version_is_not_attached(bad, about, words):
    bad.about = faulty.say(about)
    with pytest.raises(CloudError, match=words):
        ask(bad.url, 'sit', kind='shadow')


def test_certificates_and_tokens(backbone, tmp_path):
    token = add(tmp_path / 'tokens.json', 'robot')
    with serving(backbone, options=Options(tls=tmp_path / 'tls'),
                 tokens=TokenFile(tmp_path / 'tokens.json')) as server:
        pem = tmp_path / 'tls' / 'certificate.pem'
        for trust in (str(pem), fingerprint(pem)):
            assert ask(server.url, 'turn left', token=token, trust=trust).plan.actions
            with pytest.raises(CloudError) as caught:
                ask(server.url, 'sit', token='wrong', trust=trust)
            assert caught.value.why == 'refused' and 'wrong' not in str(caught.value)
        other = certificate(tmp_path / 'other', ['localhost']).certificate
        for trust in ('', str(other), fingerprint(other)):
            with pytest.raises(CloudError) as caught:
                ask(server.url, 'sit', token=token, trust=trust)
            assert caught.value.why == 'untrusted', caught.value


@pytest.mark.parametrize('days', [(-9, -1), (1, 9)], ids=['expired', 'of tomorrow'])
def test_a_certificate_out_of_time_is_not_trusted(days, tmp_path):
    """Expired, or not yet valid, as when one of the two clocks is wrong."""
    pair, now = Pair(tmp_path / 'c.pem', tmp_path / 'k.pem'), datetime.now(timezone.utc)
    make(pair, ['127.0.0.1'], *(now + timedelta(days=d) for d in days))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    server = Faulty(context)
    try:
        with pytest.raises(CloudError) as caught:
            ask(server.url, 'sit', trust=str(pair.certificate), kind='shadow')
        assert caught.value.why == 'untrusted' and not server.requests
    finally:
        server.close()


@pytest.mark.parametrize(('url', 'base'), [
    ('http://localhost:8713', 'http://localhost:8713'),
    ('https://x.example/v1/', 'https://x.example'), (' https://x/api/v1 ', 'https://x/api'),
    ('http://[::1]:80', 'http://[::1]:80')])
def test_addresses(url, base):
    assert Address.parse(url).base == base


@pytest.mark.parametrize('url', ['', 'localhost:1', 'ftp://x', 'http://', 'http://x:y',
                                 'http://x/?key=1', 'http://x:99999'])
def test_what_is_no_address(url):
    with pytest.raises(ConfigError, match='must be like http'):
        Address.parse(url)


def test_secrets_stay_secret():
    with pytest.raises(ConfigError, match='no password') as caught:
        Address.parse('https://me:secret@x.example')
    assert 'secret' not in str(caught.value)
    with pytest.raises(ConfigError, match='unencrypted to robots.example'):
        Line(Address.parse('http://robots.example'), 'token')
    assert Line(Address.parse('http://127.0.0.1:1'), 'token')


@pytest.mark.parametrize(('text', 'plan'), [
    ('{"actions": [{"name": "SIT"}], "reply": "Ok [now]"}', '[SIT] Ok (now)'),
    ('{"actions": [], "reply": "Hello."}', 'Hello.'), ('[SIT][LIE] Ok', '[SIT][LIE] Ok'),
    ('Just talk.', 'Just talk.'), ('{"actions": [{"name": "MOVE", "x": 1, "speed": null}]}',
                                   '[MOVE x=1.0]')])
def test_answers_of_others_are_read(text, plan):
    assert str(read_plan(text)) == plan


@pytest.mark.parametrize('text', [
    '{"actions": [{"name": "FLY"}]}', '{"actions": 5}', '{"actions": [5]}', '{"actions": [',
    '{"reply": 7, "actions": []}', '[FLY]', '{"actions": [{"name": "MOVE", "x": "far"}]}',
    '{"actions": [{"name": "MOVE", "x": 1e999}]}', 'ok [SIT]'])
def test_answers_that_are_no_plans_are_broken(text):
    with pytest.raises(CloudError, match='no plan'):
        read_plan(text)


def test_the_schema_is_one():
    import jsonschema_rs
    schema = plan_schema()
    check = jsonschema_rs.validator_for(schema).is_valid
    assert check({'actions': [{'name': 'MOVE', 'x': 1.0, 'y': None, 'speed': None}], 'reply': ''})
    assert check({'actions': [{'name': 'SIT'}], 'reply': 'Ok'})
    for wrong in ({'actions': [{'name': 'REMOTE'}], 'reply': ''}, {'actions': []},
                  {'actions': [{'name': 'MOVE', 'x': 'far', 'y': None, 'speed': None}],
                   'reply': ''}, {'actions': [{'name': 'SIT'}] * 6, 'reply': ''}):
        assert not check(wrong)
    assert json.dumps(schema).count('"additionalProperties": false') == 1 + len(
        schema['properties']['actions']['items']['anyOf'])


def test_turns_go_along(server):
    for kind in ('shadow', 'openai'):
        assert ask(server.url, 'just like before', [LEFT], kind=kind).plan == parse(LEFT[1])
