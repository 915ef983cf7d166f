"""Tidying: one lesson a text, labels that contradict each other are reported and not used."""

from dataclasses import dataclass, replace
import re
from typing import Iterable, Mapping, Sequence

from shadow_ros.intent.amounts import normalise
from shadow_ros.learning.lessons.lesson import Lesson
from shadow_ros.plan import parse

CONFLICT = 'conflict'
"""How the note of a lesson begins that contradicts another."""


_MARKS = re.compile(r'[^\w\s.\-]|\.(?![0-9])')


def key(text: str) -> str:
    """Return a text as it is compared: amounts in one form, without punctuation."""
    return ' '.join(_MARKS.sub(' ', normalise(text)).split())


@dataclass(frozen=True)
class Conflict:
    """
    A text to which several plans are said to belong; `where` tells by whom each.

    `used` says that the last of them is trained on all the same.
    """

    text: str
    plans: tuple[str, ...]
    where: str
    used: bool = False

    def __str__(self) -> str:
        plans = ' or '.join(plan or 'no motion' for plan in self.plans)
        use = 'the last is used, it was reviewed' if self.used else 'not used'
        return f'{self.text!r}: {plans} ({self.where}); {use}'


def tidy(found: Iterable[Lesson]) -> tuple[list[Lesson], list[Conflict]]:
    """Return one lesson for each text and use, and the conflicts among those to be used."""
    groups: dict[str, list[Lesson]] = {}
    rest: list[Lesson] = []
    for lesson in found:
        if lesson.use:
            groups.setdefault(key(lesson.text), []).append(lesson)
        else:
            rest.append(lesson)
    used, conflicts = [], []
    for group in groups.values():
        strong = [lesson for lesson in group if not lesson.weak] or group
        plans = _plans(strong)
        if len(plans) > 1:
            conflicts.append(Conflict(strong[0].text, tuple(plans), 'both by the user'))
            used += [_doubted(lesson, plans) for lesson in group]
        else:
            used.append(_merged(strong))
            used += [_doubted(lesson, plans) for lesson in group
                     if lesson.weak and parse(lesson.plan) != parse(strong[0].plan)]
    return sorted([*used, *_once(rest)], key=lambda x: (x.time, x.plan_id)), conflicts


def against(found: Sequence[Lesson], known: Mapping[str, str],
            where: str) -> tuple[list[Lesson], list[Conflict]]:
    """
    Return the lessons, those not used that contradict plans already known, and these conflicts.

    `known` maps the keys of texts to plans. What a person has reviewed is the person's wish: it is
    used all the same, and still told; but nobody's file makes a flip of what is known as a plain
    command or as talk.
    """
    result, conflicts = [], []
    for lesson in found:
        plan = known.get(key(lesson.text)) if lesson.use else None
        if plan is None or parse(plan).actions == parse(lesson.plan).actions:
            result.append(lesson)
            continue
        wished = lesson.source == 'reviewed' and not lesson.bold
        conflicts.append(Conflict(lesson.text, (_tags(plan), lesson.plan), where, wished))
        result.append(lesson if wished else _doubted(lesson, [_tags(plan), lesson.plan]))
    return result, conflicts


def without(found: Sequence[Lesson], texts: Iterable[str], why: str) -> list[Lesson]:
    """Return the lessons, those not used whose texts must not be trained on."""
    keys = {key(text) for text in texts}
    return [replace(lesson, use=False, note=why)
            if lesson.use and key(lesson.text) in keys else lesson for lesson in found]


def _plans(group: Sequence[Lesson]) -> list[str]:
    return list(dict.fromkeys(lesson.plan for lesson in group))


def _merged(group: Sequence[Lesson]) -> Lesson:
    """Return the first of lessons that say the same, with how many they are."""
    best = next((lesson for lesson in group if lesson.source == 'reviewed'), group[0])
    return replace(best, count=sum(lesson.count for lesson in group))


def _doubted(lesson: Lesson, plans: Sequence[str]) -> Lesson:
    others = ' or '.join(plan or 'no motion' for plan in plans if plan != lesson.plan)
    return replace(lesson, use=False, note=f'{CONFLICT}: elsewhere it is {others}')


def _once(found: Sequence[Lesson]) -> list[Lesson]:
    """Return lessons that are not used, the same ones once."""
    groups: dict[tuple[str, str, str], list[Lesson]] = {}
    for lesson in found:
        groups.setdefault((key(lesson.text), lesson.plan, lesson.source), []).append(lesson)
    return [_merged(group) for group in groups.values()]


def _tags(plan: str) -> str:
    return ''.join(str(action) for action in parse(plan).actions)
