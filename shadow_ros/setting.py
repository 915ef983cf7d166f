"""One parameter: its name, default, limits and description, and the checks of its values."""

from dataclasses import dataclass
import math
from typing import Type, Union

from shadow_ros.errors import ConfigError, did_you_mean, shorten

Value = Union[bool, int, float, str]

_FLAGS = {'true': True, 'on': True, 'yes': True, 'false': False, 'off': False, 'no': False}


@dataclass(frozen=True)
class Setting:
    """
    One parameter: its dotted name, default, description and what it may be.

    `low` and `high` are inclusive, in `unit`; `live` ones may change while the node runs;
    `custom` ones take `package.module:Class` besides their choices.
    """

    name: str
    default: Value
    text: str
    choices: tuple[str, ...] = ()
    low: float = -math.inf
    high: float = math.inf
    unit: str = ''
    live: bool = False
    custom: bool = False

    @property
    def kind(self) -> Type[Value]:
        """Return bool, int, float or str."""
        return type(self.default)

    def expected(self) -> str:
        """Return what the value must be, in words."""
        if self.choices:
            own = ', or package.module:Class' if self.custom else ''
            return 'one of ' + ', '.join(self.choices) + own
        if self.kind in (int, float):
            number = 'a whole number' if self.kind is int else 'a number'
            bounds = f' from {self.low:g} to {self.high:g}' if self.low > -math.inf else ''
            return f'{number}{bounds} {self.unit}'.rstrip()
        return 'true or false' if self.kind is bool else 'text'

    def check(self, value: object) -> Value:
        """Return the value in the parameter's own type, or raise ConfigError."""
        if self.kind is str:
            return self._check_text(value)
        if isinstance(value, bool) != (self.kind is bool) or not isinstance(value, (int, float)):
            raise self._refusal(value)
        if not self.low <= value <= self.high or (self.kind is int and value != int(value)):
            raise self._refusal(value)
        return self.kind(value)

    def parse(self, text: str) -> Value:
        """Return the value that a command line gives as text."""
        word = text.strip().lower()
        try:
            value = (text if self.kind is str else _FLAGS[word] if self.kind is bool
                     else int(word) if self.kind is int else float(word))
        except (KeyError, ValueError):
            raise self._refusal(text) from None
        return self.check(value)

    def _check_text(self, value: object) -> str:
        if isinstance(value, bool) and 'on' in self.choices:
            value = 'on' if value else 'off'  # YAML 1.1, and ROS with it, reads on as true
        if isinstance(value, int) and not isinstance(value, bool) and not self.choices:
            value = str(value)  # a microphone's index, a folder named 2024
        if not isinstance(value, str) or '\0' in value:
            raise self._refusal(value)
        own = self.custom and ':' in value
        if self.choices and value not in self.choices and not own:
            raise self._refusal(value)
        return value

    def _refusal(self, value: object) -> ConfigError:
        got = shorten(value) if isinstance(value, str) else shorten(str(value)).strip("'\"")
        hint = f'; leave it out for {self.default!r}'
        if self.choices:
            near = did_you_mean(str(value)[:40], self.choices)
            hint = near if near.startswith('; did') else hint
        return ConfigError(f'{self.name} must be {self.expected()}, got {got}{hint}')
