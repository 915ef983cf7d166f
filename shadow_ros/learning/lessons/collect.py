"""Bags and review files to lessons, in one step."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterable, Iterator

from shadow_ros.bags.reader import read_bags
from shadow_ros.bags.salvage import Trouble
from shadow_ros.learning.lessons.exchange import exchanges
from shadow_ros.learning.lessons.lesson import Lesson, lessons, SOURCES
from shadow_ros.learning.lessons.review import is_review, read_review
from shadow_ros.learning.lessons.tidy import Conflict, tidy


@dataclass
class Collected:
    """Tidy lessons, labels that contradict each other, and what could not be read."""

    lessons: list[Lesson] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)

    @property
    def used(self) -> list[Lesson]:
        """Return the lessons to be trained on."""
        return [lesson for lesson in self.lessons if lesson.use]

    def summary(self) -> Iterator[str]:
        """Yield how many lessons there are of each source, and how many of them are used."""
        for source in SOURCES:
            some = [lesson for lesson in self.lessons if lesson.source == source]
            if some:
                used = sum(lesson.use for lesson in some)
                yield f'{source:>10}  {len(some):4}, used {used}'
        sessions = {lesson.session for lesson in self.lessons}
        yield f'{"together":>10}  {len(self.lessons):4}, used {len(self.used)}, from ' \
              f'{len(sessions)} sessions'


def collect(paths: Iterable[Path]) -> Collected:
    """
    Return what bags and review files teach, or raise BagError where one is neither.

    What a review file says about a plan takes the place of what its bag says.
    """
    files = list(paths)
    bags = read_bags([path for path in files if not is_review(path)])
    joined, troubles = exchanges(bags)
    reviewed = [lesson for path in files if is_review(path) for lesson in read_review(path)]
    known = {lesson.plan_id for lesson in reviewed if lesson.plan_id}
    own = [lesson for lesson in lessons(joined) if lesson.plan_id not in known]
    tidied, conflicts = tidy([*own, *reviewed])
    return Collected(tidied, conflicts, [*bags.troubles, *troubles])
