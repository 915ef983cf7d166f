"""From features of sound to the probabilities of English phones: a small network, onnxruntime."""

from importlib import resources
from pathlib import Path
from typing import Any, Optional

import numpy as np

from shadow_ros.speech.beam import LogProbs
from shadow_ros.speech.features import Features, session

PHONES = tuple(
    'AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V '
    'W Y Z ZH'.split())
"""ARPABET, as in the CMU dictionary; the number of a phone is its place here plus 1."""

NUMBERS = {phone: number for number, phone in enumerate(PHONES, 1)}

INPUT, OUTPUT = 'features', 'logprobs'
_FILE = 'phones.onnx'
_LEAST = 2  # frames that the network takes


class PhoneHead:
    """Two convolutions over time between linear layers; `benchmarks.make_phones` trains it."""

    def __init__(self, path: Optional[Path] = None) -> None:
        """Load the network in a file, or the one that the package ships."""
        if path is not None:
            self._session: Any = session(path)
        else:
            shipped = resources.files('shadow_ros.speech') / 'data' / _FILE
            with resources.as_file(shipped) as file:
                self._session = session(file)

    def __call__(self, features: Features) -> LogProbs:
        """Return log probabilities [frames, 1 + phones] of features [frames, 288]."""
        if len(features) < _LEAST:
            return np.zeros((0, len(PHONES) + 1), np.float32)
        [logprobs] = self._session.run([OUTPUT], {INPUT: features[None]})
        return np.asarray(logprobs[0], np.float32)
