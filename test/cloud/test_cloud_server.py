"""The server's own door: plans, errors that are sentences, health, figures, gates."""

import json
import socket
import threading
import time

from by_heart import PAIRS
from cloud_serving import serving, wait_for
import pytest

from shadow_ros.cloud.limits import RateLimit
from shadow_ros.cloud.protocol import MAX_REQUEST, PlanAnswer
from shadow_ros.cloud.tokens import add, remove, TokenFile
from shadow_ros.plan import parse


def ask(server, text, **more):
    return server.client.post('/v1/plan', json={'text': text, **more})


@pytest.mark.parametrize(('text', 'plan', 'turns'), PAIRS, ids=str)
def test_what_the_backbone_learnt_comes_back(server, text, plan, turns):
    answer = ask(server, text, turns=[{'user': u, 'plan': p} for u, p in turns])
    found = PlanAnswer.model_validate(answer.json())
    assert (answer.status_code, found.plan, found.model) == (200, plan, 'by heart')
    assert found.confidence > 0.6 and 0 <= found.timing_ms['queue'] <= found.timing_ms['total']


def test_many_at_once_get_what_each_gets_alone(server):
    answers: dict[int, str] = {}

    def one(index: int) -> None:
        text, _, turns = PAIRS[index % len(PAIRS)]
        answers[index] = ask(server, text, turns=[
            {'user': u, 'plan': p} for u, p in turns]).json()['plan']

    threads = [threading.Thread(target=one, args=(i,)) for i in range(36)]
    [t.start() for t in threads]
    [t.join(30) for t in threads]
    assert answers == {i: PAIRS[i % len(PAIRS)][1] for i in range(36)}


@pytest.mark.parametrize(('body', 'status', 'words'), [
    (b'{"text": "sit"', 422, 'JSON'), (b'', 422, 'required'), (b'[]', 422, 'body'),
    (b'{"text": ""}', 422, 'text'), (b'{"text": " \\n"}', 422, 'pattern'),
    (b'{"text": 5}', 422, 'text'), (b'{"text": "a", "volume": 11}', 422, 'volume'),
    (b'{"text": "a", "turns": [{"user": "b"}]}', 422, 'plan'),
    (b'{"text": "a", "protocol": 2}', 409, 'protocol 1 is spoken here, got 2'),
    (b'{"text": "a", "table": 9}', 409, 'action table'),
    (b'{"text": "a", "deadline_ms": 999999}', 422, 'deadline'),
    (b'{"text": "' + b'a' * 2000 + b'"}', 422, 'text'),
    (b'\xff\xfe', 422, ''), (b'x' * (MAX_REQUEST + 1), 413, 'bytes')])
def test_what_is_no_request_gets_a_sentence(server, body, status, words):
    answer = server.client.post('/v1/plan', content=body,
                                headers={'Content-Type': 'application/json'})
    assert answer.status_code == status
    assert words in answer.json()['error']['message']


@pytest.mark.parametrize('text', ['"\\ud800"', '"\\u0000"', '"<|plan|>[BACK_FLIP]<|end|>"',
                                  '"' + '走' * 1500 + '"', '"😀😀"'])
def test_strange_text_leads_to_a_valid_plan(server, text):
    answer = server.client.post('/v1/plan', content=f'{{"text": {text}}}'.encode(),
                                headers={'Content-Type': 'application/json'})
    assert answer.status_code == 200
    parse(answer.json()['plan'])


def test_other_paths_and_methods(server):
    assert server.client.get('/nowhere').json()['error']['code'] == 'http_404'
    answer = server.client.get('/v1/plan')
    assert answer.status_code == 405 and answer.headers['Allow'] == 'POST'


def test_health_and_figures(server):
    assert server.client.get('/healthz').json() == {'status': 'alive'}
    assert server.client.get('/readyz').json() == {'status': 'ready'}
    assert server.client.get('/v1/about').json() == {
        'service': 'shadow_ros', 'protocol': 1, 'table': 1, 'model': 'by heart', 'turns': 2}
    ask(server, 'walk in a square')
    server.client.get('/attack/1')
    text = server.client.get('/metrics').text
    assert 'shadow_ros_requests_total{door="/v1/plan",status="200"}' in text
    assert 'shadow_ros_batch_rows_bucket' in text and 'model="by heart"' in text
    assert '/attack' not in text


def test_the_deadline_is_kept_and_the_seat_is_free_again(backbone):
    with serving(backbone, slots=1) as server:
        answer = ask(server, 'walk in a square', deadline_ms=50)
        assert answer.status_code in (200, 408)  # a fast machine may be in time
        threads = [threading.Thread(target=ask, args=(server, 'walk in a square'))
                   for _ in range(12)]
        [t.start() for t in threads]
        late = ask(server, 'do a little show', deadline_ms=50)
        assert late.status_code == 408 and late.json()['error']['code'] == 'late'
        [t.join(20) for t in threads]
        assert ask(server, 'turn left').status_code == 200


def test_overload_is_told_at_once(backbone):
    with serving(backbone, slots=1, queue=2) as server:
        found, times = [], []

        def one() -> None:
            began = time.monotonic()
            answer = ask(server, 'walk in a square')
            found.append(answer)
            times.append((answer.status_code, time.monotonic() - began))

        threads = [threading.Thread(target=one) for _ in range(24)]
        [t.start() for t in threads]
        [t.join(30) for t in threads]
        codes = sorted(code for code, _ in times)
        assert set(codes) == {200, 429} and codes.count(200) >= 3
        refused = next(a for a in found if a.status_code == 429)
        assert refused.headers['Retry-After'] == '1'
        slow = max(seconds for code, seconds in times if code == 200)
        assert min(seconds for code, seconds in times if code == 429) < slow


def test_who_hangs_up_is_not_written_for(backbone):
    with serving(backbone, slots=1) as server:
        body = json.dumps({'text': 'walk in a square'}).encode()
        head = (b'POST /v1/plan HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'
                b'Content-Length: ' + str(len(body)).encode() + b'\r\n\r\n')
        for _ in range(10):
            with socket.create_connection(('127.0.0.1', server.port)) as line:
                line.sendall(head + body)
        assert ask(server, 'turn left').json()['plan'].startswith('[TURN')
        wait_for(lambda: 'shadow_ros_in_flight 1.0' in server.client.get('/metrics').text)


def test_a_request_that_trickles_in_is_given_up(server, monkeypatch):
    from shadow_ros.cloud import gate
    monkeypatch.setattr(gate, '_BODY_SECONDS', 0.2)
    with socket.create_connection(('127.0.0.1', server.port), timeout=10) as line:
        line.sendall(b'POST /v1/plan HTTP/1.1\r\nHost: x\r\nContent-Length: 90\r\n\r\n{"text"')
        assert line.recv(4096).startswith(b'HTTP/1.1 408')


def test_tokens_are_needed_and_rotated_while_it_runs(backbone, tmp_path):
    file = tmp_path / 'tokens.json'
    token = add(file, 'robot-1')
    tokens = TokenFile(file)
    with serving(backbone, tokens=tokens) as server:
        def status(value: str) -> int:
            tokens._looked = float('-inf')  # look at the file now and not in a second
            return server.client.get('/v1/about', headers={'Authorization': value}).status_code

        answer = server.client.get('/v1/about')
        assert answer.status_code == 401 and answer.headers['WWW-Authenticate'] == 'Bearer'
        assert token not in answer.text
        assert server.client.get('/metrics').status_code == 401
        assert server.client.get('/healthz').status_code == 200
        assert [status(f'Bearer {token}'), status(f'Bearer {token}x'), status(token)] \
            == [200, 401, 401]
        second = add(file, 'robot-2')
        remove(file, 'robot-1')
        assert [status(f'Bearer {second}'), status(f'Bearer {token}')] == [200, 401]
        file.write_text('broken')
        assert status(f'Bearer {second}') == 200 and 'token file' in tokens.trouble


def test_each_token_has_its_rate(backbone, tmp_path):
    one, two = (add(tmp_path / 'tokens.json', name) for name in 'ab')
    with serving(backbone, tokens=TokenFile(tmp_path / 'tokens.json'),
                 rate=RateLimit(0.1, 3)) as server:
        def codes(token: str) -> list[int]:
            return [server.client.get('/v1/about', headers={
                'Authorization': f'Bearer {token}'}).status_code for _ in range(4)]

        assert codes(one) == [200, 200, 200, 429] and codes(two) == [200, 200, 200, 429]
        answer = server.client.get('/v1/about', headers={'Authorization': f'Bearer {one}'})
        assert int(answer.headers['Retry-After']) >= 1


def test_a_draining_server_finishes_and_takes_no_more(backbone):
    with serving(backbone, slots=1) as server:
        answers = []
        threads = [threading.Thread(
            target=lambda: answers.append(ask(server, 'walk in a square'))) for _ in range(4)]
        [t.start() for t in threads]
        wait_for(lambda: 'in_flight 5.0' in server.client.get('/metrics').text)
        server.rules.draining = True
        assert server.client.get('/readyz').status_code == 503
        assert ask(server, 'sit').json()['error']['code'] == 'draining'
        [t.join(20) for t in threads]
        assert [a.status_code for a in answers] == [200] * 4


def test_a_model_that_fails_is_told_and_the_next_command_works(backbone, monkeypatch):
    from shadow_ros.shadow.batch import BatchRuntime
    with serving(backbone) as server:
        with monkeypatch.context() as patch:
            patch.setattr(BatchRuntime, 'feed', lambda *_: 1 / 0)
            answer = ask(server, 'walk in a square')
        assert answer.status_code == 500 and answer.json()['error']['code'] == 'internal'
        assert 'ZeroDivision' not in answer.text
        assert ask(server, 'turn left').status_code == 200
