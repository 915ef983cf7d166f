"""Where a model is: a local folder, or a repository of the Hugging Face hub at a revision."""

from pathlib import Path
import re
from typing import Optional, Union

from shadow_ros.errors import ModelError

_REPOSITORY = re.compile(r'[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*')

# Weights, configs and tokenizers; never a pickle, never code.
_WANTED = ('*.json', '*.safetensors', '*.txt', '*.model', '*.md')


def model_folder(where: Union[str, Path], revision: Optional[str] = None) -> Path:
    """
    Return the local folder of a model.

    A folder that exists is taken as it is. Else `owner/name` is a hub id, fetched once into the
    hub's cache (HF_HOME) at the revision (a branch, tag or commit), or read from there without a
    network. What is neither comes back as a path, for whoever reads it to name the missing file.
    """
    folder = Path(where)
    if isinstance(where, Path) or folder.exists() or not _REPOSITORY.fullmatch(where):
        if revision is not None and folder.exists():
            raise ModelError(f'a revision belongs to a hub id, got {revision!r} for the folder '
                             f'{folder}; leave it out')
        return folder
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    try:
        return Path(snapshot_download(where, revision=revision, allow_patterns=list(_WANTED)))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        reason = str(error).split('\n', maxsplit=1)[0]
        raise ModelError(f'{where} is no folder here, and the hub does not give it at revision '
                         f'{revision or "main"} ({type(error).__name__}: {reason})') from error
