"""
The candidate of a retraining: the weights that are taken on, their thresholds and self-test.

    draft = Draft(parent, folder)
    for shadow in shadows:                # from all that was learned to what it was before
        if draft.write(shadow, trial, old).passed:
            break
    draft.finish(base, run / CANDIDATE)
"""

from dataclasses import replace
import hashlib
from pathlib import Path
import re
import shutil
import time

from shadow_ros.intent.card import IntentCard
from shadow_ros.intent.engine import EdgeEngine
from shadow_ros.intent.self_test import write_self_test
from shadow_ros.learning.gate import judge_pair, Measured, Verdict
from shadow_ros.learning.settle import calibrated, judged
from shadow_ros.learning.standing import Base
from shadow_ros.shadow.projected import ProjectedShadow

CANDIDATE = 'candidate'
_COPIED = ('tokenizer.json', 'recipe.json', 'rounds.json')
_DATED = re.compile(r'-\d{8}-[0-9a-f]{4}$')
_TESTED = 7  # every so many of the safety set are in the self-test


class Draft:
    """A model folder in the making; the model that it was made from is not touched."""

    def __init__(self, parent: Path, folder: Path) -> None:
        self.parent, self.folder = parent, folder

    def write(self, shadow: ProjectedShadow, trial: Base, old: Measured) -> Verdict:
        """
        Write the shadow with thresholds that suit it; return what it has lost by learning.

        Both by the trial sets, on which the old model's results are `old`.
        """
        shutil.rmtree(self.folder, ignore_errors=True)
        shadow.save(self.folder)
        for name in _COPIED:
            if (self.parent / name).is_file():
                shutil.copyfile(self.parent / name, self.folder / name)
        card = self._card()
        card.save(self.folder)
        new = trial.measure(EdgeEngine.load(self.folder, 'cpu'))
        card = calibrated(card, old, new)
        card.save(self.folder)
        found = (judged(results, card.threshold, card.bold)
                 for results in (new.standing, new.safety))
        return judge_pair(old, Measured((), *found), proof=False)

    def _card(self) -> IntentCard:
        """Return the parent's card under a new name."""
        parent = IntentCard.load(self.parent)
        mark = fingerprint(self.folder)[:4]
        name = f'{_DATED.sub("", parent.name)}-{time.strftime("%Y%m%d")}-{mark}'
        return replace(parent, name=name, parent=parent.name, created=time.strftime('%Y-%m-%d'),
                       scores={}, notes=f'retrained from {parent.name}')

    def finish(self, base: Base, target: Path) -> None:
        """Add the self-test; the target appears whole."""
        engine = EdgeEngine.load(self.folder, 'cpu')
        write_self_test(engine, self.folder, [e.text for e in base.safety[::-_TESTED]])
        shutil.rmtree(target, ignore_errors=True)
        self.folder.rename(target)


def fingerprint(folder: Path) -> str:
    """Return what tells a model's weights from all others."""
    return hashlib.sha256((folder / 'model.safetensors').read_bytes()).hexdigest()
