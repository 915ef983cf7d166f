"""
Bearer tokens: who may ask, as hashes in a file that may change while the server runs.

    token = add(path, 'robot-7')        # shown once; the file holds its SHA-256 alone
    names(path), remove(path, 'robot-7')
    tokens = TokenFile(path)
    tokens.owner('Bearer ...', now)     # 'robot-7', or '' for anybody else

A token is 256 random bits, so a fast hash keeps it as safe as a slow one would.
"""

from datetime import datetime, timezone
import hashlib
import hmac
import json
import os
from pathlib import Path
import re
import secrets
import tempfile
from typing import Mapping, Optional

from shadow_ros.errors import ConfigError, shorten

_PREFIX = 'shadow-'
_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]{0,63}')
_LOOK_EVERY = 1.0  # s between looks at the file


def add(path: Path, name: str) -> str:
    """Return a new token of that name; its hash joins the file, which is made when missing."""
    if not _NAME.fullmatch(name):
        raise ConfigError('a token needs a name of letters, digits, dots and dashes, '
                          f'got {shorten(name)}')
    known = _read(path) if path.exists() else {}
    if name in known:
        raise ConfigError(f'{path} holds a token {name!r} already; take another name, or remove '
                          'that one first')
    token = _PREFIX + secrets.token_urlsafe(32)
    created = datetime.now(timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')
    _write(path, {**known, name: {'sha256': _hash(token), 'created': created}})
    return token


def remove(path: Path, name: str) -> None:
    """Let the token of that name count no more."""
    known = dict(_read(path))
    if known.pop(name, None) is None:
        raise ConfigError(f'{path} holds no token {shorten(name)}; it holds: '
                          + (', '.join(known) or 'none'))
    _write(path, known)


def names(path: Path) -> Mapping[str, str]:
    """Return the name of each token and when it was made."""
    return {name: entry.get('created', '') for name, entry in _read(path).items()}


def read_token(path: Path) -> str:
    """Return the one token that a robot's file holds, or raise ConfigError."""
    try:
        text = path.read_text(encoding='utf-8').strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f'the token file {path} cannot be read: {error}') from None
    if not text or len(text) > 4096 or not text.isascii() or len(text.split()) != 1:
        raise ConfigError(f'the token file {path} must hold one token and nothing else')
    return text


class TokenFile:
    """The tokens of a file; read again when it changes, the last good ones stay meanwhile."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._looked = float('-inf')
        self._stamp: Optional[tuple[int, int, int]] = None
        self._hashes: dict[str, str] = {}
        self.trouble = ''
        self._load()

    def owner(self, authorization: str, now: float) -> str:
        """Return whose token an Authorization header bears, '' for nobody's; `now` monotonic."""
        if now - self._looked >= _LOOK_EVERY:
            self._looked = now
            self._reload()
        kind, _, token = authorization.partition(' ')
        given = _hash(token.strip())
        owner = ''
        for name, known in self._hashes.items():  # all of them: time tells nothing
            if hmac.compare_digest(given, known):
                owner = name
        return owner if kind.lower() == 'bearer' else ''

    def _reload(self) -> None:
        try:
            if _stamp(self._path) != self._stamp:
                self._load()
            self.trouble = ''
        except (ConfigError, OSError) as error:
            self.trouble = str(error)

    def _load(self) -> None:
        known = _read(self._path)
        self._hashes = {name: str(entry['sha256']) for name, entry in known.items()}
        self._stamp = _stamp(self._path)


def _stamp(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode('utf-8', 'replace')).hexdigest()


def _read(path: Path) -> Mapping[str, Mapping[str, str]]:
    try:
        data = json.loads(path.read_text(encoding='utf-8'))
        tokens = data['tokens']
        if all(re.fullmatch('[0-9a-f]{64}', entry['sha256']) for entry in tokens.values()):
            found: Mapping[str, Mapping[str, str]] = tokens
            return found
    except OSError as error:
        raise ConfigError(f'the token file {path} cannot be read: {error.strerror}; make one '
                          'with: shadow-ros tokens add NAME') from None
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise ConfigError(f'{path} must be a token file; make one with: shadow-ros tokens add NAME')


def _write(path: Path, tokens: Mapping[str, Mapping[str, str]]) -> None:
    """Replace the file whole: a server that reads it meanwhile sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile('w', dir=path.parent, prefix=f'.{path.name}.',
                                     delete=False, encoding='utf-8') as file:
        json.dump({'tokens': tokens}, file, indent=2)
        file.write('\n')
        os.fchmod(file.fileno(), 0o600)
    os.replace(file.name, path)
