"""Conversations that share passes get what each would get alone."""

import random

import pytest
from test_shadow_model import attached, tokens
import torch

from shadow_ros.errors import ModelError
from shadow_ros.shadow.batch import BatchRuntime, Feed


def whole(model, ids: list[int]) -> torch.Tensor:
    """Return the logits of an uncached attached pass, [t, vocab]."""
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0]


@pytest.mark.parametrize('family', ['qwen3', 'llama', 'gpt2'])
def test_rows_equal_the_full_pass_whatever_stands_beside_them(family):
    model = attached(family)
    runtime = BatchRuntime(model, 5, 24)
    rng = random.Random(3)
    said: list[list[int]] = [[] for _ in range(5)]
    for _ in range(12):
        slots = rng.sample(range(5), rng.randint(1, 5))
        feeds = []
        for slot in slots:
            if len(said[slot]) > 17 or (said[slot] and rng.random() < 0.3):
                keep = rng.randint(0, len(said[slot]) - 1)
                runtime.rewind(slot, keep)
                del said[slot][keep:]
            ids = tokens(1, rng.randint(1, 6))[0].tolist()
            feeds.append(Feed(slot, ids, rng.randint(1, len(ids))))
            said[slot] += ids
        for feed, logits in zip(feeds, runtime.feed(feeds)):
            assert logits.shape[0] == feed.count
            assert torch.allclose(logits, whole(model, said[feed.slot])[-feed.count:], atol=1e-4)
    assert runtime.lengths == [len(part) for part in said] and runtime.passes == 12


def test_what_cannot_be_fed_is_a_sentence():
    runtime = BatchRuntime(attached('llama'), 2, 4)
    runtime.feed([Feed(0, [1, 2, 3])])
    for feeds, words in (([], 'one row or more'), ([Feed(1, [1]), Feed(1, [2])], 'another slot'),
                         ([Feed(0, [1, 2])], '1 to 1 more tokens in slot 0, got 2'),
                         ([Feed(1, [])], 'got 0'), ([Feed(1, [1], 2)], 'got 1')):
        with pytest.raises(ModelError, match=words):
            runtime.feed(feeds)
    with pytest.raises(ModelError, match='0 to 3 tokens, got 4'):
        runtime.rewind(0, 4)
    assert runtime.lengths == [3, 0]
