"""
Drafts: guesses at the next tokens of a plan, which the model's next pass confirms or refuses.

A pass over a few tokens costs about as much as one over a single token, so a right guess saves
passes and a wrong one costs next to nothing; the plan is the same either way. Two sources: an
amount of the command is copied into the tag that was opened, and what followed the same tokens in
an earlier plan (a reply, above all) may follow again.
"""

from collections import deque
import re
from typing import Callable, Optional, Sequence

from shadow_ros.actions import ACTIONS, Parameter

LONGEST = 10  # tokens of one guess
REMEMBERED = 32  # plans

_AMOUNT = re.compile(rb'[0-9]+(?:\.[0-9]+)?')
_OPEN = re.compile(rb'\[([A-Z_]+)((?: [a-z]+=[^\] ]*)*)$')
_USUAL = {'deg': b'90', 'm': b'1.0'}


class Drafts:
    """What can be guessed for one command, and what is remembered of earlier ones."""

    def __init__(self, tokenise: Callable[[bytes], list[int]],
                 closes: Callable[[int], bool] = lambda token: False) -> None:
        self._tokenise = tokenise
        self._closes = closes  # whether a token ends a tag; to a reply they are all alike
        self._said: deque[tuple[int, ...]] = deque(maxlen=REMEMBERED)
        self._amounts: list[bytes] = []

    def begin(self, command: bytes) -> None:
        """Start a plan for the command as the model reads it."""
        self._amounts = _AMOUNT.findall(command)

    def remember(self, plan: Sequence[int]) -> None:
        """Keep a plan's tokens; the latest comes first."""
        found = tuple(plan)
        if found in self._said:
            self._said.remove(found)
        self._said.appendleft(found)

    def guess(self, text: bytes, tokens: Sequence[int]) -> list[int]:
        """Return up to LONGEST tokens that may follow a plan's text, which are these tokens."""
        amount = self._tokenise(self._amount(text))
        return [*amount, *self._again([*tokens, *amount])][:LONGEST]

    def _amount(self, text: bytes) -> bytes:
        """Return the rest of an opened tag whose parameter is a number, or nothing."""
        opened = _OPEN.search(text)
        parameter = opened and _number_of(opened[1].decode(), opened[2])
        if opened is None or parameter is None:
            return b''
        used = len(_AMOUNT.findall(text))
        number = (self._amounts[used] if used < len(self._amounts)
                  else _USUAL.get(parameter.unit, b''))
        start = b'' if text.endswith(b'=') else f' {parameter.name}='.encode()
        return start + number + b']' if number else b''

    def _again(self, tokens: Sequence[int]) -> Sequence[int]:
        """Return what followed the longest common ending of a remembered plan and this one."""
        best: Sequence[int] = ()
        longest = 0
        for said in self._said:
            for end in range(len(said) - 1, 0, -1):
                common = self._common(said, end, tokens)
                if common > longest:
                    longest, best = common, said[end:]
        return best

    def _common(self, said: Sequence[int], end: int, tokens: Sequence[int]) -> int:
        """Return how many tokens before `end` of `said` are the last ones of `tokens`."""
        count = 0
        while count < min(end, len(tokens)) and (
                said[end - 1 - count] == tokens[-1 - count]
                or self._closes(said[end - 1 - count]) and self._closes(tokens[-1 - count])):
            count += 1
        return count


def _number_of(name: str, given: bytes) -> Optional[Parameter]:
    """Return the parameter that the next number belongs to, in a tag that has these already."""
    row = ACTIONS.get(name)
    numbers = [p for p in row.parameters if p.kind == 'number'] if row else []
    if not numbers or given and not given.endswith(b'='):
        return None
    if given:
        last = given.rsplit(b' ', 1)[-1].rstrip(b'=').decode()
        return next((p for p in numbers if p.name == last), None)
    return numbers[0]
