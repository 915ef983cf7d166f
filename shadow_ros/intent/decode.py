"""
Constrained decoding: one plan out of one model, in as few passes as the grammar allows.

A pass is made only where the grammar leaves a choice; what it forces rides along with the next
pass, and so does a guess at what comes after it (draft.py), kept as far as the model agrees. The
confidence is the product of the probabilities, among what the grammar allows, of the
choices that made the actions: a reply may be worded in many ways, so all ways of not adding an
action count as one choice.
"""

from dataclasses import dataclass
from typing import Callable, Optional, Sequence, TYPE_CHECKING

import numpy as np

from shadow_ros.intent.draft import Drafts
from shadow_ros.intent.grammar import Grammar

if TYPE_CHECKING:
    from llguidance import LLMatcher
    from torch import Tensor

    from shadow_ros.shadow.runtime import Runtime

MAX_ACTION_TOKENS = 80
MAX_REPLY_TOKENS = 48
LONGEST_FORCED = 24  # tokens that the grammar may force at once; the longest action's name


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
        self.grammar = grammar
        self.temperature = temperature
        self.size = grammar.tokens.vocab_size
        self.pieces = [grammar.tokens.decode_bytes([i]) for i in range(self.size)]
        self.opens = np.array([piece.startswith(b'[') for piece in self.pieces])
        self.end_id = grammar.tokens.eos_token
        self.drafts = Drafts(grammar.tokens.tokenize_bytes,
                             lambda token: self.pieces[token].endswith(b']'))

    def decode(self, prompt: Sequence[int],
               on_actions: Optional[Callable[[Decoded], None]] = None) -> Decoded:
        """
        Return the plan that follows the prompt's tokens.

        `on_actions` is called once, as soon as the actions of a plan that has some are known.
        """
        matcher = self.grammar.matcher()
        done = Decoded(tokens=len(prompt))
        self.drafts.begin(b''.join(self.pieces[t] for t in prompt))
        plan: list[int] = []
        pending, left = list(prompt), MAX_ACTION_TOKENS
        guess: list[int] = []
        while left > 0 and not matcher.is_stopped():
            told = done.actions is not None
            start = self.runtime.length + len(pending)
            logits = self.runtime.feed_last([*pending, *guess], len(guess) + 1)
            pending, kept, ended = self._confirm(matcher, logits, guess, done)
            self.runtime.rewind(start + kept)
            plan += [*guess[:kept], *pending]
            left -= kept + len(pending) or 1
            if done.actions is not None and not told:
                left = MAX_REPLY_TOKENS
                if on_actions and done.actions:
                    on_actions(done)
            if ended:
                self.drafts.remember([*plan, self.end_id])
                break
            guess = self._guess(done, plan, left)
        return done

    def _guess(self, done: Decoded, plan: Sequence[int], left: int) -> list[int]:
        """Return a guess at what follows, as long as there is room for it."""
        room = self.runtime.limit - self.runtime.length - LONGEST_FORCED
        guess = self.drafts.guess(done.text, plan)[:max(0, min(left, room))]
        return guess[:guess.index(self.end_id)] if self.end_id in guess else guess

    def _confirm(self, matcher: 'LLMatcher', logits: 'Tensor', guess: Sequence[int],
                 done: Decoded) -> tuple[list[int], int, bool]:
        """
        Take what the model chooses as long as the guess has foreseen it.

        Returns the tokens for the next pass, how many of the guess stay, and whether the plan has
        ended; logits are [len(guess) + 1, vocab].
        """
        kept = 0
        while True:
            chosen = self._choose(matcher, logits[kept], done)
            tokens = self._commit(matcher, chosen, done)
            if done.actions is None:
                done.actions = self._known_actions(done.text, chosen)
            if chosen == self.end_id or matcher.is_stopped():
                return tokens, kept, chosen == self.end_id
            if tuple(guess[kept:kept + len(tokens)]) != tuple(tokens):
                agreed = 0
                while guess[kept + agreed:kept + agreed + 1] == tokens[agreed:agreed + 1]:
                    agreed += 1
                return tokens[agreed:], kept + agreed, False
            kept += len(tokens)

    def _choose(self, matcher: 'LLMatcher', logits: 'Tensor', done: Decoded) -> int:
        """Return the likeliest token allowed, and multiply its probability into `done`."""
        scores = logits[:self.size].float().cpu().numpy()
        mask = np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8)
        allowed = np.flatnonzero(np.unpackbits(mask, count=self.size, bitorder='little'))
        scores = scores[allowed]
        best = int(scores.argmax())
        if done.actions is None:
            weights = np.exp((scores - scores[best]) / self.temperature)
            same = self._same_meaning(allowed, best, done)
            done.confidence *= float(weights[same].sum() / weights.sum())
        return int(allowed[best])

    def _same_meaning(self, allowed: np.ndarray, best: int, done: Decoded) -> np.ndarray:
        """Return which of the allowed tokens lead to the same actions as the best one."""
        between = not done.text or done.text.endswith(b']')
        if between and not self.opens[allowed[best]]:
            same: np.ndarray = ~self.opens[allowed]
        else:
            same = np.arange(len(allowed)) == best
        return same

    def _commit(self, matcher: 'LLMatcher', chosen: int, done: Decoded) -> list[int]:
        """Consume the chosen token and all that it forces; return them for the next pass."""
        if chosen == self.end_id:
            return []
        matcher.consume_token(chosen)
        tokens = [chosen]
        forced = [t for t in matcher.compute_ff_tokens() if t != self.end_id]
        if forced and matcher.consume_tokens(forced):
            tokens += forced
        done.text += b''.join(self.pieces[t] for t in tokens)
        done.tokens += len(tokens)
        return tokens

    def _known_actions(self, text: bytes, chosen: int) -> Optional[bytes]:
        """Return the tags of the text, or None while more of them may come."""
        if text[:1] != b'[':
            return b''
        if chosen == self.end_id:
            return text
        end = text.find(b'] ')
        return text[:end + 1] if end >= 0 else None
