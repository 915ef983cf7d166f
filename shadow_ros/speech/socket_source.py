"""Sound from another program on this machine: raw PCM over a TCP socket on loopback."""

import ipaddress
import re
import socket
import threading
import time
from typing import Iterator

import numpy as np

from shadow_ros.errors import AudioError, shorten
from shadow_ros.speech.audio import BLOCK, Samples
from shadow_ros.speech.sources import SoundBlock

_ADDRESS = re.compile(r'tcp://(?:\[([0-9a-fA-F:]+)\]|([\w.]+)):(\d+)$')
_BYTES = 2 * BLOCK
_WAIT = 0.2  # s between looks at whether to end


class SocketSource:
    """
    Serves `tcp://127.0.0.1:PORT`: whoever connects sends 16-bit little-endian mono PCM, 16 kHz.

    One sender at a time; when it goes, the next is waited for. The socket's own buffer is all
    that is kept, so a sender that is faster than real time waits. Only loopback addresses are
    served: nobody else in the network shall put words into the robot's ear.

        parec --rate=16000 --channels=1 --format=s16le | nc 127.0.0.1 7700
    """

    live = True

    def __init__(self, address: str) -> None:
        self.name = address
        self._host, self._port = _parsed(address)
        self._closed = threading.Event()

    @property
    def port(self) -> int:
        """Return the port that is served; with port 0 known once it is open."""
        return self._port

    def close(self) -> None:
        """End the iteration soon."""
        self._closed.set()

    def __iter__(self) -> Iterator[SoundBlock]:
        """Serve one sender after the other."""
        family = socket.AF_INET6 if ':' in self._host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                server.bind((self._host, self._port))
            except OSError as error:
                raise AudioError(f'{self.name} cannot be served ({error.strerror}); choose '
                                 'another port') from None
            server.listen(1)
            server.settimeout(_WAIT)
            self._port = server.getsockname()[1]
            while not self._closed.is_set():
                try:
                    sender, _ = server.accept()
                except TimeoutError:
                    continue
                with sender:
                    yield from self._receive(sender)

    def _receive(self, sender: socket.socket) -> Iterator[SoundBlock]:
        """Yield whole blocks until the sender is gone; a rest is dropped."""
        sender.settimeout(_WAIT)
        kept = b''
        while not self._closed.is_set():
            try:
                data = sender.recv(_BYTES - len(kept))
            except TimeoutError:
                continue
            except OSError:
                return
            if not data:
                return
            kept += data
            if len(kept) == _BYTES:
                yield SoundBlock(_samples(kept), time.monotonic())
                kept = b''


def _samples(pcm: bytes) -> Samples:
    samples: Samples = np.frombuffer(pcm, '<i2').astype(np.float32) / 32768.0
    return samples


def _parsed(address: str) -> tuple[str, int]:
    """Return host and port of `tcp://HOST:PORT`, or raise AudioError."""
    found = _ADDRESS.match(address)
    if not found or int(found[3]) > 65535:
        raise AudioError(f'a socket is given as tcp://127.0.0.1:7700, got {shorten(address)}')
    host = found[1] or ('127.0.0.1' if found[2] == 'localhost' else found[2])
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise AudioError(f'sound is taken from this machine only, so the address must be '
                         f'127.0.0.1, got {host}; from another one use a tunnel: '
                         f'ssh -L {found[3]}:127.0.0.1:{found[3]} ROBOT')
    return host, int(found[3])
