"""Voice activity: the probability that a block of 32 ms holds speech, by Silero VAD."""

import importlib.util
from pathlib import Path
from typing import Protocol

import numpy as np

from shadow_ros.errors import AudioError
from shadow_ros.speech.audio import BLOCK, SAMPLE_RATE, Samples

_CONTEXT = 64  # samples of the block before, which the model wants in front


class VoiceActivity(Protocol):
    """Something that tells voice from noise, block by block."""

    def probability(self, block: Samples) -> float:
        """Return the probability of speech in the next block [512]."""

    def reset(self) -> None:
        """Forget what came before."""


class SileroVad:
    """
    Silero VAD through its ONNX file and one thread of onnxruntime: 0.2 ms a block.

    The package is used for its model file only; its Python code would need torch.
    """

    def __init__(self) -> None:
        try:
            import onnxruntime
        except ImportError:
            raise AudioError('voice activity needs onnxruntime; pip install '
                             "'shadow_ros[speech]'") from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(_model_file()), sess_options=options, providers=['CPUExecutionProvider'])
        self._rate = np.array(SAMPLE_RATE, dtype=np.int64)
        self.reset()

    def reset(self) -> None:
        """Forget what came before."""
        self._state = np.zeros((2, 1, 128), np.float32)
        self._input = np.zeros((1, _CONTEXT + BLOCK), np.float32)

    def probability(self, block: Samples) -> float:
        """Return the probability of speech in the next block [512]."""
        if block.shape != (BLOCK,):
            raise ValueError(f'a block has {BLOCK} samples, got shape {block.shape}')
        self._input[0, :_CONTEXT] = self._input[0, -_CONTEXT:]
        self._input[0, _CONTEXT:] = block
        output, self._state = self._session.run(
            None, {'input': self._input, 'state': self._state, 'sr': self._rate})
        return float(output[0, 0])


def _model_file() -> Path:
    """Return the ONNX file inside the silero_vad package, found without importing it."""
    package = importlib.util.find_spec('silero_vad')
    for folder in (package.submodule_search_locations or ()) if package else ():
        path = Path(folder) / 'data' / 'silero_vad.onnx'
        if path.is_file():
            return path
    raise AudioError("voice activity needs the model inside the package silero-vad; pip install "
                     "'shadow_ros[speech]'")
