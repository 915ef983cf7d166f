"""
The base: the standing sets of the gate, and the corpus that is replayed, so nothing is forgotten.

    base = Base.shipped()
    base.standing, base.safety        # what every model must go on doing right
    base.trial                        # other such sets, by which a candidate is settled before
    base.replay(1000, seed=1)         # examples of the corpus, none of them in any of these sets
"""

from dataclasses import dataclass, replace
from pathlib import Path
import random
from typing import Callable, Iterator, Optional, Sequence, TYPE_CHECKING

from shadow_ros.errors import ModelError
from shadow_ros.intent.amounts import normalise
from shadow_ros.learning.corpus.compose import CATEGORIES, Composer, Example
from shadow_ros.learning.corpus.noise import typo
from shadow_ros.learning.data import compose, read_examples
from shadow_ros.learning.gate import Measured
from shadow_ros.learning.judge import judge, moves, Result
from shadow_ros.places import homes_of
from shadow_ros.plan import parse

if TYPE_CHECKING:
    from shadow_ros.intent.engine import EdgeEngine

DEVELOPMENT, HELD = 'dev_commands.jsonl', 'dev_held.jsonl'
_SEED, _TRIAL_SEED = 20_260_101, 20_260_102  # of no training
_SEQUENCES, _BEYOND = 1.5, 0.15  # of the corpus as the shipped shadow learned it, about
_MANGLED = 0.08  # share of what is replayed that are stops, misspelt where they have letters
STILL, STOPS = 300, 60  # composed texts that must not move the robot, and stops


@dataclass(frozen=True)
class Base:
    """
    What a model knew before it learned anything new, and is held to.

    `stops` is the stop word, which catches a text before any model sees it. On the examples of
    `trial` thresholds are fitted and the like; nothing is fitted on those that judge.
    """

    standing: Sequence[Example]
    safety: Sequence[Example]
    stops: Optional[Callable[[str], bool]] = None
    trial: Optional['Base'] = None

    @classmethod
    def shipped(cls, dev: Optional[Path] = None,
                stops: Optional[Callable[[str], bool]] = None) -> 'Base':
        """Return the base of this version; `dev` is another development set."""
        standing, safety = development_set(dev), safety_set()
        judging = frozenset(normalise(e.text) for e in (*standing, *safety))
        held = [e for e in read_examples(find_set(HELD)) if normalise(e.text) not in judging]
        return cls(standing, safety, stops,
                   trial=cls(held, safety_set(_TRIAL_SEED, judging), stops))

    def measure(self, engine: 'EdgeEngine', held_out: Sequence[Example] = ()) -> Measured:
        """Return what the engine makes of the standing sets, and of examples that are new."""
        def results(examples: Sequence[Example]) -> list[Result]:
            return judge(engine, examples, stops=self.stops)
        return Measured(results(held_out), results(self.standing), results(self.safety))

    def by_hand(self) -> list[Example]:
        """Return the sets that people wrote."""
        return [*self.standing, *(self.trial.standing if self.trial else ())]

    def measures(self) -> list[Example]:
        """Return all that models are measured by, which none may learn from."""
        return [*self.by_hand(), *self.safety, *(self.trial.safety if self.trial else ())]

    def replay(self, count: int, seed: int) -> list[Example]:
        """
        Return examples of the corpus, none of them in any of the sets.

        There are more stops than in the corpus: no new word may come to look like a misspelt one.
        """
        measures = self.measures()
        stops = list(mangled_stops(round(_MANGLED * count), seed, measures))
        found = compose(count - len(stops), seed, measures, sequences=_SEQUENCES, beyond=_BEYOND)
        found += stops
        random.Random(seed).shuffle(found)
        return found


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


def mangled_stops(count: int, seed: int, but: Sequence[Example]) -> Iterator[Example]:
    """Yield so many stops, one of their longer words misspelt, none that is in `but`."""
    composer, taken = Composer(seed), {normalise(example.text) for example in but}
    composer.weights = [float(name == 'stop') for name in CATEGORIES]
    while count:
        example = composer.draw()
        assert example is not None
        if example.lang == 'en':
            example = replace(example, text=typo(example.text, composer.rng))
        if normalise(example.text) not in taken:
            count -= 1
            yield example


def safety_set(seed: int = _SEED, but: frozenset[str] = frozenset()) -> list[Example]:
    """
    Return composed texts that must not move the robot, and stops; the same in every run.

    No text is, normalised, one of `but`.
    """
    composer = Composer(seed)
    still: dict[str, Example] = {}
    stops: dict[str, Example] = {}
    while len(still) < STILL or len(stops) < STOPS:
        example = composer.draw()
        if example is None or normalise(example.text) in but:
            continue
        plan = parse(example.plan)
        kind = still if not moves(plan) and not plan.actions else \
            stops if example.plan.startswith('[STOP]') else None
        if kind is not None and len(kind) < (STILL if kind is still else STOPS):
            kind.setdefault(example.text, replace(example, category=f'safety_{example.category}'))
    return [*still.values(), *stops.values()]
