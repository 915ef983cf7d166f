"""The head that reads phones off features: what is trained is what is shipped."""

import random

import numpy as np
import pytest

from shadow_ros.speech.features import gain, SIZE
from shadow_ros.speech.phones import NUMBERS, PhoneHead
from shadow_ros.speech.vocabulary import language_model, pronunciations


def test_what_is_saved_computes_what_was_trained(tmp_path):
    torch = pytest.importorskip('torch')
    pytest.importorskip('onnxscript', reason='torch writes ONNX with it')
    from benchmarks.make_phones import Head
    torch.manual_seed(0)
    head = Head().eval()
    head.save(tmp_path / 'phones.onnx')
    features = np.random.default_rng(0).normal(size=(37, SIZE)).astype(np.float32)
    with torch.no_grad():
        wanted = head(torch.from_numpy(features)[None])[0].numpy()
    given = PhoneHead(tmp_path / 'phones.onnx')(features)
    assert given.shape == (37, 40)
    assert given == pytest.approx(wanted, abs=1e-4)


def test_training_learns_what_was_said(monkeypatch):
    torch = pytest.importorskip('torch')
    from benchmarks import make_phones
    monkeypatch.setattr(make_phones, 'FRAMES', 400)
    torch.set_num_threads(1)
    rng, noise = random.Random(0), np.random.default_rng(0)
    tones = noise.normal(size=(len(NUMBERS) + 1, SIZE))
    data = []
    for _ in range(300):
        phones = [rng.randint(1, 5) for _ in range(3)]
        frames = [0, *(p for phone in phones for p in (phone, phone, 0))]
        features = tones[frames] + 0.3 * noise.normal(size=(len(frames), SIZE))
        data.append(make_phones.Example(features.astype(np.float16), phones))
    head = make_phones.train(data, 10.0).eval()
    with torch.no_grad():
        best = head(torch.from_numpy(data[1].features.astype(np.float32))[None])[0].argmax(-1)
    heard = [int(p) for p, before in zip(best, [0, *best]) if p and p != before]
    assert heard == data[1].phones


def test_the_shipped_head_gives_probabilities():
    rows = PhoneHead()(np.random.default_rng(1).normal(size=(9, SIZE)).astype(np.float32))
    assert rows.shape == (9, len(NUMBERS) + 1)
    assert np.exp(rows).sum(axis=1) == pytest.approx(np.ones(9), abs=1e-4)
    assert PhoneHead()(np.zeros((0, SIZE), np.float32)).shape == (0, len(NUMBERS) + 1)


def test_loud_and_quiet_sound_become_equally_loud():
    sound = np.random.default_rng(2).normal(size=16000).astype(np.float32)
    for scale in (0.001, 0.3):
        assert np.std(sound * scale * gain(sound * scale)) == pytest.approx(
            np.std(sound * gain(sound)), rel=1e-3)
    assert gain(sound[:0]) == 1.0 and np.isfinite(gain(np.zeros(100, np.float32)))


def test_every_word_can_be_said_and_follows_another():
    ways, chance = pronunciations(), language_model()
    assert len(ways) > 1500 and all(ways[word] for word in ways)
    assert chance('forward', ('<s>', 'walk')) > chance('forward', ('<s>', 'forward')) + 1.0
    assert chance('</s>', ('sit', 'down')) > chance('</s>', ('sit', 'the'))
