"""Reads loose YAML once, at the edge: every complaint names the place and the nearest name."""

from typing import Any, Callable, Iterable, Mapping, Optional

from shadow_ros.errors import ConfigError, did_you_mean, shorten

Check = Callable[[Any, str], Any]
"""(value, place) -> the value in its own type, or ConfigError."""


class Section:
    """A mapping whose keys are taken one by one; `close` complains about those left."""

    def __init__(self, data: Any, place: str) -> None:
        if not isinstance(data, Mapping):
            raise ConfigError(f'{place} must be a mapping of keys, got {shorten(str(data))}')
        self.place = place
        self._left = {str(key): value for key, value in data.items()}
        self._known: set[str] = set()

    def take(self, key: str, check: Check, default: Any = None) -> Any:
        """Return the checked value of a key, or the default when it is not there."""
        self._known.add(key)
        if key not in self._left:
            return default
        return check(self._left.pop(key), f'{self.place}: {key}')

    def need(self, key: str, check: Check) -> Any:
        """Return the checked value of a key that must be there."""
        if key not in self._left:
            raise ConfigError(f'{self.place} needs {key}, got {self._told()}')
        return self.take(key, check)

    def one_of(self, checks: Mapping[str, Check]) -> tuple[str, Any]:
        """Return name and value of the one key of these that is there."""
        self._known |= set(checks)
        there = [key for key in self._left if key in checks]
        if len(there) != 1:
            unknown = [key for key in self._left if key not in self._known]
            if not there and unknown:
                raise ConfigError(f'{self.place}: unknown {shorten(unknown[0])}'
                                  f'{did_you_mean(unknown[0][:40], self._known)}')
            raise ConfigError(f'{self.place} needs one of {", ".join(sorted(checks))}, got '
                              f'{" and ".join(there) or self._told()}')
        return there[0], self.take(there[0], checks[there[0]])

    def close(self) -> None:
        """Raise ConfigError when a key was not known."""
        for key in self._left:
            raise ConfigError(f'{self.place}: unknown {shorten(key)}'
                              f'{did_you_mean(key[:40], self._known)}')

    def _told(self) -> str:
        return ', '.join(self._left) or 'nothing'


def text(value: Any, place: str) -> str:
    """Return a text that says something."""
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f'{place} must be a text, got {shorten(str(value))}')
    return ' '.join(value.split())


def number(low: float, high: float, unit: str = '') -> Check:
    """Return the check of a number within limits."""
    def check(value: Any, place: str) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) \
                or not low <= value <= high:
            raise ConfigError(f'{place} must be a number from {low:g} to {high:g} {unit}'.rstrip()
                              + f', got {shorten(str(value))}')
        return float(value)
    return check


def flag(value: Any, place: str) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise ConfigError(f'{place} must be true or false, got {shorten(str(value))}')
    return value


def word(choices: Iterable[str]) -> Check:
    """Return the check of one word out of many."""
    known = tuple(choices)

    def check(value: Any, place: str) -> str:
        if isinstance(value, bool) and 'on' in known:
            value = 'on' if value else 'off'  # YAML reads on and off as true and false
        if not isinstance(value, str) or value not in known:
            raise ConfigError(f'{place} must be one of {", ".join(known)}, got '
                              f'{shorten(str(value))}{_near(value, known)}')
        return value
    return check


def many(item: Check) -> Check:
    """Return the check of a list, or of one item in place of a list of one."""
    def check(value: Any, place: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            return (item(value, place),)
        return tuple(item(part, f'{place} {index}') for index, part in enumerate(value, 1))
    return check


def _near(value: Any, known: tuple[str, ...]) -> str:
    hint = did_you_mean(str(value)[:40], known)
    return hint if hint.startswith('; did') else ''


def none(value: Any, place: str) -> Optional[Any]:
    """Return None for a key whose presence says it all: `close:`."""
    if value not in (None, True):
        raise ConfigError(f'{place} takes no value, got {shorten(str(value))}')
    return None
