"""
The line to a server: one HTTP exchange within a deadline, its every failure a CloudError.

    line = Line(address, token, certificate)
    data = await line.call('POST', '/v1/plan', {...}, seconds=4.0)
"""

import asyncio
from dataclasses import dataclass
import json
from pathlib import Path
import re
import ssl
from typing import Any, Iterator, Mapping, Optional
from urllib.parse import urlsplit

import httpx2

from shadow_ros.cloud.protocol import MAX_ANSWER
from shadow_ros.cloud.tls import pinned
from shadow_ros.errors import CloudError, ConfigError, shorten

_CONTROL = re.compile(r'[\x00-\x1f\x7f-\x9f]+')
_LOCAL = ('localhost', '127.0.0.1', '::1')
_RETRY_SHARE = 0.5  # of the deadline that must be left for another try


@dataclass(frozen=True)
class Address:
    """Where a server is; `base` ends without a slash and without /v1."""

    base: str
    host: str
    port: int
    secure: bool

    @classmethod
    def parse(cls, url: str) -> 'Address':
        """Return the address of http(s)://host:port, or raise ConfigError."""
        try:
            parts = urlsplit(url.strip())
            port = parts.port or (443 if parts.scheme == 'https' else 80)
        except ValueError:
            parts, port = urlsplit(''), 0
        if parts.scheme not in ('http', 'https') or not parts.hostname or parts.query \
                or parts.fragment:
            raise ConfigError('the address of a backbone must be like http://127.0.0.1:8713 or '
                              f'https://host:8713, got {shorten(_without_secret(url))}')
        if parts.username or parts.password:
            raise ConfigError('the address of a backbone must hold no password, others could see '
                              'it; put a token into a file (intent.backbone.token_file)')
        path = parts.path.rstrip('/').removesuffix('/v1')
        return cls(f'{parts.scheme}://{parts.netloc}{path}', parts.hostname, port,
                   parts.scheme == 'https')


def _without_secret(url: str) -> str:
    return re.sub(r'//[^/@]*@', '//…@', url)


class Line:
    """One connection pool to one server; for one event loop."""

    def __init__(self, address: Address, token: str = '', certificate: str = '') -> None:
        if token and not address.secure and address.host not in _LOCAL:
            raise ConfigError(f'a token must not go unencrypted to {address.host}; use https')
        self.address = address
        head = {'Authorization': f'Bearer {token}'} if token else {}
        self._client = httpx2.AsyncClient(
            base_url=address.base, headers={**head, 'User-Agent': 'shadow_ros'},
            verify=_trust(certificate, address), timeout=None, trust_env=False,
            limits=httpx2.Limits(max_connections=8, keepalive_expiry=60.0))

    async def close(self) -> None:
        """Hang up."""
        await self._client.aclose()

    async def call(self, method: str, path: str, body: Optional[Mapping[str, Any]],
                   seconds: float) -> dict[str, Any]:
        """
        Return the JSON object that answers, or raise CloudError; never later than `seconds`.

        What is asked here changes nothing at the server, so a line that broke before an answer
        is tried once more, if there is time.
        """
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds
        try:
            return await self._within(method, path, body, seconds)
        except CloudError as error:
            left = ends - loop.time()
            if not error.retry or left < _RETRY_SHARE * seconds:
                raise
            return await self._within(method, path, body, left)

    async def _within(self, method: str, path: str, body: Optional[Mapping[str, Any]],
                      seconds: float) -> dict[str, Any]:
        where = f'{self.address.host}:{self.address.port}'
        try:
            return await asyncio.wait_for(self._exchange(method, path, body), seconds)
        except (asyncio.TimeoutError, httpx2.TimeoutException):
            raise CloudError(f'{where} did not answer within {seconds:.1f} s', 'slow') from None
        except httpx2.HTTPError as error:
            raise _explained(error, where) from None
        except (OSError, UnicodeError, httpx2.InvalidURL) as error:
            raise CloudError(f'{where} cannot be reached: {_short(error)}',
                             'unreachable') from None

    async def _exchange(self, method: str, path: str,
                        body: Optional[Mapping[str, Any]]) -> dict[str, Any]:
        async with self._client.stream(method, path, json=body) as answer:
            found = bytearray()
            async for part in answer.aiter_bytes():
                found += part
                if len(found) > MAX_ANSWER:
                    raise CloudError(f'an answer may have {MAX_ANSWER} bytes, this one has more',
                                     'broken')
        data = _object(bytes(found))
        if answer.status_code != 200:
            raise _refusal(answer.status_code, data)
        if data is None:
            raise CloudError('the answer must be a JSON object, got '
                             + shorten(bytes(found[:60]).decode('utf-8', 'replace')), 'broken')
        return data


def _trust(certificate: str, address: Address) -> Any:
    """Return what decides whether a server is the right one."""
    if not certificate or not address.secure:
        return True
    if certificate.startswith('sha256:'):
        return pinned(_fetch(certificate, address))
    try:
        return pinned(Path(certificate).read_text(encoding='ascii'))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f'the certificate {certificate} cannot be read: {error}') from None


def _fetch(fingerprint: str, address: Address) -> str:
    """Return the server's certificate if its fingerprint is the one given."""
    import hashlib
    try:
        pem = ssl.get_server_certificate((address.host, address.port), timeout=3.0)
    except (OSError, ValueError) as error:
        raise CloudError(f'{address.host}:{address.port} cannot be reached: {_short(error)}',
                         'unreachable') from None
    found = 'sha256:' + hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    if found != fingerprint.lower().replace(' ', ''):
        raise CloudError(f'the certificate of {address.host} must be {fingerprint}, got {found}; '
                         'somebody else answers there, or it was renewed', 'untrusted')
    return pem


def _object(body: bytes) -> Optional[dict[str, Any]]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _refusal(status: int, data: Optional[Mapping[str, Any]]) -> CloudError:
    """Return what a status that is not 200 means."""
    error = (data or {}).get('error')
    text = error.get('message') if isinstance(error, Mapping) else None
    said = f': {_short(text)}' if isinstance(text, str) else ''
    why = {401: 'refused', 403: 'refused', 409: 'version', 429: 'busy', 503: 'busy',
           408: 'slow', 504: 'slow'}.get(status, 'broken')
    found = CloudError(f'the server answered {status}{said}', why)
    found.status = status
    return found


def _explained(error: httpx2.HTTPError, where: str) -> CloudError:
    """Return what a failed exchange means."""
    if any(isinstance(cause, ssl.SSLError) for cause in _causes(error)):
        return CloudError(f'{where} is not trusted: {_short(error)}', 'untrusted')
    if isinstance(error, httpx2.ConnectError):
        return CloudError(f'{where} cannot be reached: {_short(error)}', 'unreachable')
    return CloudError(f'the connection to {where} broke: {_short(error)}', 'unreachable',
                      retry=True)


def _causes(error: BaseException) -> Iterator[BaseException]:
    found: Optional[BaseException] = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__


def _short(text: object) -> str:
    words = _CONTROL.sub(' ', str(text)).strip() or type(text).__name__
    return words if len(words) <= 200 else words[:200] + '…'
