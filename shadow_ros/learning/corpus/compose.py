"""
Composer: examples of commands and plans from the corpus files, with weights and a seed.

    for example in Composer(seed=1).examples(100_000):
        example.text, example.plan, example.lang, example.category
"""

from dataclasses import dataclass
import random
import re
from typing import Any, Callable, Iterable, Iterator, Optional

from shadow_ros.actions import MAX_ACTIONS
from shadow_ros.intent.amounts import canonical, normalise
from shadow_ros.learning.corpus.noise import roughen
from shadow_ros.learning.corpus.patterns import expand, read
from shadow_ros.plan import Action, parse, Plan

LANGUAGES = ('en', 'zh')

CATEGORIES = {  # weight of each kind of example
    'single': 33.0, 'sequence2': 16.0, 'sequence3': 10.0, 'too_many': 3.0, 'correction': 5.0,
    'stop': 2.5, 'stopping': 1.5, 'elliptic': 2.5, 'taken_back': 1.2, 'repeat': 4.0,
    'emphatic': 1.0, 'negation': 4.0, 'postponed': 2.0, 'past': 2.5,
    'quoted': 2.0, 'hypothetical': 1.7, 'ability': 2.8,
    'about': 4.0, 'remote_frame': 2.5, 'talk': 7.5, 'remote': 8.0, 'mixed': 2.0}

_ORDERED = ('sequence2', 'sequence3', 'too_many', 'correction', 'elliptic')
_NO_MOTION = ('taken_back', 'negation', 'postponed', 'past', 'quoted', 'hypothetical', 'ability',
              'about')
_SLOT = re.compile(r'\$(old_len|old_deg|len2|len|deg|n|one)')
_PLACE = re.compile(r'\{(wrong_ing|wrong|ing|past|[1-6](?:ing|past)?)?\}')
_URGENT = 0.05  # share of the commands that are
_FOR_SOMEONE = re.compile(r'[给为帮替]|\bfor (?!a )')
_SENTENCES = (0.25, 0.25, 0.5)  # shares of those that are a way, a show, or anything
_SHORT = {'en': 16, 'zh': 5}  # characters of a show's commands
_STOPS = {'en': ('stop', 'halt', 'stop'), 'zh': ('停', '停下', '停下来')}


@dataclass(frozen=True)
class Example:
    """
    One text and the plan that it asks for, of the shadow alone.

    `cloud` is the attached model's plan where it differs; `history` what was said before and the
    tags that answered it, oldest first.
    """

    text: str
    plan: str
    lang: str
    category: str
    cloud: str = ''
    history: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Clause:
    """A command that frames can wrap: its words and its tags."""

    text: str
    tags: str
    whole: bool = True

    @property
    def name(self) -> str:
        """Return the first action's name."""
        return self.tags[1:].split(']')[0].split(' ')[0]


class Composer:
    """
    Draws examples; the same seed gives the same examples in the same order.

    `sequences` multiplies the weight of what has several clauses, the hardest to learn.
    """

    def __init__(self, seed: int = 0, languages: Iterable[str] = LANGUAGES,
                 sequences: float = 1.0) -> None:
        self.rng = random.Random(seed)
        self.languages = tuple(languages)
        self.weights = [w * (sequences if c in _ORDERED else 1.0) for c, w in CATEGORIES.items()]
        self.talk = read('talk')
        self.remote = read('remote')
        self.commands = {lang: read(f'commands_{lang}') for lang in self.languages}
        self.frames = {lang: read(f'frames_{lang}') for lang in self.languages}
        self._by_name = {lang: _by_name(self.commands[lang]['commands'])
                         for lang in self.languages}

    def examples(self, n: int, forbidden: frozenset[str] = frozenset()) -> Iterator[Example]:
        """Yield n examples with different texts; none whose normalised text is forbidden."""
        seen: dict[str, str] = {}
        while len(seen) < n:
            example = self.draw()
            if example is None:
                continue
            key = normalise(example.text)
            if key in seen or key in forbidden:
                continue
            seen[key] = example.plan
            yield example

    def draw(self) -> Optional[Example]:
        """Return one example, or None where the chosen pieces do not fit together."""
        lang = self.rng.choice(self.languages)
        category = self.rng.choices(list(CATEGORIES), self.weights)[0]
        make: Callable[[str, str], Optional[tuple[str, ...]]] = getattr(
            self, f'_{category}', self._no_motion)
        made = make(lang, category)
        if made is None:
            return None
        text, plan, *cloud = made
        return Example(self._roughen(' '.join(text.split()), lang), plan, lang, category, *cloud)

    # commands

    def clause(self, lang: str, alone: float = 0.0, even: float = 0.5) -> Clause:
        """Return a random command; `even` is the share drawn evenly over the actions."""
        if self.rng.random() < even:
            entries = self.rng.choice(list(self._by_name[lang].values()))
        else:
            entries = self.commands[lang]['commands']
        entry = self.rng.choices(entries, [e.get('weight', 1.0) for e in entries])[0]
        whole = self.rng.random() >= alone or 'alone' not in entry
        line = self.rng.choice(entry['say' if whole else 'alone'])
        text, tags = self._fill(self._expand(line, lang, self.commands), entry['plan'])
        return Clause(text, tags, whole)

    def _single(self, lang: str, _: str) -> tuple[str, str]:
        clause = self.clause(lang, alone=0.2, even=0.3)
        text = self._request(clause.text, lang, clause.whole)
        if clause.name not in ('MOVE', 'TURN', 'SPEED') and self.rng.random() < _URGENT:
            frame = self.rng.choice(self.frames[lang]['urgent'])
            text = self._place(frame, lang, {'': clause.text}) or text
        return text, self._plan(clause.tags, lang)

    def _stop(self, lang: str, _: str) -> tuple[str, str]:
        entry = self._by_name[lang]['STOP'][0]
        whole = self.rng.random() < 0.4
        text = self._expand(self.rng.choice(entry['say' if whole else 'alone']), lang,
                            self.commands)
        return self._request(text, lang, whole), self._plan('[STOP]', lang)

    def _stopping(self, lang: str, _: str) -> Optional[tuple[str, str]]:
        """Return a negation that ends a motion, which is a stop."""
        clause = self.clause(lang, even=0.5)
        if clause.name in ('STOP', 'STAND', 'SIT', 'LIE', 'SPEED', 'AVOID', 'DAMP', 'RECOVER'):
            return None
        text = self._place(self.rng.choice(self.frames[lang]['stopping']), lang,
                           {'': clause.text})
        return None if text is None else (text, self._plan('[STOP]', lang))

    def _sequence2(self, lang: str, category: str) -> Optional[tuple[str, str]]:
        frames = self.frames[lang][category]
        frame = self.rng.choices([f for f, _ in frames], [w for _, w in frames])[0]
        parts = self._different(lang, 3 if category == 'sequence3' else 2)
        text = self._place(frame, lang, {str(i + 1): c.text for i, c in enumerate(parts)})
        if text is None:
            return None
        if self.rng.random() < 0.35:
            text = self._request(text, lang, '{1}' in frame[:4])
        return text, self._plan(''.join(c.tags for c in parts), lang)

    _sequence3 = _sequence2

    def _too_many(self, lang: str, _: str) -> Optional[tuple[str, str, str]]:
        """Return four commands, which only the attached model carries out."""
        frame = self.rng.choice(self.frames[lang]['too_many'])
        parts = self._different(lang, 4)
        text = self._place(frame, lang, {str(i + 1): c.text for i, c in enumerate(parts)})
        tags = ''.join(c.tags for c in parts)
        if text is None or tags.count('[') > MAX_ACTIONS:
            return None
        return text, self._remote_plan(lang), self._plan(tags, lang)

    def _mixed(self, lang: str, _: str) -> tuple[str, str]:
        """Return Chinese and English in one sentence; the reply is Chinese."""
        if set(self.languages) != {'en', 'zh'}:
            return self._single(lang, _)
        zh, en = self.clause('zh'), self.clause('en')
        kind = self.rng.randrange(4)
        if kind == 0:
            name = self.rng.choice(self.frames['en']['rules']['name'])
            return f'{name} {zh.text}', self._plan(zh.tags, 'zh')
        if kind == 1:
            please = self.rng.choice(['please', 'ok', 'now', 'can you please', 'hello'])
            return f'{please} {zh.text}', self._plan(zh.tags, 'zh')
        if kind == 2:
            joint = self.rng.choice(['然后', '，然后', '再', ' and then ', ' then '])
            first, second = (zh, en) if self.rng.random() < 0.5 else (en, zh)
            return f'{first.text}{joint}{second.text}', self._plan(first.tags + second.tags, 'zh')
        name = self.rng.choice([*self.frames['zh']['rules']['name'], '请', '帮我', '请你', '来个'])
        return f'{name} {en.text}', self._plan(en.tags, 'zh')

    def _correction(self, lang: str, _: str) -> Optional[tuple[str, str]]:
        wrong, right = self._different(lang, 2)
        if not right.whole or not wrong.whole:
            return None
        frame = self.rng.choice(self.frames[lang]['correction'])
        text = self._place(frame, lang, {'': right.text, 'wrong': wrong.text})
        return None if text is None else (text, self._plan(right.tags, lang))

    def _elliptic(self, lang: str, _: str) -> tuple[str, str]:
        entry = self.rng.choice(self.frames[lang]['elliptic'])
        text, tags = self._fill(
            self._expand(self.rng.choice(entry['say']), lang, self.frames), entry['plan'])
        return text, self._plan(tags, lang)

    def _repeat(self, lang: str, _: str) -> Optional[tuple[str, str]]:
        clause = self.clause(lang, even=0.8)
        if clause.name in ('STOP', 'SPEED', 'AVOID', 'DAMP', 'BALANCE') or 'times' in clause.text:
            return None
        times = self.rng.choice((2, 2, 3))
        frame = self._expand(self.rng.choice(self.frames[lang]['repeat']), lang, self.frames)
        text = frame.replace('$n', str(times)).replace('{}', clause.text)
        if self.rng.random() < 0.2 and times == 2 and lang == 'en':
            text = f'{clause.text} and then again'
        return text, self._plan(clause.tags * times, lang)

    def _emphatic(self, lang: str, _: str) -> Optional[tuple[str, str]]:
        clause = self.clause(lang, even=0.9)
        if len(clause.text.split() if lang == 'en' else clause.text) > 3:
            return None
        joint = self.rng.choice([' ', ', '] if lang == 'en' else ['', '，'])
        return (joint.join([clause.text] * self.rng.choice((2, 3))),
                self._plan(clause.tags, lang))

    # no motion

    def _no_motion(self, lang: str, category: str) -> Optional[tuple[str, str]]:
        clause = self.clause(lang, even=0.7)
        if _is_a_wish(category, clause, lang):
            return None
        text = self._place(self.rng.choice(self.frames[lang][category]), lang,
                           {'': clause.text, 'wrong': self.clause(lang).text})
        return None if text is None else (text, self.talk['frames'][lang][category])

    def _remote_frame(self, lang: str, _: str) -> Optional[tuple[str, str]]:
        text = self._place(self.rng.choice(self.frames[lang]['remote']), lang,
                           {'': self.clause(lang).text, 'wrong': self.clause(lang).text})
        return None if text is None else (text, self._remote_plan(lang))

    def _talk(self, lang: str, _: str) -> tuple[str, str]:
        group = self.rng.choice(self.talk['talk'][lang])
        rules = {**self.frames[lang]['rules'], **self.talk['rules'][lang]}
        text = expand(self.rng.choice(group['say']), rules, self.rng)
        if self.rng.random() < 0.3:
            text = self._expand(self.rng.choice(self.frames[lang]['call']), lang,
                                self.frames).replace('{}', text)
        return text, group['reply']

    def _remote(self, lang: str, _: str) -> tuple[str, str]:
        part = self.remote[lang]
        text = expand(self.rng.choice(part['say']), part['rules'], self.rng)
        if self.rng.random() < 0.5:
            frame = self.rng.choice(
                self.frames[lang]['call' if self.rng.random() < 0.5 else 'request'])
            text = self._place(frame, lang, {'': text}) or text
        if self.rng.random() < 0.1:
            first = self.clause(lang).text
            text = f'{first} {"and" if lang == "en" else "然后"} {text}'
        return text, self._remote_plan(lang)

    # pieces

    def _different(self, lang: str, n: int) -> list[Clause]:
        """
        Return n commands for one sentence, a stop at most as the plain word.

        No two neighbours are alike. Some sentences are a way to go, some a show of short words.
        """
        kind = self.rng.choices(('way', 'show', 'any'), _SENTENCES)[0]
        clauses: list[Clause] = []
        while len(clauses) < n:
            clause = self.clause(lang, alone=0.15, even=0.8 if kind == 'show' else 0.4)
            if kind == 'way' and clause.name not in ('MOVE', 'TURN'):
                continue
            if kind == 'show' and (clause.name in ('MOVE', 'SPEED', 'AVOID')
                                   or len(clause.text) > _SHORT[lang]):
                continue
            if clause.name == 'STOP':
                clause = Clause(self.rng.choice(_STOPS[lang]), clause.tags)
            if clause.tags not in [c.tags for c in (clauses if kind == 'any' else clauses[-1:])]:
                clauses.append(clause)
        return clauses

    def _request(self, text: str, lang: str, whole: bool) -> str:
        """Return the text in none, one or two frames that keep it a command."""
        frames = self.frames[lang]['request' if whole else 'call']
        for _ in range(self.rng.choice((0, 0, 1, 1, 1, 1, 2))):
            framed = self._place(self.rng.choice(frames), lang, {'': text})
            text = framed or text
            frames = self.frames[lang]['call']
        return text

    def _place(self, frame: str, lang: str, parts: dict[str, str]) -> Optional[str]:
        """Return the frame with its commands, or None where a verb has no such form."""
        fitting = True

        def put(match: 're.Match[str]') -> str:
            nonlocal fitting
            key = match[1] or ''
            form = 0 if key.endswith('ing') else 1 if key.endswith('past') else None
            key = re.sub(r'_?ing$|past$', '', key)
            text = parts[key]
            if form is None:
                return text
            verb, _, rest = text.partition(' ')
            forms = self.frames[lang].get('verbs', {}).get(verb)
            fitting = fitting and forms is not None
            return f'{forms[form]} {rest}'.strip() if forms else text

        text = _PLACE.sub(put, self._expand(frame, lang, self.frames))
        return text if fitting else None

    def _expand(self, pattern: str, lang: str, files: dict[str, dict[str, Any]]) -> str:
        return expand(pattern, files[lang]['rules'], self.rng)

    def _fill(self, text: str, tags: str) -> tuple[str, str]:
        """Return text and tags with the same random amounts in their slots."""
        values: dict[str, str] = {}

        def amount(match: 're.Match[str]') -> str:
            slot = match[1]
            kind = 'deg' if 'deg' in slot else 'm'
            value = 1.0 if slot == 'one' else draw_amount(self.rng, kind)
            values[slot] = canonical(value, kind)
            return f' {values[slot]} '

        text = _SLOT.sub(amount, text)
        return (' '.join(text.split()),
                _SLOT.sub(lambda m: values[m[1]].split()[0], tags))

    def _plan(self, tags: str, lang: str) -> str:
        """Return the plan text of tags, with the reply that goes with them."""
        actions: tuple[Action, ...] = parse(tags).actions
        replies = self.talk['replies'][lang]
        return str(Plan(actions, replies[actions[0].name if len(actions) == 1 else 'sequence']))

    def _remote_plan(self, lang: str) -> str:
        return self._plan('[REMOTE]', lang)

    def _roughen(self, text: str, lang: str) -> str:
        """Return the text as people type and recognisers write."""
        return roughen(text, lang, self.frames[lang].get('slips', {}), self.rng)


def draw_amount(rng: random.Random, kind: str) -> float:
    """Return a length in metres or an angle in degrees, as often as people say such ones."""
    roll = rng.random()
    if kind == 'deg':
        if roll < 0.55:
            return float(rng.choice((15, 30, 45, 60, 90, 90, 90, 120, 135, 180, 180, 270, 360,
                                     360, 540, 720)))
        if roll < 0.8:
            return 5.0 * rng.randint(1, 80)
        return float(rng.randint(1, 400)) if roll < 0.97 else round(rng.uniform(1, 400), 1)
    if roll < 0.4:
        return rng.choice((0.5, 1.0, 1.5, 2.0, 2.0, 2.5, 3.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0))
    if roll < 0.6:
        return round(0.3 * rng.randint(1, 12), 2)
    if roll < 0.72:
        return round(0.3048 * rng.randint(1, 15), 2)
    if roll < 0.84:
        return 0.05 * rng.randint(1, 30)
    return rng.uniform(0.05, 9.0) if roll < 0.97 else float(rng.randint(10, 300))


def _is_a_wish(category: str, clause: Clause, lang: str) -> bool:
    """Return whether a command in a frame of no motion may still be meant: "don't go", 别转."""
    if category in ('ability', 'hypothetical') and (
            clause.name in ('SPEED', 'AVOID', 'DAMP') or _FOR_SOMEONE.search(clause.text)):
        return True
    if category not in ('negation', 'postponed'):
        return clause.name == 'STOP'
    if category == 'negation' and len(clause.text) < (4 if lang == 'zh' else 8) \
            and clause.name in ('MOVE', 'SPEED', 'TURN'):
        return True
    return clause.name in (('STOP', 'AVOID', 'MOVE', 'STAND') if lang == 'zh'
                           else ('STOP', 'AVOID'))


def _by_name(entries: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the entries of each first action."""
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        found.setdefault(entry['plan'][1:].split(']')[0].split(' ')[0], []).append(entry)
    return found


def collisions(examples: Iterable[Example]) -> list[tuple[Example, Example]]:
    """Return pairs of examples whose texts the model reads alike but whose plans differ."""
    first: dict[str, Example] = {}
    clashes = []
    for example in examples:
        other = first.setdefault(normalise(example.text), example)
        if other.plan != example.plan:
            clashes.append((other, example))
    return clashes
