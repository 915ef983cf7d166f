"""
Beyond: examples of what only the attached model carries out, and of what refers to earlier turns.

    for example in Beyond(seed=1).examples(10_000):
        example.plan        # the edge's: [REMOTE], or that of a simple follow-up
        example.cloud       # the attached model's, where it differs
        example.history     # ((user, tags), ...), oldest first
"""

import random
import re
from typing import Any, Iterable, Iterator, Optional

from shadow_ros.actions import MAX_ACTIONS
from shadow_ros.intent.amounts import canonical, normalise
from shadow_ros.intent.follow import FOLLOW_UPS
from shadow_ros.intent.follow_up import phrases
from shadow_ros.intent.steps import EDGE_STEPS
from shadow_ros.learning.corpus.compose import (
    Clause, Composer, draw_amount, Example, LANGUAGES)
from shadow_ros.learning.corpus.patterns import expand, read
from shadow_ros.plan import parse

KINDS = {  # weight of each kind of example
    'steps4': 20.0, 'steps5': 16.0, 'steps6': 3.0, 'times': 6.0, 'pairs': 4.0, 'spelled': 6.0,
    'partly': 7.0, 'tally': 5.0, 'shape': 13.0, 'follow': 34.0, 'nothing_before': 4.0,
    'after': 18.0}
_SAID_AGAIN = 0.3  # share of the long sentences that say a command a second time
_NOT_COUNTED = ('STOP', 'SPEED', 'AVOID', 'DAMP', 'BALANCE', 'STAND', 'RECOVER')
_COUNTS = (4, 4, 4, 5, 5, 5, 6, 7, 8, 10)
_SECOND = re.compile(r'\$len2')
_NUMBER = re.compile(r'\{(\d)\}')

Turn = tuple[str, str]
Reading = tuple[Any, ...]


class Beyond:
    """Draws examples; the same seed gives the same examples in the same order."""

    def __init__(self, seed: int = 0, languages: Iterable[str] = LANGUAGES) -> None:
        self.rng = random.Random(f'beyond {seed}')
        self.languages = tuple(languages)
        self.composer = Composer(seed, self.languages)
        self.composer.rng = self.rng
        self.files = {lang: {**read(f'beyond_{lang}'), **phrases(lang)}
                      for lang in self.languages}

    def examples(self, n: int, forbidden: frozenset[Reading] = frozenset()) -> Iterator[Example]:
        """Yield n examples, different in text or history; none that reads as a forbidden one."""
        seen: set[Reading] = set()
        while len(seen) < n:
            example = self.draw()
            if example is None:
                continue
            key = reading(example)
            if key in seen or key in forbidden or key[:1] in forbidden:
                continue
            seen.add(key)
            yield example

    def draw(self) -> Optional[Example]:
        """Return one example, or None where the chosen pieces do not fit together."""
        lang = self.rng.choice(self.languages)
        kind = self.rng.choices(list(KINDS), list(KINDS.values()))[0]
        made: Optional[Example] = getattr(self, f'_{kind}')(lang)
        return made

    # more than the edge does

    def _steps4(self, lang: str) -> Optional[Example]:
        return self._steps(lang, 4)

    def _steps5(self, lang: str) -> Optional[Example]:
        return self._steps(lang, 5)

    def _steps6(self, lang: str) -> Optional[Example]:
        return self._steps(lang, 6)

    def _steps(self, lang: str, count: int) -> Optional[Example]:
        """Return so many commands in one sentence."""
        parts = self._clauses(lang, count)
        frame = self.rng.choice(self.files[lang][f'steps{count}'])
        text = self._place(frame, lang, parts)
        if text is None:
            return None
        if self.rng.random() < 0.3:
            text = self.composer._request(text, lang, '{1}' in frame[:4])
        return self._more(text, ''.join(c.tags for c in parts), lang, f'steps{count}', count)

    def _times(self, lang: str) -> Optional[Example]:
        """Return one command, four times or more."""
        clause, count = self._counted(lang), self.rng.choice(_COUNTS)
        text = self.rng.choice(self.files[lang]['times']).replace('{}', clause.text)
        return self._more(text.replace('$n', str(count)), clause.tags * count, lang, 'times', 1)

    def _pairs(self, lang: str) -> Optional[Example]:
        """Return two commands, the pair done twice."""
        parts = [self._counted(lang), self._counted(lang)]
        text = self._place(self.rng.choice(self.files[lang]['pairs']), lang, parts)
        if text is None or parts[0].tags == parts[1].tags:
            return None
        return self._more(text, (parts[0].tags + parts[1].tags) * 2, lang, 'pairs', 2)

    def _spelled(self, lang: str) -> Optional[Example]:
        """Return commands each said as often as it is meant, in the order of the frame."""
        parts = self._neighbours(lang, 3)
        frame = self.rng.choice(self.files[lang]['spelled'])
        order = [int(number) - 1 for number in _NUMBER.findall(frame)]
        text = self._place(frame, lang, parts)
        if text is None or len({part.tags for part in parts}) < 3:
            return None
        return self._more(text, ''.join(parts[i].tags for i in order), lang, 'spelled',
                          len(order))

    def _partly(self, lang: str) -> Optional[Example]:
        """Return two commands of which one is repeated."""
        group = self.rng.choice(self.files[lang]['partly'])
        first, second = self._counted(lang), self._counted(lang)
        text = self._place(self.rng.choice(group['say']), lang, [first, second])
        if text is None or first.tags == second.tags:
            return None
        count = self.rng.choice((2, 3, 3, 4))
        tags = (first.tags * count + second.tags if group['plan'] == '1n2'
                else first.tags + second.tags * count)
        return self._more(text.replace('$n', str(count)), tags, lang, 'partly', 2)

    def _tally(self, lang: str) -> Optional[Example]:
        """Return a command with its number inside ("three bows", 作三个揖) and another."""
        entry = self.rng.choice(self.files[lang]['tallies'])
        count = self.rng.choice((2, 2, 3, 3, 4))
        word = self.files[lang]['numbers'][count - 2]
        text = expand(self.rng.choice(entry['say']), {}, self.rng).replace('$n', word)
        tallied = Clause(text, entry['plan'] * count)
        parts = [tallied, self._counted(lang)]
        if parts[1].tags == entry['plan']:
            return None
        if self.rng.random() < 0.5:
            parts.reverse()
        placed = self._place(self.rng.choice(self.files[lang]['joints']), lang, parts)
        if placed is None:
            return None
        return self._more(placed, ''.join(part.tags for part in parts), lang, 'tally', 2)

    def _shape(self, lang: str) -> Optional[Example]:
        """Return a way that has a name, or a little programme."""
        group = self.rng.choice(self.files[lang]['shapes'])
        width = canonical(draw_amount(self.rng, 'm'), 'm')
        text, tags = self.composer._fill(
            _SECOND.sub(f' {width} ', expand(self.rng.choice(group['say']), {}, self.rng)),
            _SECOND.sub(width.split()[0], group['plan']))
        text = self.composer._roughen(self.composer._request(text, lang, True), lang)
        return self._made(text, tags, lang, 'shape', (), on_edge=False)

    # what was said before

    def _follow(self, lang: str) -> Optional[Example]:
        """Return a follow-up to the last plan, other turns perhaps before it or between."""
        said = self._earlier(lang)
        kind = self.rng.choices(list(FOLLOW_UPS), [w for w, _, _ in FOLLOW_UPS.values()])[0]
        _, follow, on_edge = FOLLOW_UPS[kind]
        tags = follow(parse(said[1]).actions)
        if tags is None:
            return None
        text, tags = self.composer._fill(self._say(kind, lang), tags)
        text = self.composer._roughen(self.composer._request(text, lang, False), lang)
        return self._made(text, tags, lang, 'follow', self._history(lang, said),
                          on_edge and tags.count('[') <= EDGE_STEPS)

    def _nothing_before(self, lang: str) -> Example:
        """Return a follow-up that follows nothing: the edge passes it on, the other asks."""
        kind = self.rng.choice(('again', 'again', 'opposite', 'twice_more'))
        history = (self._talk(lang),) if self.rng.random() < 0.4 else ()
        return Example(self.composer._roughen(self._say(kind, lang), lang),
                       self.composer._remote_plan(lang), lang, 'nothing_before',
                       self.files[lang]['replies']['what'], history)

    def _after(self, lang: str) -> Optional[Example]:
        """Return an ordinary example after turns that have nothing to do with it."""
        example = self.composer.draw()
        if example is None:
            return None
        history = self._history(lang, self._earlier(lang))
        return Example(example.text, example.plan, example.lang, 'after', example.cloud, history)

    def _say(self, kind: str, lang: str) -> str:
        """Return the words of a follow-up, the amount still open."""
        return expand(self.rng.choice(self.files[lang][kind]), {}, self.rng)

    def _earlier(self, lang: str) -> Turn:
        """Return an earlier turn with actions, as text and tags."""
        count = self.rng.choices((1, 2, 3, 4, 5), (10, 5, 3, 3, 1))[0]
        if self.rng.random() < 0.06:
            shape = self._shape(lang)
            return (shape.text, ''.join(map(str, parse(shape.cloud).actions)))
        if count == 1:
            clause = self.composer.clause(lang, alone=0.3, even=0.4)
            return self.composer._request(clause.text, lang, clause.whole), clause.tags
        parts = self._clauses(lang, count)
        joint = ' and ' if lang == 'en' else '，再'
        return joint.join(c.text for c in parts), ''.join(c.tags for c in parts)

    def _talk(self, lang: str) -> Turn:
        """Return an earlier turn of mere talk."""
        return self.composer._talk(lang, '')[0], ''

    def _history(self, lang: str, last: Turn) -> tuple[Turn, ...]:
        """Return one or two turns: the last one alone, after another, or before mere talk."""
        roll = self.rng.random()
        if roll < 0.5:
            return (last,)
        return (self._earlier(lang), last) if roll < 0.85 else (last, self._talk(lang))

    # pieces

    def _place(self, frame: str, lang: str, parts: list[Clause]) -> Optional[str]:
        """Return the frame with its commands, or None where a verb has no such form."""
        return self.composer._place(frame, lang, {str(i + 1): c.text for i, c in enumerate(parts)})

    def _clauses(self, lang: str, count: int) -> list[Clause]:
        """Return commands of one action each, no two neighbours alike; one may come again."""
        clauses = self._neighbours(lang, count)
        if count > 2 and self.rng.random() < _SAID_AGAIN:
            again = self.rng.randrange(2, count)
            clauses[again] = clauses[self.rng.randrange(again - 1)]
        alike = any(one.tags == two.tags for one, two in zip(clauses, clauses[1:]))
        return self._clauses(lang, count) if alike else clauses

    def _neighbours(self, lang: str, count: int) -> list[Clause]:
        """Return commands of one action each: a way to go, a show of short words, or anything."""
        while True:
            clauses = self.composer._different(lang, count)
            if all(clause.tags.count('[') == 1 for clause in clauses):
                return clauses

    def _counted(self, lang: str) -> Clause:
        """Return a command of one action that can sensibly be done several times."""
        while True:
            clause = self.composer.clause(lang, even=0.8)
            if (clause.tags.count('[') == 1 and clause.name not in _NOT_COUNTED
                    and 'times' not in clause.text):
                return clause

    def _more(self, text: str, tags: str, lang: str, category: str, said: int) -> Example:
        """Return an example of so many spoken steps."""
        return self._made(self.composer._roughen(text, lang), tags, lang, category, (),
                          said <= EDGE_STEPS and tags.count('[') <= MAX_ACTIONS)

    def _made(self, text: str, tags: str, lang: str, category: str, history: tuple[Turn, ...],
              on_edge: bool) -> Example:
        """Return the example; more actions than a plan may have become a sentence."""
        plan = (self.composer._plan(tags, lang) if tags.count('[') <= MAX_ACTIONS
                else self.files[lang]['replies']['many'])
        if on_edge:
            return Example(text, plan, lang, category, '', history)
        return Example(text, self.composer._remote_plan(lang), lang, category, plan, history)


def reading(example: Example) -> Reading:
    """Return what the model reads of an example: the text, then the turns before it."""
    return (normalise(example.text),
            *((normalise(said), plan) for said, plan in example.history))
