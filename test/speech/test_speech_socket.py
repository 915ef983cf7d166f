"""Sound over a socket: whole blocks, one sender after the other, this machine only."""

import socket
import threading
import time

import numpy as np
import pytest

from shadow_ros.errors import AudioError
from shadow_ros.speech.audio import BLOCK, to_pcm16
from shadow_ros.speech.socket_source import SocketSource

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def served():
    """Yield a source that is being read, and the blocks it gave."""
    source, blocks = SocketSource('tcp://127.0.0.1:0'), []
    reader = threading.Thread(target=lambda: [blocks.append(block) for block in source])
    reader.start()
    deadline = time.monotonic() + 10
    while source.port == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    yield source, blocks
    source.close()
    reader.join(5)
    assert not reader.is_alive()


def send(port, pcm):
    with socket.create_connection(('127.0.0.1', port), timeout=5) as connection:
        connection.sendall(pcm)


def wait_for(blocks, count):
    deadline = time.monotonic() + 10
    while len(blocks) < count:
        assert time.monotonic() < deadline, len(blocks)
        time.sleep(0.01)


def test_senders_come_and_go(served):
    source, blocks = served
    tone = np.sin(np.arange(3 * BLOCK + 100) / 5).astype(np.float32) * 0.5
    send(source.port, to_pcm16(tone))
    wait_for(blocks, 3)
    send(source.port, to_pcm16(-tone[:BLOCK]))
    wait_for(blocks, 4)
    heard = np.concatenate([block.samples for block in blocks])
    assert heard[:3 * BLOCK] == pytest.approx(tone[:3 * BLOCK], abs=1e-4)
    assert heard[3 * BLOCK:] == pytest.approx(-tone[:BLOCK], abs=1e-4)
    assert [b.time for b in blocks] == sorted(b.time for b in blocks)


def test_a_taken_port_is_a_sentence(served):
    source, _ = served
    with pytest.raises(AudioError, match='choose another port'):
        next(iter(SocketSource(f'tcp://127.0.0.1:{source.port}')))


@pytest.mark.parametrize('address, words', [
    ('tcp://0.0.0.0:7700', 'this machine only'), ('tcp://192.168.123.18:7700', 'ssh -L 7700'),
    ('tcp://robot.local:1', 'this machine only'), ('tcp://127.0.0.1', 'is given as'),
    ('tcp://127.0.0.1:70000', 'is given as'), ('tcp:', 'is given as')])
def test_only_this_machine(address, words):
    with pytest.raises(AudioError, match=words):
        SocketSource(address)


@pytest.mark.parametrize('address', ['tcp://127.0.0.1:7', 'tcp://localhost:7', 'tcp://[::1]:7'])
def test_addresses_of_this_machine(address):
    assert SocketSource(address).port == 7
