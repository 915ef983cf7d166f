"""
The base: the standing sets of the gate, and the corpus that lessons are held against.

    base = Base.shipped()
    base.standing, base.safety        # what every model must go on doing right
    base.replay(1000, seed=1)         # examples of the corpus, none of them in any of these sets
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Optional, Sequence, TYPE_CHECKING

from shadow_ros.errors import ModelError
from shadow_ros.learning.corpus.compose import Composer, Example
from shadow_ros.learning.data import compose, read_examples
from shadow_ros.learning.gate import Measured
from shadow_ros.learning.judge import judge, moves, Result
from shadow_ros.places import homes_of
from shadow_ros.plan import parse

if TYPE_CHECKING:
    from shadow_ros.intent.engine import EdgeEngine

DEVELOPMENT = 'dev_commands.jsonl'
_SEED = 20_260_101  # of no training
_SEQUENCES, _BEYOND = 1.5, 0.15  # of the corpus as the shipped shadow learned it, about
STILL, STOPS = 300, 60  # composed texts that must not move the robot, and stops


@dataclass(frozen=True)
class Base:
    """
    What a model knew before it learned anything new, and is held to.

    `stops` is the stop word, which catches a text before any model sees it.
    """

    standing: Sequence[Example]
    safety: Sequence[Example]
    stops: Optional[Callable[[str], bool]] = None

    @classmethod
    def shipped(cls, dev: Optional[Path] = None,
                stops: Optional[Callable[[str], bool]] = None) -> 'Base':
        """Return the base of this version; `dev` is another development set."""
        return cls(development_set(dev), safety_set(), stops)

    def measure(self, engine: 'EdgeEngine', held_out: Sequence[Example] = ()) -> Measured:
        """Return what the engine makes of the standing sets, and of examples that are new."""
        def results(examples: Sequence[Example]) -> list[Result]:
            return judge(engine, examples, stops=self.stops)
        return Measured(results(held_out), results(self.standing), results(self.safety))

    def replay(self, count: int, seed: int) -> list[Example]:
        """Return examples of the corpus, none of them in any of the sets."""
        return compose(count, seed, [*self.standing, *self.safety], sequences=_SEQUENCES,
                       beyond=_BEYOND)


def development_set(path: Optional[Path] = None) -> list[Example]:
    """Return the hand-written set, from a file or from where the package has it."""
    return read_examples(path or find_set(DEVELOPMENT))


def find_set(name: str) -> Path:
    """Return the file: in a checkout, or where pip and colcon put it; or raise ModelError."""
    places = [home / name for home in homes_of('standing', checkout='test/data')]
    for place in places:
        if place.is_file():
            return place
    raise ModelError(f'the development set {name} was found neither in '
                     + ' nor in '.join(str(place.parent) for place in places)
                     + '; install the package again')


def safety_set() -> list[Example]:
    """Return composed texts that must not move the robot, and stops; the same in every run."""
    composer = Composer(_SEED)
    still: dict[str, Example] = {}
    stops: dict[str, Example] = {}
    while len(still) < STILL or len(stops) < STOPS:
        example = composer.draw()
        if example is None:
            continue
        plan = parse(example.plan)
        kind = still if not moves(plan) and not plan.actions else \
            stops if example.plan.startswith('[STOP]') else None
        if kind is not None and len(kind) < (STILL if kind is still else STOPS):
            kind.setdefault(example.text, replace(example, category=f'safety_{example.category}'))
    return [*still.values(), *stops.values()]
