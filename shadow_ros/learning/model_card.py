"""
The model card: what a model folder's README says of data, training, scores and mistakes.

What stands between the markers is written anew by each evaluation that is saved; the rest is
for people to write.
"""

from pathlib import Path
import re
from typing import Any, Mapping

from shadow_ros.learning.page import HEADLINES, value

README = 'README.md'
_BEGIN, _END = '<!-- scores -->', '<!-- end of scores -->'
_BETWEEN = re.compile(f'{_BEGIN}.*?{_END}', re.S)
_SHOWN = 12  # mistakes

_TEMPLATE = """\
---
license: apache-2.0
language: [en, zh]
library_name: shadow_ros
pipeline_tag: text-generation
---
# {name}

{what}

{begin}
Not measured yet: `shadow-ros evaluate {name} --calibrate --save`.
{end}

## Training

`recipe.json` is the whole recipe: `shadow-ros train --run DIR` with that file in DIR makes the
model again, from the same corpus (`shadow_intent.json` has its hashes). Seed {seed},
{parameters:,} parameters, {hours:.2f} CPU hours.
{data}
"""


def write_card(folder: Path, what: str, recipe: Any, parameters: int, hours: float) -> None:
    """Write the card of a model that was just made."""
    data = ('Beside the corpus of shadow_ros it saw public requests '
            f'({Path(recipe.negatives).name}) as examples of what must never move a robot; name '
            'their sources and licences here.' if recipe.negatives
            else 'It saw nothing but the corpus of shadow_ros.')
    (folder / README).write_text(_TEMPLATE.format(
        name=folder.name, what=what, begin=_BEGIN, end=_END, seed=recipe.seed,
        parameters=parameters, hours=hours, data=data), encoding='utf-8')


def write_scores(folder: Path, details: Mapping[str, Any]) -> bool:
    """Put the scores between the markers of the folder's card; False where there are none."""
    path = folder / README
    text = path.read_text('utf-8') if path.is_file() else ''
    if not _BETWEEN.search(text):
        return False
    path.write_text(_BETWEEN.sub(lambda _: f'{_BEGIN}\n{scores(details)}{_END}', text), 'utf-8')
    return True


def scores(details: Mapping[str, Any]) -> str:
    """Return headlines, categories and some mistakes as Markdown."""
    head = ''.join(f'| {label} | {value(key, details[key])} |\n'
                   for key, label in HEADLINES.items() if key in details)
    groups = ''.join(f'| {name} | {100 * found["exact"]:.1f} % | {found["count"]} |\n'
                     for name, found in details['categories'].items())
    errors = sorted(details['errors'], key=lambda e: (not e['false_motion'], -e['confidence']))
    wrong = ''.join(f'| {_plain(e["text"])} | {e["wanted"] or "talk"} | {e["got"] or "talk"} '
                    f'| {e["confidence"]:.2f} |\n' for e in errors[:_SHOWN])
    return (f'## Scores\n\n| | |\n|---|---|\n{head}\n| category | exact | of |\n|---|---|---|\n'
            f'{groups}\nIts surest mistakes, motion that nobody asked for first:\n\n'
            f'| text | wanted | thought | confidence |\n|---|---|---|---|\n{wrong}')


def _plain(text: str) -> str:
    """Return a text that does no harm to a table."""
    return text.replace('|', '/').replace('\n', ' ')
