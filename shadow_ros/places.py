"""Where things lie: a user's own in XDG's data folder, the package's where it was installed."""

import os
from pathlib import Path
import sys

_SHARE = 'share/shadow_ros'


def data_folder() -> Path:
    """Return `$XDG_DATA_HOME/shadow_ros`, by default `~/.local/share/shadow_ros`."""
    base = os.environ.get('XDG_DATA_HOME', '')
    # The standard tells to ignore what is not absolute.
    root = Path(base) if os.path.isabs(base) else Path('~/.local/share').expanduser()
    return root / 'shadow_ros'


def bags_folder() -> Path:
    """Return the folder of the recordings."""
    return data_folder() / 'bags'


def models_folder() -> Path:
    """Return the folder of the models that were made on this machine."""
    return data_folder() / 'models'


def homes_of(part: str, checkout: str = '') -> list[Path]:
    """
    Return where a part of the package may lie: in a checkout, or where pip and colcon put it.

    In a checkout it may have another name. The first and the last may not be there.
    """
    here = Path(__file__).resolve()
    installed = [prefix / _SHARE / part for prefix in here.parents]
    return list(dict.fromkeys((here.parents[1] / (checkout or part),
                               *filter(Path.is_dir, installed), Path(sys.prefix) / _SHARE / part)))
