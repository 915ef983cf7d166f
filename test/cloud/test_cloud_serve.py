"""`shadow-ros serve` as a process: starts, answers over TLS, drains, says what is wrong."""

import signal
import threading

from click.testing import CliRunner
import httpx2
import pytest

from shadow_ros.cli import main
from shadow_ros.cloud.tls import fingerprint, pinned


def run(*args):
    return CliRunner().invoke(main, args, prog_name='shadow-ros')


def test_a_server_for_other_machines_from_start_to_drain(spawn, heart, tmp_path):
    made = run('tokens', 'add', 'robot-7', '--file', str(tmp_path / 'tokens.json'))
    token = made.stdout.strip()
    assert 'robot-7' in run('tokens', 'list', '--file', str(tmp_path / 'tokens.json')).stdout
    child = spawn(['-m', 'shadow_ros.cli', 'serve', str(heart), '--host', '0.0.0.0', '--port', '0',
                   '--token-file', str(tmp_path / 'tokens.json'), '--tls', str(tmp_path / 'tls'),
                   '--slots', '1'])
    line = child.wait_for('serving on https://0.0.0.0:', 60)
    url = 'https://127.0.0.1:' + line.split('0.0.0.0:')[1].split(';')[0]
    pem = tmp_path / 'tls' / 'certificate.pem'
    child.wait_for(fingerprint(pem), 10)
    head = {'Authorization': f'Bearer {token}'}
    with httpx2.Client(base_url=url, verify=pinned(pem.read_text()), timeout=20) as client:
        assert client.get('/v1/about').status_code == 401
        assert client.get('/v1/about', headers=head).json()['model'] == 'by heart'
        codes = []

        def ask() -> None:
            codes.append(client.post('/v1/plan', json={'text': 'walk in a square'},
                                     headers=head).status_code)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        [t.start() for t in threads]
        while 'in_flight 5.0' not in client.get('/metrics', headers=head).text and not codes:
            pass
        child.signal(signal.SIGTERM)
        [t.join(20) for t in threads]
        assert codes == [200] * 4
    assert child.wait(20) == 0
    # Nothing secret is told: no token, and not what people say to their robots.
    assert not any(word in child.output for word in (token, 'square', 'Traceback'))


@pytest.mark.parametrize(('args', 'words'), [
    (('--host', '0.0.0.0'), 'can be reached from other machines'),
    (('/nowhere',), 'must hold a shadow'),
    (('--host', '203.0.113.1', '--token-file', 'T', '--tls', 'C'), 'cannot listen on 203.0.113.1'),
    (('--token-file', '/nowhere/tokens.json'), 'shadow-ros tokens add NAME'),
    (('--certificate', '/nowhere', '--key', '/nowhere'), 'expected a certificate')])
def test_what_cannot_be_served_is_a_sentence(args, words, tmp_path):
    run('tokens', 'add', 'a', '--file', str(tmp_path / 'T'))
    args = [str(tmp_path / a) if a in 'TC' else a for a in args]
    done = run('serve', *args)
    assert done.exit_code == 2, done.output
    assert words in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_taken_port_is_a_sentence(server):
    done = run('serve', '--port', str(server.port))
    assert done.exit_code == 2 and f'port {server.port}' in done.stderr


def test_a_token_is_removed(tmp_path):
    file = ('--file', str(tmp_path / 'tokens.json'))
    run('tokens', 'add', 'old', *file)
    assert run('tokens', 'remove', 'old', *file).exit_code == 0
    assert run('tokens', 'list', *file).stdout == ''
    assert 'no token' in run('tokens', 'remove', 'old', *file).stderr
