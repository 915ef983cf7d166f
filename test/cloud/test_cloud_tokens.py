"""Tokens as hashes, rates by time, certificates of one's own."""

from datetime import datetime, timedelta, timezone
import json
import ssl
import stat

import pytest

from shadow_ros.cloud.limits import RateLimit
from shadow_ros.cloud.running import hosts_of, is_loopback, Options
from shadow_ros.cloud.tls import certificate, check, fingerprint, make, Pair, pinned
from shadow_ros.cloud.tokens import add, names, read_token, remove, TokenFile
from shadow_ros.errors import ConfigError


def test_only_hashes_are_kept_and_for_us_alone(tmp_path):
    file = tmp_path / 'deep' / 'tokens.json'
    token = add(file, 'robot-1')
    assert len(token) > 40 and token not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(names(file)) == ['robot-1'] and add(file, 'robot-2') != token
    tokens = TokenFile(file)
    assert tokens.owner(f'Bearer {token}', 0.0) == 'robot-1'
    assert tokens.owner(f'bearer  {token} ', 0.0) == 'robot-1'
    for wrong in ('', 'Bearer', 'Bearer ', f'Basic {token}', token, 'Bearer robot-1',
                  'Bearer ' + json.loads(file.read_text())['tokens']['robot-1']['sha256'],
                  'Bearer \udc80'):
        assert tokens.owner(wrong, 0.0) == ''


def test_changes_count_within_a_second(tmp_path):
    file = tmp_path / 'tokens.json'
    old = add(file, 'old')
    tokens = TokenFile(file)
    assert tokens.owner(f'Bearer {old}', 10.0) == 'old'
    new = add(file, 'new')
    remove(file, 'old')
    assert tokens.owner(f'Bearer {old}', 10.9) == 'old'
    assert tokens.owner(f'Bearer {old}', 11.1) == ''
    assert tokens.owner(f'Bearer {new}', 11.1) == 'new'
    file.unlink()
    assert tokens.owner(f'Bearer {new}', 13.0) == 'new' and tokens.trouble
    add(file, 'third')
    assert tokens.owner(f'Bearer {new}', 15.0) == '' and not tokens.trouble


@pytest.mark.parametrize('name', ['', 'a b', '-x', 'x' * 65, 'a\n', '名'])
def test_a_strange_name_is_refused(tmp_path, name):
    with pytest.raises(ConfigError, match='a token needs a name'):
        add(tmp_path / 'tokens.json', name)


def test_mistakes_are_sentences(tmp_path):
    file = tmp_path / 'tokens.json'
    with pytest.raises(ConfigError, match='shadow-ros tokens add NAME'):
        TokenFile(file)
    add(file, 'a')
    with pytest.raises(ConfigError, match='already'):
        add(file, 'a')
    with pytest.raises(ConfigError, match="no token 'b'; it holds: a"):
        remove(file, 'b')
    for text in ('', '[]', '{"tokens": []}', '{"tokens": {"a": {"sha256": "xyz"}}}', '\xff'):
        file.write_text(text, 'latin-1')
        with pytest.raises(ConfigError, match='must be a token file'):
            names(file)


@pytest.mark.parametrize('text', ['', ' \n', 'two tokens', 'a' * 5000, 'tökén'])
def test_a_robots_file_holds_one_token(tmp_path, text):
    file = tmp_path / 'robot.token'
    file.write_text(text, 'utf-8')
    with pytest.raises(ConfigError, match='must hold one token'):
        read_token(file)
    file.write_text('shadow-abc\n')
    assert read_token(file) == 'shadow-abc'
    with pytest.raises(ConfigError, match='cannot be read'):
        read_token(tmp_path / 'none')


def test_rates_fill_with_time():
    limit = RateLimit(2.0, 3)
    assert [limit.wait('a', 0.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert limit.wait('b', 0.0) == 0.0
    assert limit.wait('a', 0.25) == pytest.approx(0.25)
    assert limit.wait('a', 0.5) == 0.0
    assert limit.wait('a', 0.4) > 0  # a clock that went back fills nothing
    assert [limit.wait('a', 99.0) for _ in range(4)][-1] > 0
    assert all(RateLimit(0).wait('a', 0.0) == 0.0 for _ in range(99))
    for client in range(5000):
        limit.wait(str(client), 100.0)
    assert len(limit._buckets) == 4096


def test_a_certificate_is_made_once_and_pinned(tmp_path):
    pair = certificate(tmp_path / 'tls', ['localhost', '127.0.0.1', '::1'])
    assert stat.S_IMODE(pair.key.stat().st_mode) == 0o600
    assert certificate(tmp_path / 'tls', ['other']) == pair
    first = fingerprint(pair.certificate)
    assert first.startswith('sha256:') and len(first) == 71
    assert isinstance(pinned(pair.certificate.read_text()), ssl.SSLContext)
    now = datetime.now(timezone.utc)
    make(pair, ['localhost'], now, now + timedelta(days=1))
    assert fingerprint(pair.certificate) != first


def test_a_broken_pair_is_a_sentence(tmp_path):
    one, two = (certificate(tmp_path / name, ['localhost']) for name in 'ab')
    for pair in (Pair(one.certificate, two.key), Pair(one.certificate, tmp_path / 'none')):
        with pytest.raises(ConfigError, match='expected a certificate'):
            check(pair)
    with pytest.raises(ConfigError, match='in PEM'):
        pinned('nonsense')


@pytest.mark.parametrize('host', ['0.0.0.0', '::', '192.168.1.5', 'robots.example'])
def test_other_machines_need_token_and_certificate(host, tmp_path):
    for given in ({}, {'token_file': tmp_path}, {'tls': tmp_path}):
        with pytest.raises(ConfigError, match='can be reached from other machines'):
            Options(host, **given)
    assert Options(host, token_file=tmp_path, tls=tmp_path)
    assert not is_loopback(host)


@pytest.mark.parametrize('given', [
    {'certificate': 1}, {'key': 1}, {'certificate': 1, 'key': 1, 'tls': 1}])
def test_half_a_certificate_is_refused(given):
    with pytest.raises(ConfigError, match='--certificate with --key'):
        Options(**given)


def test_names_of_a_certificate():
    assert {'localhost', '127.0.0.1'} <= set(hosts_of('0.0.0.0')) and '0.0.0.0' not in hosts_of(
        '0.0.0.0')
    assert hosts_of('10.0.0.1')[-1] == '10.0.0.1'
    assert all(is_loopback(host) for host in ('127.0.0.1', '127.9.9.9', '::1', 'localhost'))
