"""
Backbone: a large model with its shadow attached, loaded and ready to be asked.

    backbone = Backbone.load()                                   # the shipped pair
    backbone = Backbone.load('runs/home')                        # a folder with both
    backbone = Backbone.load('Qwen/Qwen3-8B', shadow='ORG/ADAPTER', stack='ORG/DETACHED')
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from shadow_ros.cloud.dialect import Chat, Dialect, Marked
from shadow_ros.errors import ModelError
from shadow_ros.intent.card import CARD_FILE, IntentCard
from shadow_ros.intent.engine import find_shipped_model

SHIPPED = 'backbone'
_TINY = 100_000_000  # parameters; below, one CPU thread beats more threads and a GPU


@dataclass(frozen=True)
class Backbone:
    """A ShadowedModel, how it is spoken to, and its name, calibration and turns."""

    model: Any
    dialect: Dialect
    name: str
    temperature: float = 1.0
    turns: int = 4

    @classmethod
    def load(cls, where: str = '', shadow: str = '', stack: str = '', device: str = 'auto',
             precision: str = '') -> 'Backbone':
        """
        Return the backbone of a folder or hub id, or raise ModelError.

        Without `shadow` the folder holds both, as training writes it; '' is the shipped pair.
        `shadow` is an adapter, `stack` the detached model that an explicit shadow is made of.
        """
        from shadow_ros.shadow.folder import load_attached, load_backbone
        from shadow_ros.shadow.hub import model_folder
        from shadow_ros.shadow.model import ShadowedModel
        from shadow_ros.shadow.projected import ProjectedShadow
        if not shadow:
            folder = Path(where) if where else shipped_backbone()
            model: Any = load_attached(folder)
        else:
            folder = model_folder(where)
            inner = ProjectedShadow.load(stack) if stack else None
            model = ShadowedModel.load(load_backbone(where), shadow, inner)
        model = _placed(model, device, precision)
        return cls(model, *_manners(folder, where or folder.name))


def shipped_backbone() -> Path:
    """Return the folder of the shipped pair, beside that of the edge model."""
    folder = find_shipped_model().parent / SHIPPED
    if not (folder / CARD_FILE).is_file():
        raise ModelError(f'{folder} is not there; give the folder of a backbone with its shadow: '
                         'shadow-ros serve FOLDER')
    return folder


def _manners(folder: Path, name: str) -> tuple[Dialect, str, float, int]:
    """Return how the model of the folder is spoken to, its name, temperature and turns."""
    if (folder / CARD_FILE).is_file():
        from shadow_ros.intent.tokens import Codec
        card = IntentCard.load(folder)
        return Marked(Codec.load(folder), card.turns), card.name, card.temperature, card.turns
    from transformers import AutoTokenizer
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise ModelError(f'{folder} has no tokenizer that transformers opens: '
                         f'{str(error).splitlines()[0]}') from error
    return Chat(tokenizer), name, 1.0, 4


def _placed(model: Any, device: str, precision: str) -> Any:
    """Return the model where and as precisely as it is to run."""
    import torch
    from shadow_ros.shadow.runtime import PRECISIONS
    if device not in ('auto', 'cpu', 'cuda') or precision not in ('', *PRECISIONS):
        raise ModelError('expected device auto, cpu or cuda and precision '
                         f'{", ".join(PRECISIONS)}, got {device!r} and {precision!r}')
    if device == 'cuda' and not torch.cuda.is_available():
        raise ModelError('the device cuda was asked for, but torch finds no CUDA here; use auto')
    tiny = is_tiny(model)
    gpu = device == 'cuda' or device == 'auto' and not tiny and torch.cuda.is_available()
    dtype = PRECISIONS[precision or ('bfloat16' if gpu else 'float32')]
    return model.to(device='cuda' if gpu else 'cpu', dtype=dtype).eval()


def is_tiny(model: Any) -> bool:
    """Return whether more than one CPU thread would only make the model slower."""
    count: Optional[int] = sum(p.numel() for p in model.parameters())
    return (count or 0) < _TINY
