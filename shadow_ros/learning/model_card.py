"""
The model card: what a model folder's README says of data, training, scores and mistakes.

    write_card(folder, 'A detached shadow.')    # once; later calls leave the words alone
    write_scores(folder, details(results))

What stands between markers is written anew, from what lies in the folder and from each
evaluation that is saved; the rest is for people to write.
"""

from pathlib import Path
import re
from typing import Any, Mapping

from shadow_ros.learning.history import history
from shadow_ros.learning.page import HEADLINES, value

README = 'README.md'
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

<!-- scores -->
<!-- end of scores -->

<!-- training -->
<!-- end of training -->
"""


def write_card(folder: Path, what: str) -> None:
    """Write the card of a model that was just made; one that is there keeps its words alone."""
    path = folder / README
    if not path.is_file():
        path.write_text(_TEMPLATE.format(name=folder.name, what=what), encoding='utf-8')
    _replace(folder, 'scores',
             f'Not measured yet: `shadow-ros evaluate {folder.name} --calibrate --save`.\n')
    _replace(folder, 'training', history(folder))


def write_scores(folder: Path, details: Mapping[str, Any]) -> bool:
    """Put scores and history between the markers of the card; False where there are none."""
    _replace(folder, 'training', history(folder))
    return _replace(folder, 'scores', scores(details))


def _replace(folder: Path, name: str, new: str) -> bool:
    """Replace what stands between the markers of a name; False where there are none."""
    path = folder / README
    text = path.read_text('utf-8') if path.is_file() else ''
    between = re.compile(f'<!-- {name} -->.*?<!-- end of {name} -->', re.S)
    if not between.search(text):
        return False
    path.write_text(between.sub(
        lambda _: f'<!-- {name} -->\n{new}<!-- end of {name} -->', text), 'utf-8')
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
