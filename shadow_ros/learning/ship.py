"""Model folders of a run: the shadow alone, and the backbone with its shadow."""

from pathlib import Path
import time
from typing import Optional

from accelerate import PartialState
import torch

from shadow_ros.intent.card import IntentCard
from shadow_ros.learning.data import corpus_hashes, hashes
from shadow_ros.learning.model_card import write_card
from shadow_ros.learning.rounds import record
from shadow_ros.learning.train import Made
from shadow_ros.shadow.folder import save_attached

EDGE, BACKBONE = 'edge', 'backbone'
_WHAT = (
    'A detached shadow: it turns English and Mandarin commands for a robot dog into plans of the '
    'action language, alone, on the robot.',
    'A backbone with its shadow attached: it carries out what the shadow alone passes on. '
    '`shadow-ros serve` runs it.')
TURNS = 2  # earlier ones in the examples of what refers to them


def ship(made: Made, run: Path, edge: Optional[Path] = None,
         backbone: Optional[Path] = None) -> list[Path]:
    """
    Write what was made as model folders, in the run folder where no other is given.

    Scores, temperature and threshold are the evaluation's part; they stay while the weights do.
    """
    if not PartialState().is_main_process:
        return []
    recipe = made.recipe
    dtype = torch.bfloat16 if recipe.precision == 'bf16' else torch.float16
    folders = [edge or run / EDGE]
    before = {folder: hashes(folder.glob('*.safetensors'))
              for folder in (*folders, backbone or run / BACKBONE)}
    made.edge.save(folders[0], dtype)
    if made.attached is not None:
        folders.append(backbone or run / BACKBONE)
        save_attached(made.attached, folders[1], dtype, recipe.backbone)
    for folder, what in zip(folders, _WHAT):
        made.codec.save(folder)
        record(run, folder)
        if hashes(folder.glob('*.safetensors')) == before[folder]:
            continue  # a finished run, made again: what was measured since holds
        IntentCard(name=folder.name, turns=TURNS if recipe.beyond else 0,
                   data=corpus_hashes(recipe.negatives or None),
                   parent=Path(recipe.start_from or recipe.shadow).name,
                   created=time.strftime('%Y-%m-%d')).save(folder)
        model = made.edge if folder == folders[0] else made.attached
        write_card(folder, f'{what} {sum(p.numel() for p in model.parameters()):,} parameters.')
    return folders
