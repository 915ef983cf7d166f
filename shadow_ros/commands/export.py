"""`shadow-ros export`: a detached shadow as a plain Hugging Face folder, a program or ONNX."""

from pathlib import Path
import shutil
from typing import Any, Optional

import click

from shadow_ros.errors import ModelError

_BESIDE = ('tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json',
           'generation_config.json', 'shadow_intent.json')
_DTYPES = ('float32', 'bfloat16', 'float16')


@click.command()
@click.argument('folder', type=click.Path(path_type=Path))
@click.option('--model', metavar='DIR|ID', help='A projected shadow (default: the shipped model).')
@click.option('--adapter', metavar='DIR|ID',
              help='Instead: an adapter of shadow-peft or PEFT, whose shadow is taken off.')
@click.option('--backbone', metavar='DIR|ID', help='The backbone that the adapter belongs to.')
@click.option('--revision', metavar='NAME', help='Of a hub id: a branch, tag or commit.')
@click.option('--dtype', type=click.Choice(_DTYPES),
              help='Precision of the weights that are written (default: float16 in a folder, '
              'float32 in a program).')
@click.option('--form', type=click.Choice(('plain', 'projected', 'program', 'onnx')),
              default='plain', show_default=True,
              help='plain: opens with AutoModelForCausalLM; projected: opens with shadow_ros and '
              'shadow-peft; program: the decode step as torch.export has it; onnx: any pass, '
              'cache in and cache out.')
@click.option('--limit', default=256, show_default=True, help='For a program: tokens it holds.')
def export(folder: Path, model: Optional[str], adapter: Optional[str], backbone: Optional[str],
           revision: Optional[str], dtype: Optional[str], form: str, limit: int) -> None:
    """Write a detached shadow into FOLDER, for programs that do not know this one."""
    if (adapter is None) != (backbone is None) or (adapter and model):
        raise ModelError('expected --adapter and --backbone together, or --model alone')
    if folder.exists() and any(folder.iterdir() if folder.is_dir() else [folder]):
        raise ModelError(f'{folder} must be empty or new; give another folder')
    from transformers.utils import logging
    quiet: Any = logging.disable_progress_bar
    quiet()
    shadow, source = (_of_adapter(adapter, str(backbone), revision) if adapter
                      else _projected(model, revision))
    folders = ('plain', 'projected')
    _write(shadow, folder, form, dtype or ('float16' if form in folders else 'float32'), limit)
    for name in _BESIDE:
        if (source / name).is_file() and not (folder / name).exists():
            shutil.copy(source / name, folder / name)
    click.echo(f'wrote {", ".join(sorted(f.name for f in folder.iterdir()))} to {folder}')


def _write(shadow: Any, folder: Path, form: str, dtype: str, limit: int) -> None:
    """Write the shadow in one of the forms."""
    import torch

    from shadow_ros.shadow.export import export_step, PROGRAM_FILE, save_plain
    from shadow_ros.shadow.export_onnx import export_onnx, ONNX_FILE
    kind = getattr(torch, dtype)
    if form == 'plain':
        save_plain(shadow, folder, kind)
    elif form == 'projected':
        shadow.save(folder, kind)
    elif form == 'onnx':
        export_onnx(shadow.to(kind), folder / ONNX_FILE)
    else:
        export_step(shadow.to(kind), limit, folder / PROGRAM_FILE)


def _projected(model: Optional[str], revision: Optional[str]) -> tuple[Any, Path]:
    """Return the projected shadow of a folder or hub id, and the folder that it lies in."""
    from shadow_ros.intent.engine import find_shipped_model
    from shadow_ros.shadow.hub import model_folder
    from shadow_ros.shadow.projected import ProjectedShadow
    source = find_shipped_model() if model is None else model_folder(model, revision)
    return ProjectedShadow.load(source), source


def _of_adapter(adapter: str, backbone: str, revision: Optional[str]) -> tuple[Any, Path]:
    """Return an adapter's shadow without its backbone, and the backbone's folder."""
    from transformers import AutoModelForCausalLM

    from shadow_ros.shadow.hub import model_folder
    from shadow_ros.shadow.model import ShadowedModel
    source = model_folder(backbone)
    try:
        base = AutoModelForCausalLM.from_pretrained(
            str(source), use_safetensors=True, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise ModelError(f'{source} is not a causal LM that transformers opens: '
                         f'{str(error).splitlines()[0]}') from error
    shadow: Any = ShadowedModel.load(base, adapter, revision=revision).detach()
    return shadow.eval(), source
