"""
Running: the server's process, from its options to a clean end.

On SIGTERM or SIGINT it is not ready any more (`/readyz`), finishes what it has begun, and ends
with code 0; a second signal ends it at once.
"""

from dataclasses import dataclass
import ipaddress
from pathlib import Path
import socket
from types import FrameType
from typing import Callable, Optional, Sequence

from fastapi import FastAPI
import uvicorn

from shadow_ros.cloud.gate import Rules
from shadow_ros.cloud.limits import RateLimit
from shadow_ros.cloud.tls import certificate, check, Pair
from shadow_ros.cloud.tokens import TokenFile
from shadow_ros.errors import ConfigError

LOOPBACK = '127.0.0.1'
PORT = 8713


@dataclass(frozen=True)
class Options:
    """
    Where and how to serve.

    Outside loopback a token file and a certificate are needed: `tls` is a folder in which one is
    made when there is none, `certificate` and `key` are files of one's own. `rate` is in requests
    a second and token (0: any), `grace` how long (s) a draining server may take to finish.
    """

    host: str = LOOPBACK
    port: int = PORT
    token_file: Optional[Path] = None
    tls: Optional[Path] = None
    certificate: Optional[Path] = None
    key: Optional[Path] = None
    rate: float = 20.0
    grace: float = 10.0

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None) or (self.certificate and self.tls):
            raise ConfigError('expected --tls FOLDER, or --certificate with --key, or neither')
        if not is_loopback(self.host) and not (self.token_file and (self.tls or self.certificate)):
            raise ConfigError(
                f'{self.host} can be reached from other machines: give --token-file (made by '
                'shadow-ros tokens add NAME) and --tls FOLDER, or serve on 127.0.0.1')

    @property
    def pair(self) -> Optional[Pair]:
        """Return certificate and key, made now if there are none yet."""
        if self.tls:
            return certificate(self.tls, hosts_of(self.host))
        if self.certificate and self.key:
            pair = Pair(self.certificate, self.key)
            check(pair)
            return pair
        return None

    @property
    def rules(self) -> Rules:
        """Return what the gate goes by."""
        tokens = TokenFile(self.token_file) if self.token_file else None
        # Without tokens all are this machine's own programs, and cannot be told apart.
        return Rules(tokens, RateLimit(self.rate if tokens else 0.0))


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == 'localhost'


def hosts_of(host: str) -> Sequence[str]:
    """Return the names and addresses that a certificate of this machine is to bear."""
    found = ['localhost', LOOPBACK, socket.gethostname()]
    try:
        given = ipaddress.ip_address(host)
        if not given.is_unspecified:
            found.append(host)
    except ValueError:
        found.append(host)
    return list(dict.fromkeys(found))


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket, or raise ConfigError."""
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except (OSError, OverflowError) as error:
        made.close()
        raise ConfigError(f'cannot listen on {host} port {port}: {error}; choose another with '
                          '--host and --port') from None
    return made


class Running(uvicorn.Server):
    """The server of one application."""

    def __init__(self, app: FastAPI, options: Options, rules: Rules,
                 on_start: Callable[[], None] = lambda: None) -> None:
        pair = options.pair
        super().__init__(uvicorn.Config(
            app, log_level='warning', access_log=False, server_header=False, date_header=False,
            timeout_keep_alive=75, timeout_graceful_shutdown=round(options.grace), ws='none',
            ssl_certfile=pair.certificate if pair else None,
            ssl_keyfile=pair.key if pair else None,
            h11_max_incomplete_event_size=32_768, backlog=2048, limit_concurrency=4096))
        self._rules = rules
        self._on_start = on_start

    async def startup(self, sockets: Optional[list[socket.socket]] = None) -> None:
        """Open the doors and tell so."""
        await super().startup(sockets)
        self._on_start()

    def handle_exit(self, sig: int, frame: Optional[FrameType]) -> None:
        """Take no more, finish, end; a second signal does not wait."""
        self._rules.draining = True
        self.force_exit = self.should_exit
        self.should_exit = True
