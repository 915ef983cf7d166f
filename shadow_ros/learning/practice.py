"""
Practice: a few dozen lessons become examples in which the household's words stand as in life.

A lesson is practised as it was said, in the frames that turn a command into a request, in
sequences with other commands, and where it must not move the robot: negated, quoted, asked about.
"""

from collections import Counter
from functools import cache
from math import log
import re
from typing import Callable, Hashable, Iterable, Iterator, Optional, Sequence

from shadow_ros.learning.corpus.compose import CATEGORIES, Clause, Composer, Example
from shadow_ros.learning.corpus.patterns import Rules
from shadow_ros.learning.judge import moves
from shadow_ros.learning.lessons.lesson import Lesson
from shadow_ros.learning.lessons.tidy import key
from shadow_ros.phrases import language
from shadow_ros.plan import parse

SAID, FRAMED = 0.35, 0.40  # shares of lessons as they were said and in frames; the rest composed
WEAK = 0.5  # how often a weak lesson is drawn, compared with one that the user gave
_STILL = ('too_many', 'taken_back', 'negation', 'postponed', 'past', 'quoted', 'hypothetical',
          'ability', 'about', 'remote_frame')
_CONTRAST = 2.0  # as often as in the corpus the lessons are practised where they move nothing
_OWN = 0.8  # share of own clauses among those of composed examples
_GAP = r'[\s,，]*'
_LAYERS = 3  # frames that may lie around a command
_TOKEN = re.compile(r'<([a-z]\w*)>|\(([^()]*)\)|\{\}|[^<>(){}]+')


class Practice(Composer):
    """Draws examples of the lessons; the same seed gives the same ones."""

    def __init__(self, lessons: Sequence[Lesson], seed: int) -> None:
        super().__init__(seed)
        self.weights = [weight * _CONTRAST if name in _STILL else weight
                        for name, weight in CATEGORIES.items()]
        self.lessons = list(lessons)
        self._weights = [WEAK if lesson.weak else 1.0 for lesson in lessons]
        found = cores(lessons)
        self._clauses = {lang: [c for c in found if language(c.text) == lang]
                         for lang in self.languages}

    def clause(self, lang: str, alone: float = 0.0, even: float = 0.5) -> Clause:
        """Return a command, most often one of the household's own."""
        own = self._clauses[lang]
        if own and self.rng.random() < _OWN:
            return self.rng.choice(own)
        return super().clause(lang, alone, even)

    def practise(self, count: int) -> Iterator[Example]:
        """Yield so many examples; no text of a lesson is ever given another plan."""
        known = {key(lesson.text): lesson.plan for lesson in self.lessons}
        while count:
            example = self._one()
            if example is None or not _agrees(example, known):
                continue
            count -= 1
            yield example

    def _one(self) -> Optional[Example]:
        roll = self.rng.random()
        if roll >= SAID + FRAMED and any(self._clauses.values()):
            example = self.draw()
            return example if example and self._own(example) else None
        if SAID <= roll < SAID + FRAMED and any(self._clauses.values()):
            lang = self.rng.choice([lang for lang, own in self._clauses.items() if own])
            clause = self.rng.choice(self._clauses[lang])
            text, plan = self._request(clause.text, lang, True), self._plan(clause.tags, lang)
        else:
            lesson = self.rng.choices(self.lessons, self._weights)[0]
            text, plan, lang = lesson.text, self._spoken(lesson), lesson.lang
        return Example(self._roughen(text, lang), plan, lang, 'household')

    def _own(self, example: Example) -> bool:
        """Return whether a composed example holds words of the household."""
        return any(clause.text in example.text for clause in self._clauses[example.lang])

    def _spoken(self, lesson: Lesson) -> str:
        """Return the lesson's plan with the reply that goes with it."""
        if lesson.plan:
            return self._plan(lesson.plan, lesson.lang)
        reply: str = self.talk['frames'][lesson.lang]['about']
        return reply


def cores(lessons: Sequence[Lesson]) -> list[Clause]:
    """
    Return the commands inside the lessons' texts, the frames of requests taken off.

    Of `could you plonk yourself please` and `plonk yourself, boy` both give `plonk yourself`: of
    all that may be the command, that which most lessons of the same plan hold, and the longest.
    """
    groups: dict[tuple[str, str], list[Lesson]] = {}
    for lesson in lessons:
        if _is_clause(lesson):
            groups.setdefault((lesson.plan, lesson.lang), []).append(lesson)
    return [clause for group in groups.values() for clause in _cores_of(group)]


def _cores_of(alike: Sequence[Lesson]) -> list[Clause]:
    """Return the commands inside texts that all lead to the same plan."""
    texts = [key(lesson.text) for lesson in alike]
    inside = [unwrapped(lesson.text, lesson.lang) for lesson in alike]
    held = {part: sum(key(part) in text for text in texts)
            for part in dict.fromkeys(part for parts in inside for part in parts)}
    found = []
    for lesson, text, (whole, *inner) in zip(alike, texts, inside):
        some = [part for part in held if key(part) in text]
        if inner and max(held[part] for part in some) == 1:
            some.remove(whole)  # nobody else says it: at least one frame is none of the command
        found.append(Clause(max(some, key=lambda part: (held[part], len(part))), lesson.plan))
    return found


def unwrapped(text: str, lang: str) -> list[str]:
    """Return a text and what is left of it when frames are taken off, one after the other."""
    found = {_bare(text): None}
    layer = list(found)
    for _ in range(_LAYERS):
        layer = [inside for outer in layer for inside in
                 (_bare(m[1]) for m in (f.fullmatch(outer) for f in _frames(lang)) if m)
                 if inside and inside not in found]
        found.update(dict.fromkeys(layer))
    return list(found)


def _bare(text: str) -> str:
    return ' '.join(text.split()).strip(' ,.!?，。！？')


def _is_clause(lesson: Lesson) -> bool:
    """Return whether a lesson is a command that can stand in sentences of all kinds."""
    actions = parse(lesson.plan).actions
    return bool(actions) and actions[0].name not in ('STOP', 'REMOTE')


def _agrees(example: Example, known: dict[str, str]) -> bool:
    plan = known.get(key(example.text))
    return plan is None or parse(plan).actions == parse(example.plan).actions


@cache
def _frames(lang: str) -> tuple['re.Pattern[str]', ...]:
    """Return the frames of requests and calls as patterns with one group, the command."""
    frames = Composer(0, (lang,)).frames[lang]
    lines = [str(line) for name in ('request', 'urgent', 'call')
             for line in frames[name]]
    return tuple(re.compile(_pattern(line, frames['rules']), re.I) for line in lines
                 if line != '{}' and line.count('{}') == 1 and '{' not in line.replace('{}', ''))


def _pattern(line: str, rules: Rules) -> str:
    """Return the regular expression of a frame."""
    return ''.join(_piece(match, rules) for match in _TOKEN.finditer(line))


def _piece(match: 're.Match[str]', rules: Rules) -> str:
    if match[0] == '{}':
        return '(.+?)'
    if match[1]:
        return '(?:' + '|'.join(_pattern(str(line), rules) for line in rules[match[1]]) + ')'
    if match[2] is not None:
        return '(?:' + '|'.join(_pattern(part, rules) for part in match[2].split('|')) + ')'
    # People and recognisers leave commas out.
    return re.sub(r'(?:\\ |[,，])+', lambda _: _GAP, re.escape(match[0]))


def evened(own: Sequence[Example], corpus: Sequence[Example], count: int) -> list[Example]:
    """
    Return so many examples of the corpus that with the own ones as many move as in the corpus.

    Nearly all that is practised moves the robot. The shadow must not conclude that most of what
    is said does.
    """
    moving = [e for e in corpus if moves(parse(e.plan))]
    still = [e for e in corpus if not moves(parse(e.plan))]
    usual = len(moving) / max(1, len(corpus))
    fewer = round(usual * (len(own) + count)) - sum(moves(parse(e.plan)) for e in own)
    kept = moving[:max(0, fewer)]
    return kept + still[:count - len(kept)]


def nearest_first(corpus: Sequence[Example], lessons: Sequence[Lesson], count: int,
                  read: Callable[[str], Iterable[Hashable]]) -> list[Example]:
    """
    Return the corpus, so many of it first that have most in common with the household's words.

    What reads alike is what the shadow may come to mix up ("boop me", "stoop"), so it must see
    that it means what it always did. `read` makes the pieces of a text that the shadow reads; rare
    ones count more than those that are everywhere, in short texts more than in long ones.
    """
    own = {piece for text in _taught(lessons) for piece in read(text)}
    texts = [list(read(example.text)) for example in corpus]
    met = Counter(piece for pieces in texts for piece in own.intersection(pieces))
    alike = [sum(log(len(corpus) / met[piece]) for piece in own.intersection(pieces))
             / max(1, len(pieces)) for pieces in texts]
    order = sorted(range(len(corpus)), key=lambda i: -alike[i])
    first = set(order[:count])
    return ([e for i, e in enumerate(corpus) if i in first]
            + [e for i, e in enumerate(corpus) if i not in first])


def _taught(lessons: Sequence[Lesson]) -> Iterator[str]:
    """Yield the household's commands, and the lessons that are none."""
    yield from (clause.text for clause in cores(lessons))
    yield from (lesson.text for lesson in lessons if not _is_clause(lesson))


def keep_out(examples: Sequence[Example], lessons: Sequence[Lesson]) -> list[Example]:
    """Return the replayed examples that no lesson contradicts."""
    known = {key(lesson.text): lesson.plan for lesson in lessons}
    return [e for e in examples if e.history or _agrees(e, known)]
