"""Where a user's own things lie: recordings and models, in the data folder of the XDG standard."""

import os
from pathlib import Path


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
