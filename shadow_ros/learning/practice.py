"""
Practice: a few dozen lessons become examples in which the household's words stand as in life.

A lesson is practised as it was said, in the frames that turn a command into a request, in
sequences with other commands, and where it must not move the robot: negated, quoted, asked about.
"""

from collections import Counter
from functools import cache
import re
from typing import Callable, Iterator, Mapping, Optional, Sequence

from shadow_ros.learning.corpus.compose import CATEGORIES, Clause, Composer, Example
from shadow_ros.learning.corpus.patterns import Rules
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
_CHARACTER = 2  # plans for which a Chinese character is said that belongs to none of them
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
        found = [clause for _, clause in cores(lessons)]
        self._clauses = {lang: [c for c in found if language(c.text) == lang]
                         for lang in self.languages}

    def clause(self, lang: str, alone: float = 0.0, even: float = 0.5) -> Clause:
        """Return a command, most often one of the household's own."""
        own = self._clauses[lang]
        if own and self.rng.random() < _OWN:
            return self.rng.choice(own)
        return super().clause(lang, alone, even)

    def practise(self, count: int,
                 wants: Callable[[str], bool] = lambda text: True) -> Iterator[Example]:
        """Yield so many examples of wanted texts; no lesson's text ever gets another plan."""
        known = {key(lesson.text): lesson.plan for lesson in self.lessons}
        while count:
            example = self._one()
            if example is None or not _agrees(example, known) or not wants(example.text):
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


def cores(lessons: Sequence[Lesson]) -> list[tuple[Lesson, Clause]]:
    """
    Return the lessons with the commands inside their texts, the frames of requests taken off.

    Of `could you plonk yourself please` and `plonk yourself, boy` both give `plonk yourself`: of
    all that may be the command, that which most lessons of the same plan hold, and the longest.
    """
    groups: dict[tuple[str, str], list[Lesson]] = {}
    for lesson in lessons:
        if _is_clause(lesson):
            groups.setdefault((lesson.plan, lesson.lang), []).append(lesson)
    said = {(piece, plan) for (plan, _), group in groups.items()
            for lesson in group for piece in _pieces(lesson.text)}
    return [pair for (plan, _), group in groups.items() for pair in zip(
        group, _cores_of(group, Counter(p for p, other in said if other != plan)))]


def _cores_of(alike: Sequence[Lesson], others: Mapping[str, int]) -> list[Clause]:
    """Return the commands in texts of one plan; `others` counts the plans that a piece is in."""
    texts = [key(lesson.text) for lesson in alike]
    inside = [unwrapped(lesson.text, lesson.lang) for lesson in alike]
    held = {part: sum(key(part) in text for text in texts)
            for part in dict.fromkeys(part for parts in inside for part in parts)}
    found = []
    for lesson, text, parts in zip(alike, texts, inside):
        some = [part for part in held if key(part) in text]
        best = max(some, key=lambda part: (held[part], len(part)))
        found.append(Clause(best if held[best] > 1 else _said_once(parts, others), lesson.plan))
    return found


def _said_once(parts: Sequence[str], others: Mapping[str, int]) -> str:
    """
    Return the command in a text that no other lesson of its plan confirms.

    What is said for other plans as well goes from its ends; else one frame at least goes.
    """
    pieces = _pieces(parts[0])
    inner = [i for i, piece in enumerate(pieces)
             if others.get(piece, 0) < (1 if piece.isascii() else _CHARACTER)]
    left = parts[0] if not inner else (' ' if parts[0].isascii() else '').join(
        pieces[inner[0]:inner[-1] + 1])
    return max(parts[1:], key=len) if left == parts[0] and parts[1:] else left


def _pieces(text: str) -> list[str]:
    """Return the words of English, the characters of Chinese."""
    words = key(text).split()
    return words if text.isascii() else list(''.join(words))


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
        return r'(?<![a-z])(.+?)(?![a-z])'
    if match[1]:
        return '(?:' + '|'.join(_pattern(str(line), rules) for line in rules[match[1]]) + ')'
    if match[2] is not None:
        return '(?:' + '|'.join(_pattern(part, rules) for part in match[2].split('|')) + ')'
    # People and recognisers leave commas out.
    return re.sub(r'(?:\\ |[,，])+', lambda _: _GAP, re.escape(match[0]))


def keep_out(examples: Sequence[Example], lessons: Sequence[Lesson]) -> list[Example]:
    """Return the replayed examples that no lesson contradicts."""
    known = {key(lesson.text): lesson.plan for lesson in lessons}
    return [e for e in examples if e.history or _agrees(e, known)]
