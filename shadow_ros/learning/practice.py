"""
Practice: a few dozen lessons become examples in which the household's words stand as in life.

A lesson is practised as it was said, in the frames that turn a command into a request, the
household's own among them, in sequences with other commands, and where it must not move the robot:
negated, quoted, asked about.
"""

from functools import cache
import re
from typing import Callable, Iterable, Iterator, Optional, Sequence

from shadow_ros.learning.corpus.compose import CATEGORIES, Clause, Composer, Example
from shadow_ros.learning.corpus.patterns import Rules
from shadow_ros.learning.lessons.lesson import Lesson
from shadow_ros.learning.lessons.tidy import key
from shadow_ros.phrases import language
from shadow_ros.plan import parse

SAID, FRAMED = 0.2, 0.5  # shares of lessons as they were said and in frames; the rest composed
WEAK = 0.5  # how often a weak lesson is drawn, compared with one that the user gave
_STILL = ('too_many', 'taken_back', 'negation', 'postponed', 'past', 'quoted', 'hypothetical',
          'ability', 'about', 'remote_frame')
_CONTRAST = 2.0  # as often as in the corpus the lessons are practised where they move nothing
_OWN = 0.8  # share of own clauses among those of composed examples
_OURS = 0.7  # share of the household's frames among those that requests are practised in
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
        self._clauses = {lang: [c for _, c in found if language(c.text) == lang]
                         for lang in self.languages}
        self._own_frames = {lang: own_frames((lesson, clause.text) for lesson, clause in found
                                             if lesson.lang == lang) for lang in self.languages}

    def clause(self, lang: str, alone: float = 0.0, even: float = 0.5) -> Clause:
        """Return a command, most often one of the household's own."""
        own = self._clauses[lang]
        if own and self.rng.random() < _OWN:
            return self.rng.choice(own)
        return super().clause(lang, alone, even)

    def practise(self, count: int,
                 wants: Callable[[str], bool] = lambda text: True) -> Iterator[Example]:
        """
        Yield so many examples of wanted texts; no lesson's text ever gets another plan.

        Nor does an own word in an own frame: who means it with "can you boop me" also does with
        "can you plonk yourself" and does not ask about an ability with "can you plonk yourself
        too".
        """
        ours = [(frame, key(frame.format(clause.text)), clause.tags)
                for lang, clauses in self._clauses.items() for clause in clauses
                for frame in self._own_frames[lang]]
        known = {**{text: plan for _, text, plan in ours},
                 **{key(lesson.text): lesson.plan for lesson in self.lessons}}
        asked = tuple(text for frame, text, _ in ours if not frame.startswith('{}'))
        while count:
            example = self._one()
            if example and wants(example.text) and _agrees(example, known) and (
                    example.text in known or parse(example.plan).actions
                    or not key(example.text).startswith(asked)):
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
            own = self._own_frames[lang]
            text = self.rng.choice(own).format(clause.text) if own and self.rng.random() < _OURS \
                else self._request(clause.text, lang, True)
            plan = self._plan(clause.tags, lang)
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
    What stands around such commands are the household's own frames. They are taken off where a
    command was said but once.
    """
    groups: dict[tuple[str, str], list[Lesson]] = {}
    for lesson in lessons:
        if _is_clause(lesson):
            groups.setdefault((lesson.plan, lesson.lang), []).append(lesson)
    found = [pair for group in groups.values() for pair in zip(group, map(_shared(group), group))]
    ours = own_frames((lesson, core) for lesson, core in found if core)
    return [(lesson, Clause(core or _said_once(lesson, ours), lesson.plan))
            for lesson, core in found]


def _shared(alike: Sequence[Lesson]) -> Callable[[Lesson], str]:
    """Return what finds the command of a lesson that others of its plan hold, or ''."""
    texts = [key(lesson.text) for lesson in alike]
    held = {part: sum(key(part) in text for text in texts)
            for lesson in alike for part in unwrapped(lesson.text, lesson.lang)}

    def core(lesson: Lesson) -> str:
        text = key(lesson.text)
        some = [part for part in held if held[part] > 1 and key(part) in text]
        return max(some, key=lambda part: (held[part], len(part)), default='')
    return core


def _said_once(lesson: Lesson, ours: Sequence[str]) -> str:
    """Return a lesson's text without one frame, the household's longest that fits or any."""
    text = _bare(lesson.text)
    found = [re.fullmatch(re.escape(_bare(frame)).replace(r'\{\}', '(.+)'), text, re.I)
             for frame in sorted(ours, key=len, reverse=True)]
    inner = [_bare(match[1]) for match in found if match] or sorted(
        _inside(text, lesson.lang), key=len, reverse=True)
    return inner[0] if inner else text


def own_frames(found: Iterable[tuple[Lesson, str]]) -> list[str]:
    """Return what lessons have around the commands in them."""
    frames = set()
    for lesson, core in found:
        before, inside, after = re.sub('[{}]', '', lesson.text).lower().partition(core.lower())
        if inside and _bare(before + after):
            frames.add(f'{before}{{}}{after}')
    return sorted(frames)


def unwrapped(text: str, lang: str) -> list[str]:
    """Return a text and what is left of it when frames are taken off, one after the other."""
    found = {_bare(text): None}
    layer = list(found)
    for _ in range(_LAYERS):
        layer = [inner for outer in layer for inner in _inside(outer, lang) if inner not in found]
        found.update(dict.fromkeys(layer))
    return list(found)


def _inside(text: str, lang: str) -> list[str]:
    """Return what each single frame around a text leaves of it."""
    found = (frame.fullmatch(text) for frame in _frames(lang))
    return [inner for inner in (_bare(m[1]) for m in found if m) if inner]


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
