"""
Rounds: the trainings that a model's weights have been through, oldest first.

    begin(run, recipe)      # a run notes what the models that it goes on from have been through
    record(run, folder)     # its model keeps that, and its own round after it
    rounds('models/edge')[0].recipe.seed

A round that was broken off counts with the steps that it made, as its log tells.
"""

from dataclasses import asdict, dataclass, field, replace
import json
from pathlib import Path
from typing import Any, Iterable, Mapping, Union

from shadow_ros.learning.data import sources
from shadow_ros.learning.progress import read_log
from shadow_ros.learning.recipe import Recipe, RECIPE_FILE
from shadow_ros.learning.saved import unfinished

ROUNDS_FILE = 'rounds.json'  # in a model folder: all rounds
EARLIER_FILE = 'earlier.json'  # in a run folder: those before it


@dataclass(frozen=True)
class Spent:
    """What a stage has cost: steps and CPU hours."""

    steps: int
    cpu_hours: float


@dataclass(frozen=True)
class Round:
    """A recipe, what was made of it by stage, and where its public negatives are from."""

    recipe: Recipe
    stages: Mapping[str, Spent] = field(default_factory=dict)
    sources: tuple[str, ...] = ()

    @property
    def cpu_hours(self) -> float:
        """Return the CPU hours of all stages."""
        return sum(stage.cpu_hours for stage in self.stages.values())


def begin(run: Path, recipe: Recipe) -> None:
    """Note in the run folder the rounds before this one, while they can be found."""
    if not (run / EARLIER_FILE).is_file():
        _write(run / EARLIER_FILE, _before(recipe))


def record(run: Path, folder: Path) -> None:
    """Write a run's recipe and all rounds into the folder of the model that it made."""
    folder.mkdir(parents=True, exist_ok=True)
    public(Recipe.load(run)).save(folder)
    _write(folder / ROUNDS_FILE, rounds(run))


def rounds(folder: Union[str, Path]) -> list[Round]:
    """Return the rounds of a model or a run, none of what was not made here."""
    folder = Path(folder)
    if (folder / ROUNDS_FILE).is_file():
        return _read(folder / ROUNDS_FILE)
    if not (folder / RECIPE_FILE).is_file():
        return []
    recipe = Recipe.load(folder)
    earlier = (_read(folder / EARLIER_FILE) if (folder / EARLIER_FILE).is_file()
               else _before(recipe))
    return [*earlier, Round(public(recipe), _spent(folder), sources(recipe.negatives))]


def public(recipe: Recipe) -> Recipe:
    """Return the recipe without this machine's paths; names are enough to find the parts again."""
    return replace(recipe, own=Path(recipe.own).name,
                   keep_out=tuple(Path(path).name for path in recipe.keep_out),
                   **{key: Path(getattr(recipe, key)).name
                      for key in ('negatives', 'start_from', 'backbone_from')})


def _before(recipe: Recipe) -> list[Round]:
    """Return the rounds of all that a recipe goes on from, each once."""
    found: list[Round] = []
    for name in (recipe.start_from, recipe.backbone_from, recipe.shadow, recipe.backbone):
        found += [past for past in rounds(name) if past not in found] if name else []
    return found


def _spent(run: Path) -> dict[str, Spent]:
    """Return steps and CPU hours of each stage of a run's log, as far as its weights are kept."""
    found: dict[str, Spent] = {}
    for row in read_log(run):
        before = found.get(row['stage'], Spent(0, 0.0))
        kept = unfinished(run, row['stage'])
        if kept is not None and row['step'] > kept:
            continue
        found[row['stage']] = Spent(max(before.steps, row['step']),
                                    max(before.cpu_hours, round(row['cpu_seconds'] / 3600, 3)))
    return found


def _write(path: Path, found: Iterable[Round]) -> None:
    """Write rounds as JSON."""
    path.write_text(json.dumps([asdict(each) for each in found], indent=1) + '\n', 'utf-8')


def _read(path: Path) -> list[Round]:
    """Return the rounds of a file of _write."""
    return [_round(row) for row in json.loads(path.read_text('utf-8'))]


def _round(row: Mapping[str, Any]) -> Round:
    """Return the round of a JSON object."""
    return Round(Recipe.from_dict(row['recipe']),
                 {name: Spent(**spent) for name, spent in row['stages'].items()},
                 tuple(row['sources']))
