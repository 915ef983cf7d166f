"""
What the encoder of Moonshine tiny (MIT, Useful Sensors 2024) makes of sound, by onnxruntime.

The package moonshine-voice is used for its weights file only and never imported: its own library
decodes freely, and would write any sentence that sounds alike.
"""

import importlib.util
from pathlib import Path
from typing import Any, Optional

import numpy as np
import numpy.typing as npt

from shadow_ros.errors import AudioError
from shadow_ros.speech.audio import Samples

HOP = 384
"""Samples from one feature to the next: 24 ms. Windows that begin at multiples share a grid."""

SIZE = 288
"""Numbers in a feature."""

LEAST_SAMPLES = 1600  # the first layers of the encoder look at 56 ms at a time

Features = npt.NDArray[np.float32]

_FILE = Path('assets') / 'tiny-en' / 'encoder_model.ort'
_LEVEL = 0.12
_INSTALL = ("the recogniser moonshine needs onnxruntime and the weights inside the package "
            "moonshine-voice (0.0.69 to 0.1.0; later ones have none); pip install "
            "'shadow_ros[speech]'")


class Encoder:
    """Sound to features, on one thread: 8 ms a second of sound on a desktop core."""

    def __init__(self) -> None:
        path = weights_file()
        if path is None:
            raise AudioError(_INSTALL)
        self._session = session(path)

    def __call__(self, samples: Samples, gain: float = 1.0) -> Features:
        """Return the features [frames, 288] of sound [n], which is first made `gain` louder."""
        if len(samples) < LEAST_SAMPLES:
            return np.zeros((0, SIZE), np.float32)
        sound = (samples * np.float32(gain)).astype(np.float32)[None]
        mask = np.ones(sound.shape, np.int64)
        [features] = self._session.run(None, {'input_values': sound, 'attention_mask': mask})
        return np.asarray(features[0], np.float32)


def session(path: Path) -> Any:
    """Return a network in a file for onnxruntime, on one thread of the CPU."""
    try:
        import onnxruntime
    except ImportError:
        raise AudioError(_INSTALL) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        str(path), sess_options=options, providers=['CPUExecutionProvider'])


def gain(samples: Samples) -> float:
    """Return how much louder sound must be for its loudest third to have the level wanted."""
    if not len(samples):
        return 1.0
    count = max(1, len(samples) // 3)
    loud = np.partition(np.abs(samples), -count)[-count:]
    return _LEVEL / max(1e-6, float(np.sqrt(np.mean(np.square(loud)))))


def weights_file() -> Optional[Path]:
    """Return the encoder's file inside the package moonshine-voice, None when it is not there."""
    package = importlib.util.find_spec('moonshine_voice')
    for folder in (package.submodule_search_locations or ()) if package else ():
        path = Path(folder) / _FILE
        if path.is_file():
            return path
    return None
