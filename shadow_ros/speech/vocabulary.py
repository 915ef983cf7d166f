"""The words that can be heard: their pronunciations, and how likely they follow each other."""

from importlib import resources
import math
from typing import Any

from shadow_ros.errors import AudioError
from shadow_ros.speech.beam import LanguageModel
from shadow_ros.speech.phones import NUMBERS

_BASE = math.log(1.0001)  # of PocketSphinx's logarithms
_UNKNOWN = -20.0


def pronunciations() -> dict[str, list[tuple[int, ...]]]:
    """Return the ways to say each word of the shipped dictionary, in numbers of phones."""
    path = resources.files('shadow_ros.speech') / 'data' / 'commands.dict'
    ways: dict[str, list[tuple[int, ...]]] = {}
    for line in path.read_text('utf-8').splitlines():
        word, _, phones = line.partition(' ')
        ways.setdefault(word.split('(')[0], []).append(
            tuple(NUMBERS[phone] for phone in phones.split()))
    return ways


def language_model() -> LanguageModel:
    """Return the shipped trigram model."""
    try:
        import pocketsphinx
    except ImportError:
        raise AudioError("the language model is read by pocketsphinx, which is not installed; pip "
                         "install 'shadow_ros[speech]'") from None
    data = resources.files('shadow_ros.speech') / 'data'
    with resources.as_file(data) as folder:
        model: Any = pocketsphinx.NGramModel(
            pocketsphinx.Config(lm=None, loglevel='FATAL'), pocketsphinx.LogMath(),
            str(folder / 'commands.lm.bin'))

    def chance(word: str, before: tuple[str, ...]) -> float:
        value: int = model.prob([word, *reversed(before)])
        return max(_UNKNOWN, value * _BASE)
    return chance
