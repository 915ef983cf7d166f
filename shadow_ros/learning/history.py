"""What a model card says of how the weights came to be: rounds, cost, data, and how to repeat."""

from pathlib import Path
from typing import Mapping, Optional, Sequence

from shadow_ros.intent.card import CARD_FILE, IntentCard
from shadow_ros.learning.recipe import preset, Recipe
from shadow_ros.learning.rounds import Round, rounds, ROUNDS_FILE

WATTS = 15  # of a busy core with its share of the machine; nothing here measures them
_STAGES = ('small', 'backbone', 'align', 'joint')
_LOGGED = {'align': 'aligned'}  # stage as the log names it, where the recipe has another word

ATTRIBUTIONS: Mapping[str, str] = {
    'clinc150': 'CLINC150 (Larson et al., EMNLP-IJCNLP 2019, CC BY 3.0)',
    'nlu-evaluation-data': 'NLU-Evaluation-Data (Liu et al., IWSDS 2019, CC BY 4.0)',
    'crosswoz': 'CrossWOZ (Zhu et al., TACL 2020, Apache 2.0)'}


def history(folder: Path) -> str:
    """Return the section on the training of a model folder, as Markdown."""
    made = rounds(folder)
    if not made:
        return '## Training\n\nNo recipe is stored with this model.\n'
    return '\n\n'.join(('## Training', _repeat(made), _table(made), _cost(made), _data(made),
                        _hashes(folder))) + '\n'


def _repeat(made: Sequence[Round]) -> str:
    """Return how the model is made again, and how nearly."""
    last = made[-1].recipe
    if len(made) == 1:
        files = [last.negatives, last.own, *last.keep_out]
        needed = ', '.join(f'`{name}`' for name in files if name)
        needed = f', where {needed} lie' if needed else ''
        return (f'`shadow-ros train --run DIR`, with this `recipe.json` in DIR{needed}, makes the '
                f'model again from the same corpus, with the recorded seed {last.seed}.')
    return (f'Made in {len(made)} rounds, each going on from the weights of those before it; '
            f'`{ROUNDS_FILE}` holds the recipe, seed and steps of each, `recipe.json` the last '
            'one. A round with fewer steps than its recipe names was broken off there. The corpus '
            'grew from round to round, so the present one does not make these weights again to '
            f'the bit. `shadow-ros train --preset tiny --seed {last.seed} --run DIR` makes models '
            f'of the same kind from nothing in one go{_one_go(made)}.')


def _one_go(made: Sequence[Round]) -> str:
    """Return how long the default recipe takes at the speed of these rounds, if they tell."""
    recipe = preset('tiny')
    same = {'hidden', 'intermediate', 'shadow_layers', 'backbone_layers'}
    if any(getattr(recipe, key) != getattr(made[-1].recipe, key) for key in same):
        return ''
    known = [hours for stage in _STAGES if (hours := _hours(stage, recipe, made)) is not None]
    least = '' if len(known) == len(_STAGES) else 'at least '
    return (f': {least}{sum(known):.1f} hours on one core at the speed of these rounds, reckoned '
            'and not run')


def _hours(stage: str, recipe: Recipe, made: Sequence[Round]) -> Optional[float]:
    """Return a stage's CPU hours in a recipe, by what an example of it cost in these rounds."""
    found = None
    for each in made:
        spent = each.stages.get(_LOGGED.get(stage, stage))
        if spent and spent.cpu_hours:
            found = spent.cpu_hours / (spent.steps * each.recipe.batch)
    return found and found * recipe.batch * int(getattr(recipe, f'{stage}_steps'))


def _table(made: Sequence[Round]) -> str:
    """Return the table of the rounds."""
    rows = [f'| {i} | {each.recipe.name} | {each.recipe.seed} | {each.recipe.examples:,} '
            f'| {_steps(each)} | {each.cpu_hours:.2f} |' for i, each in enumerate(made, start=1)]
    return '\n'.join(('| round | recipe | seed | composed examples | steps made | CPU hours |',
                      '|---|---|---|---|---|---|', *rows))


def _steps(each: Round) -> str:
    """Return the steps of a round's stages, with those planned where they are more."""
    found = []
    for name, spent in each.stages.items():
        key = next((k for k, logged in _LOGGED.items() if logged == name), name)
        planned = getattr(each.recipe, f'{key}_steps', each.recipe.tune_steps)
        found.append(f'{name} {spent.steps}' + (f' of {planned}' if planned > spent.steps else ''))
    return ', '.join(found)


def _cost(made: Sequence[Round]) -> str:
    """Return the energy of the training."""
    hours = sum(each.cpu_hours for each in made)
    return (f'Energy: {hours:.2f} CPU hours, about {hours * WATTS / 1000:.2f} kWh at {WATTS} W a '
            'busy core (assumed, not measured; a GPU, if there was one, is not in it).')


def _data(made: Sequence[Round]) -> str:
    """Return what was learned from, with licences."""
    names = sorted({name for each in made for name in each.sources})
    public = any(each.recipe.negatives for each in made)
    own = ' and examples of its owner' if any(each.recipe.own for each in made) else ''
    if not public:
        return f'Data: the corpus composed by `shadow_ros/learning/corpus`{own}, nothing else.'
    listed = '; '.join(ATTRIBUTIONS.get(name, f'{name} (name its authors and licence)')
                       for name in names) or 'name their authors and licences here'
    return (f'Data: the corpus composed by `shadow_ros/learning/corpus`{own}, and public requests '
            f'to assistants as examples of what must never move a robot: {listed}. They were '
            'filtered and given new labels (REMOTE or talk); one tenth, chosen by a hash of the '
            'text, was held out; the texts themselves are not part of the model or repository.')


def _hashes(folder: Path) -> str:
    """Return where the hashes of the data and the licence stand."""
    known = (folder / CARD_FILE).is_file() and IntentCard.load(folder).data
    return (f'`{CARD_FILE}` has the SHA-256 of each data file. ' if known else '') + \
        'Licence: Apache-2.0.'
