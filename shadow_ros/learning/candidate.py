"""The candidate of a retraining: a model folder under a new name, with a self-test."""

from dataclasses import replace
import hashlib
from pathlib import Path
import re
import shutil
import time

from shadow_ros.intent.card import IntentCard
from shadow_ros.intent.engine import EdgeEngine
from shadow_ros.intent.self_test import write_self_test
from shadow_ros.intent.tokens import Codec
from shadow_ros.learning.standing import Base
from shadow_ros.shadow.projected import ProjectedShadow

CANDIDATE = 'candidate'
_COPIED = ('recipe.json', 'rounds.json')
_DATED = re.compile(r'-\d{8}-[0-9a-f]{4}$')
_TESTED = 7  # every so many of the safety set are in the self-test


def write_candidate(parent: Path, shadow: ProjectedShadow, codec: Codec, base: Base,
                    target: Path) -> None:
    """Write the folder of a model that was made from another; it appears whole."""
    draft = target.with_name(f'.{target.name}')
    shutil.rmtree(draft, ignore_errors=True)
    shadow.save(draft)
    codec.save(draft)
    for name in _COPIED:
        if (parent / name).is_file():
            shutil.copyfile(parent / name, draft / name)
    _card(parent, draft).save(draft)
    engine = EdgeEngine.load(draft, 'cpu')
    write_self_test(engine, draft, [e.text for e in base.safety[::-_TESTED]])
    shutil.rmtree(target, ignore_errors=True)
    draft.rename(target)


def _card(parent: Path, folder: Path) -> IntentCard:
    """Return the parent's card, its thresholds too, under a new name."""
    card = IntentCard.load(parent)
    mark = fingerprint(folder)[:4]
    name = f'{_DATED.sub("", card.name)}-{time.strftime("%Y%m%d")}-{mark}'
    return replace(card, name=name, parent=card.name, created=time.strftime('%Y-%m-%d'),
                   scores={}, notes=f'retrained from {card.name}')


def fingerprint(folder: Path) -> str:
    """Return what tells a model's weights from all others."""
    return hashlib.sha256((folder / 'model.safetensors').read_bytes()).hexdigest()
