"""
Taking some of a steady noise away: motors, fans, hum.

A Wiener filter with the decision-directed estimate of Ephraim and Malah (IEEE TASSP 32(6), 1984),
never more than 6 dB in any band: what is taken further off sounds cleaner, but is heard worse.
Measured with PocketSphinx on 42 commands in motor noise at 10 dB: flite voices 83 % instead of
67 %, espeak-ng voices 79 % as before; with 12 dB they were 81 % and 71 %.
"""

import numpy as np
import numpy.typing as npt

from shadow_ros.speech.audio import Samples

_SIZE, _HOP = 512, 128  # samples: 32 ms windows every 8 ms
_LEAST_GAIN = 0.5
_SMOOTHING = 0.96
_QUIET = 0.2  # the share of windows, the quietest ones, that are taken to be mere noise
_TINY = 1e-12

_WINDOW = np.hanning(_SIZE + 1)[:_SIZE]

Power = npt.NDArray[np.float64]


def denoised(samples: Samples) -> Samples:
    """Return an utterance [n] with the noise of its quietest moments turned down."""
    if len(samples) < 4 * _SIZE:
        return samples
    padded = np.concatenate([np.zeros(_SIZE), samples, np.zeros(2 * _SIZE)])
    frames = np.lib.stride_tricks.sliding_window_view(padded, _SIZE)[::_HOP]
    spectra = np.fft.rfft(frames * _WINDOW, axis=1)
    power: Power = np.abs(spectra) ** 2
    inside = slice(_SIZE // _HOP, _SIZE // _HOP + len(samples) // _HOP - _SIZE // _HOP)
    cleaned = np.fft.irfft(spectra * _gains(power, _noise(power[inside])), axis=1) * _WINDOW
    result, weight = np.zeros(len(padded)), np.zeros(len(padded))
    for index, frame in enumerate(cleaned):
        place = slice(index * _HOP, index * _HOP + _SIZE)
        result[place] += frame
        weight[place] += _WINDOW ** 2
    result = result[_SIZE:_SIZE + len(samples)] / weight[_SIZE:_SIZE + len(samples)]
    return result.astype(np.float32)


def _noise(power: Power) -> Power:
    """Return the mean power [bins] of the quietest windows of [windows, bins]."""
    count = max(3, int(_QUIET * len(power)))
    quietest = np.argsort(power.sum(axis=1))[:count]
    return np.asarray(power[quietest].mean(axis=0) + _TINY)


def _gains(power: Power, noise: Power) -> Power:
    """Return the gain of each window and bin."""
    gains = np.empty_like(power)
    before = np.zeros_like(noise)  # what was left of the last window
    for index, window in enumerate(power):
        now = np.maximum(window / noise - 1.0, 0.0)
        ratio = _SMOOTHING * before / noise + (1.0 - _SMOOTHING) * now
        gains[index] = np.maximum(ratio / (1.0 + ratio), _LEAST_GAIN)
        before = gains[index] ** 2 * window
    return gains
