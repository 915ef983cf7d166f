"""
Constrained decoding: one plan out of one model, in as few passes as the grammar allows.

A pass is made only where the grammar leaves a choice; what it forces rides along with the next
pass, and so does a guess at what comes after it, kept as far as the model agrees: what was said
before (draft.py) and, where the runtime has a drafter, what that one would write alone. The
confidence is the product of the probabilities, among what the grammar allows, of the
choices that made the actions: a reply may be worded in many ways, so all ways of not adding an
action count as one choice.
"""

from copy import copy
from dataclasses import dataclass, replace
from typing import Callable, Optional, Sequence, TYPE_CHECKING

import numpy as np

from shadow_ros.intent.draft import Drafts, LONGEST
from shadow_ros.intent.grammar import Grammar
from shadow_ros.intent.prompt import USER

if TYPE_CHECKING:
    from torch import Tensor

    from shadow_ros.shadow.runtime import Runtime

MAX_ACTION_TOKENS = 80
MAX_REPLY_TOKENS = 48
LONGEST_FORCED = 24  # tokens that the grammar may force at once; the longest action's name
LONGEST_PLAN = MAX_ACTION_TOKENS + MAX_REPLY_TOKENS + LONGEST_FORCED
LEAST_SURE = 0.3  # of being right altogether; a draft that is less is not gone on with

_USER = USER.encode()


@dataclass
class Decoded:
    """The text of a plan as far as it got; `actions` is None when they were not completed."""

    text: bytes = b''
    actions: Optional[bytes] = None
    confidence: float = 1.0
    tokens: int = 0


class Decoder:
    """Decodes plans with one runtime; tables that depend on the vocabulary alone are made once."""

    def __init__(self, runtime: 'Runtime', grammar: Grammar, temperature: float = 1.0) -> None:
        self.runtime = runtime
        self.pen = Pen(grammar, temperature)

    @property
    def drafts(self) -> Drafts:
        """Return what is guessed with."""
        return self.pen.drafts

    @property
    def temperature(self) -> float:
        """Return what divides the logits before the confidence is taken."""
        return self.pen.temperature

    @temperature.setter
    def temperature(self, value: float) -> None:
        self.pen.temperature = value

    def decode(self, prompt: Sequence[int],
               on_actions: Optional[Callable[[Decoded], None]] = None) -> Decoded:
        """
        Return the plan that follows the prompt's tokens.

        `on_actions` is called once, as soon as the actions of a plan that has some are known.
        """
        writing, trusted = self.pen.begin(prompt), True
        while not writing.ended:
            told = writing.done.actions is not None
            draft = self._draft(writing) if trusted else []
            kept = self._write(writing, self.runtime, draft)
            # A drafter that was wrong at once does not understand this command.
            trusted = trusted and (kept > 0 or not draft)
            if on_actions and writing.done.actions and not told:
                on_actions(writing.done)
        return writing.done

    def _draft(self, writing: 'Writing') -> list[int]:
        """Return what the drafter would write next: all actions, or the reply that follows."""
        drafter = self.runtime.drafter
        if drafter is None:
            return []
        draft, told = writing.draft(), writing.done.actions is not None
        while not draft.ended and draft.sure > LEAST_SURE and (
                told or draft.done.actions is None):
            self._write(draft, drafter)
        return draft.beyond(writing)

    def _write(self, writing: 'Writing', runtime: 'Runtime', draft: Sequence[int] = ()) -> int:
        """Go on with a plan by one pass; return how many guessed tokens were right."""
        start = runtime.length
        ids, count = writing.wanted(runtime.limit - start, draft=draft)
        keep = writing.take(runtime.feed_last(ids, count))
        runtime.rewind(start + keep)
        return keep - len(ids) + count - 1


class Pen:
    """What all plans of one vocabulary have in common."""

    def __init__(self, grammar: Grammar, temperature: float = 1.0) -> None:
        self.grammar = grammar
        self.temperature = temperature
        self.size = grammar.tokens.vocab_size
        self.pieces = [grammar.tokens.decode_bytes([i]) for i in range(self.size)]
        self.opens = np.array([piece.startswith(b'[') for piece in self.pieces])
        self.end_id = grammar.tokens.eos_token
        self.drafts = Drafts(grammar.tokens.tokenize_bytes,
                             lambda token: self.pieces[token].endswith(b']'))

    def begin(self, prompt: Sequence[int], read: int = 0) -> 'Writing':
        """Start the plan that follows the prompt's tokens; the model has read so many of them."""
        return Writing(self, prompt, read)


class Writing:
    """
    One plan as it is written; the caller owns the model.

    Feed it the tokens of `wanted`, give the logits after the last of them to `take`, and rewind
    the model to the tokens that `take` keeps; again until `ended`.
    """

    def __init__(self, pen: Pen, prompt: Sequence[int], read: int = 0) -> None:
        self.pen = pen
        self.ended = False
        self.done = Decoded(tokens=len(prompt))
        self._matcher = pen.grammar.matcher()
        # Amounts are copied from the command itself, not from earlier turns.
        self._command = b''.join(pen.pieces[t] for t in prompt).rpartition(_USER)[2]
        self._plan: list[int] = []
        self._pending, self._guess = list(prompt[read:]), list[int]()
        self._left = MAX_ACTION_TOKENS
        self.sure = 1.0  # of every token that was chosen in a draft
        self._is_draft = False

    def draft(self) -> 'Writing':
        """Return a copy for another model to go on with; nobody remembers what it writes."""
        other = copy(self)
        other.done, other._matcher = replace(self.done), self._matcher.deep_copy()
        other._plan, other._is_draft, other.sure = list(self._plan), True, 1.0
        return other

    def beyond(self, other: 'Writing') -> list[int]:
        """Return the tokens of the plan that come after those of another one."""
        return self._plan[len(other._plan):]

    def wanted(self, room: int, guess: int = LONGEST, draft: Sequence[int] = (),
               ) -> tuple[list[int], int]:
        """
        Return the next tokens for a model with so much room, and after how many of the last.

        At most `guess` of them are guessed: what a pass may look at for next to nothing. A draft
        by another model comes first, and whole.
        """
        room = max(0, min(self._left, room - len(self._pending) - LONGEST_FORCED))
        self._guess = list(draft[:room])
        if guess and self._plan and not draft:
            self._guess = self._guess_next()[:min(room, guess)]
        return [*self._pending, *self._guess], len(self._guess) + 1

    def take(self, logits: 'Tensor') -> int:
        """Go on by logits [count, vocab]; return how many of the tokens fed are to be kept."""
        fed = len(self._pending)
        self._pending, kept, self.ended = self._confirm(logits, self._guess)
        self._plan += [*self._guess[:kept], *self._pending]
        if self.ended and not self._is_draft:
            self.pen.drafts.remember([*self._plan, self.pen.end_id])
        self.ended = self.ended or self._left <= 0 or self._matcher.is_stopped()
        return fed + kept

    def _guess_next(self) -> list[int]:
        """Return a guess at what follows."""
        self.pen.drafts.begin(self._command)
        guess = self.pen.drafts.guess(self.done.text, self._plan)
        end = self.pen.end_id
        return guess[:guess.index(end)] if end in guess else guess

    def _confirm(self, logits: 'Tensor', guess: Sequence[int]) -> tuple[list[int], int, bool]:
        """
        Take what the model chooses as long as the guess has foreseen it.

        Returns the tokens for the next pass, how many of the guess stay, and whether the plan has
        ended; logits are [len(guess) + 1, vocab].
        """
        kept = 0
        while True:
            chosen = self._choose(logits[kept])
            tokens = self._commit(chosen)
            self._left -= len(tokens)
            if self.done.actions is None:
                self.done.actions = self._known_actions(chosen)
                if self.done.actions is not None:
                    self._left = MAX_REPLY_TOKENS
            if chosen == self.pen.end_id or self._matcher.is_stopped() or self._left <= 0:
                return tokens, kept, chosen == self.pen.end_id
            if tuple(guess[kept:kept + len(tokens)]) != tuple(tokens):
                agreed = 0
                while guess[kept + agreed:kept + agreed + 1] == tokens[agreed:agreed + 1]:
                    agreed += 1
                return tokens[agreed:], kept + agreed, False
            kept += len(tokens)

    def _choose(self, logits: 'Tensor') -> int:
        """Return the likeliest token allowed, and multiply its probability into the whole."""
        done, matcher, size = self.done, self._matcher, self.pen.size
        scores = logits[:size].float().cpu().numpy()
        mask = np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8)
        allowed = np.flatnonzero(np.unpackbits(mask, count=size, bitorder='little'))
        scores = scores[allowed]
        best = int(scores.argmax())
        if done.actions is None or self._is_draft:
            weights = np.exp((scores - scores[best]) / self.pen.temperature)
            self.sure *= float(weights[best] / weights.sum())
            if done.actions is None:
                same = self._same_meaning(allowed, best)
                done.confidence *= float(weights[same].sum() / weights.sum())
        return int(allowed[best])

    def _same_meaning(self, allowed: np.ndarray, best: int) -> np.ndarray:
        """Return which of the allowed tokens lead to the same actions as the best one."""
        text, opens = self.done.text, self.pen.opens
        if (not text or text.endswith(b']')) and not opens[allowed[best]]:
            same: np.ndarray = ~opens[allowed]
        else:
            same = np.arange(len(allowed)) == best
        return same

    def _commit(self, chosen: int) -> list[int]:
        """Consume the chosen token and all that it forces; return them for the next pass."""
        done, matcher, end = self.done, self._matcher, self.pen.end_id
        if chosen == end:
            return []
        matcher.consume_token(chosen)
        tokens = [chosen]
        forced = [t for t in matcher.compute_ff_tokens() if t != end]
        if forced and matcher.consume_tokens(forced):
            tokens += forced
        done.text += b''.join(self.pen.pieces[t] for t in tokens)
        done.tokens += len(tokens)
        return tokens

    def _known_actions(self, chosen: int) -> Optional[bytes]:
        """Return the tags of the text, or None while more of them may come."""
        text = self.done.text
        if text[:1] != b'[':
            return b''
        if chosen == self.pen.end_id:
            return text
        end = text.find(b'] ')
        return text[:end + 1] if end >= 0 else None
