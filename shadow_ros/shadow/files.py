"""Reading and writing model files: JSON and safetensors only, with errors that name the file."""

import json
from pathlib import Path
from typing import Any, Mapping, Union

from shadow_ros.errors import ModelError

WEIGHTS_FILE = 'model.safetensors'
INDEX_FILE = 'model.safetensors.index.json'

_PART = 1 << 24  # numbers of a tensor that are read at once


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object of a file, or raise ModelError."""
    try:
        data = json.loads(path.read_text(encoding='utf-8'))
    except FileNotFoundError:
        raise ModelError(f'{path} is missing; is {path.parent} a model folder?') from None
    except OSError as error:
        raise ModelError(f'{path} cannot be read: {error.strerror}') from None
    except (ValueError, RecursionError) as error:
        raise ModelError(f'{path} must hold a JSON object: {error}; copy the file again') from None
    if not isinstance(data, dict):
        raise ModelError(f'{path} must hold a JSON object, got {type(data).__name__}')
    return data


def read_tensors(path: Path) -> dict[str, Any]:
    """Return name -> tensor of a safetensors file, on the CPU, or raise ModelError."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file
    if not path.is_file():
        raise ModelError(f'{path} is missing; {_what_instead(path)}')
    try:
        return dict(load_file(path))
    except (SafetensorError, OSError) as error:
        raise ModelError(f'{path} is not a whole safetensors file ({error}); '
                         'copy or download it again') from None


def weight_files(folder: Path) -> list[Path]:
    """Return the files of a Hugging Face folder's weights: one, or the shards of its index."""
    index = folder / INDEX_FILE
    if (folder / WEIGHTS_FILE).is_file() or not index.is_file():
        return [folder / WEIGHTS_FILE]
    shards = read_json(index).get('weight_map')
    if not isinstance(shards, Mapping):
        raise ModelError(f'{index} must hold an object weight_map')
    names = sorted(set(map(str, shards.values())))
    for name in names:
        if Path(name).name != name:
            raise ModelError(f'{index} must name files of its own folder, got {name!r}')
    return [folder / name for name in names]


def check_weights(module: Any, folder: Path) -> dict[str, Path]:
    """
    Return the file of each weight of a Hugging Face folder, for a module that they all fit.

    Raises ModelError as check_fit does. The module may be on the meta device.
    """
    found, places = {}, {}
    for path in weight_files(folder):
        described = describe_tensors(path)
        found.update(described)
        places.update(dict.fromkeys(described, path))
    check_fit(module.state_dict(), found, folder / WEIGHTS_FILE)
    return places


def describe_tensors(path: Path) -> dict[str, Any]:
    """Return name -> tensor of a safetensors file, without numbers, or raise ModelError."""
    import torch
    found = {}
    with _open(path) as file:
        for name in file.keys():
            part = file.get_slice(name)
            kind = torch.float32 if 'F' in part.get_dtype() else torch.int8
            found[name] = torch.empty(part.get_shape(), dtype=kind, device='meta')
    return found


def load_weights(module: Any, folder: Path) -> None:
    """
    Copy the weights of a Hugging Face folder into a module, all or none.

    Raises ModelError as check_fit does; memory holds a part of one tensor more than the module.
    """
    copy_tensors(module.state_dict(), check_weights(module, folder))


def copy_tensors(own: Mapping[str, Any], places: Mapping[str, Path]) -> None:
    """Copy tensors that fit from the files that hold them; memory holds a part of one more."""
    import torch
    with torch.no_grad():
        for name, path in places.items():
            _copy(own[name], path, name)


def _copy(to: Any, path: Path, name: str) -> None:
    """Copy one tensor, some rows at a time."""
    if to.dim() == 0:
        to.copy_(read_tensor(path, name))
        return
    rows = max(1, _PART // max(1, to[:1].numel()))
    for first in range(0, len(to), rows):
        with _open(path) as file:  # anew: while a file is open, what was read is held
            to[first:first + rows].copy_(file.get_slice(name)[first:first + rows])


def read_tensor(path: Path, name: str) -> Any:
    """Return one tensor; the file is opened anew, so that what was read is not held in memory."""
    with _open(path) as file:
        return file.get_tensor(name)


def _open(path: Path) -> Any:
    """Return a safetensors file to read from, or raise ModelError."""
    from safetensors import safe_open, SafetensorError
    if not path.is_file():
        raise ModelError(f'{path} is missing; {_what_instead(path)}')
    try:
        return safe_open(path, 'pt')
    except (SafetensorError, OSError) as error:
        raise ModelError(f'{path} is not a whole safetensors file ({error}); '
                         'copy or download it again') from None


def write_tensors(path: Path, tensors: Mapping[str, Any]) -> None:
    """Write name -> tensor as safetensors; each tensor gets its own storage."""
    from safetensors.torch import save_file
    path.parent.mkdir(parents=True, exist_ok=True)
    own = {k: t.detach().to('cpu', copy=True).contiguous() for k, t in tensors.items()}
    save_file(own, path, metadata={'format': 'pt'})
    path.chmod(0o644)  # safetensors keeps its files private; an installed model is for all users


def load_exactly(module: Any, tensors: Mapping[str, Any], path: Union[str, Path]) -> None:
    """Copy tensors into a module, all or none; raises ModelError as check_fit does."""
    check_fit(module.state_dict(), tensors, path)
    module.load_state_dict(tensors)


def check_fit(own: Mapping[str, Any], given: Mapping[str, Any], path: Union[str, Path]) -> None:
    """Raise ModelError naming file and field unless names and shapes agree and all are real."""
    for name in sorted(set(own) - set(given)):
        raise ModelError(f'{path} lacks {name}; it belongs to another model or version')
    for name in sorted(set(given) - set(own)):
        raise ModelError(f'{path} holds the unknown {name}; it belongs to another model or '
                         'version')
    for name, tensor in given.items():
        if tensor.shape != own[name].shape:
            raise ModelError(f'{name} of {path} must have shape {tuple(own[name].shape)}, '
                             f'got {tuple(tensor.shape)}')
        if not tensor.is_floating_point():
            raise ModelError(f'{name} of {path} must hold real numbers, got whole ones; '
                             'copy or download it again')


def _what_instead(path: Path) -> str:
    """Return what to do about a missing weights file, naming a pickle when one is there."""
    for suffix in ('.bin', '.pt', '.pth'):
        for other in (path.with_suffix(suffix), path.parent / f'pytorch_model{suffix}'):
            if other.is_file():
                return (f'{other.name} is a pickle, which can run code and is never opened: '
                        'convert it to safetensors')
    return 'train a model, or give the folder of one'
