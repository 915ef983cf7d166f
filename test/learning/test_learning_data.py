"""Training data: files, labels for both paths, batches, what is held out."""

import json
from pathlib import Path

import pytest

from shadow_ros.errors import ConfigError
from shadow_ros.intent.tokens import Codec
from shadow_ros.learning.batches import Batches, Pair
from shadow_ros.learning.corpus.compose import Example
from shadow_ros.learning.data import (
    cloud_plan, encode, negatives, read_examples, write_examples)
from shadow_ros.learning.tune import drawn

PLAIN = Example('sit', '[SIT] Sitting.', 'en', 'single')
BEYOND = Example('go to the kitchen', '[REMOTE] Let me ask.', 'en', 'remote')
LONGER = Example('跳五下', '[REMOTE]', 'zh', 'repeat', '[JUMP][JUMP][JUMP][JUMP][JUMP]')
AGAIN = Example('again', '[SIT]', 'en', 'follow', '', (('sit down', '[SIT]'), ('hi', '')))


@pytest.fixture(scope='module')
def codec():
    """Return the shipped tokenizer."""
    return Codec.load(Path(__file__).parents[2] / 'models/edge')


def test_one_pair_teaches_both_where_both_say_the_same(codec):
    [pair] = encode([PLAIN], codec)
    assert pair == Pair((*codec.command('sit'), *codec.plan('[SIT] Sitting.')), pair.prompt)


@pytest.mark.parametrize('example, cloud', [
    (BEYOND, 'That is beyond me.'), (LONGER, LONGER.cloud)], ids=['beyond both', 'more steps'])
def test_what_the_edge_passes_on_has_a_plan_for_each(codec, example, cloud):
    edge, attached = encode([example], codec)
    assert (edge.edge, edge.cloud, attached.edge, attached.cloud) == (True, False, False, True)
    assert codec.decode(edge.ids[edge.prompt:]) == example.plan
    assert codec.decode(attached.ids[attached.prompt:]) == cloud == cloud_plan(example)


def test_history_stands_before_the_command(codec):
    [pair] = encode([AGAIN], codec)
    assert list(pair.ids[:pair.prompt]) == codec.command('again', AGAIN.history)
    assert codec.decode(pair.ids[pair.prompt:]) == '[SIT]'


def test_long_examples_are_left_out(codec):
    long = Example('坐' * 200, '[SIT]', 'zh', 'single')
    assert len(encode([long, PLAIN], codec)) == 1


def test_examples_survive_their_file(tmp_path):
    path = tmp_path / 'examples.jsonl'
    write_examples(path, [PLAIN, BEYOND, LONGER, AGAIN])
    assert read_examples(path) == [PLAIN, BEYOND, LONGER, AGAIN]
    assert json.loads(path.read_text('utf-8').splitlines()[3])['history'][0] == {
        'user': 'sit down', 'plan': '[SIT]'}


@pytest.mark.parametrize('line, message', [
    ('{"text": "sit", "plan": "[SAT]"}', 'line 1 .*unknown action'),
    ('{"text": "sit"}', 'must have text and plan'),
    ('{"text": "sit", "plan": "", "langue": "en"}', 'did you mean lang'),
    ('{"text": "sit", "plan": "", "history": [{"user": "a"}]}', 'history of user and plan'),
    ('{"text": ', 'must be a JSON object')])
def test_a_bad_line_is_named(tmp_path, line, message):
    path = tmp_path / 'own.jsonl'
    path.write_text(line, 'utf-8')
    with pytest.raises(ConfigError, match=message):
        read_examples(path)


def test_only_the_plan_is_learned_and_only_by_whom_it_is_for():
    batches = Batches([Pair((1, 2, 3, 4), 2), Pair((1, 5, 6), 2, cloud=False)], 2, pad=0, seed=1)
    batch = batches.at(0)
    rows = sorted(zip(batch.ids.tolist(), batch.edge.tolist(), batch.cloud.tolist()))
    assert rows == [([1, 2, 3, 4], [-100, -100, 3, 4], [-100, -100, 3, 4]),
                    ([1, 5, 6, 0], [-100, -100, 6, -100], [-100] * 4)]
    assert (batch.edge_count, batch.cloud_count) == (3, 2)


def test_parts_and_processes_share_a_step():
    batches = Batches([Pair((1, 2, i), 2) for i in range(10, 20)], 8, pad=0, seed=1)
    whole = sorted(batches.at(0).ids[:, 2].tolist())
    shared = [i for rank in range(2) for part in batches.parts(0, 2, rank, 2)
              for i in part.ids[:, 2].tolist()]
    assert sorted(shared) == whole
    assert next(batches.parts(0, 2, 1, 2)).edge_count == 8


def test_too_few_examples_are_an_error():
    with pytest.raises(ConfigError, match='needs as many examples'):
        Batches([], 2, pad=0, seed=1)


def test_pairs_are_drawn_evenly():
    pairs = [Pair((1, i), 1) for i in range(3)]
    found = drawn(pairs, 100, seed=1)
    assert sorted(found.count(pair) for pair in pairs) == [33, 33, 34]
    assert found == drawn(pairs, 100, seed=1) and found[:3] != found[3:6]
    assert len(set(drawn(pairs, 2, seed=1))) == 2


def test_negatives_are_split_by_their_text(tmp_path):
    path = tmp_path / 'negatives.jsonl'
    rows = [{'text': f'question {i}', 'route': 'REMOTE' if i % 2 else 'NONE', 'lang': 'en'}
            for i in range(200)]
    path.write_text('\n'.join(map(json.dumps, rows)), encoding='utf-8')
    kept, held = negatives(path), negatives(path, held_out=True)
    assert len(kept) + len(held) == 200 and 5 <= len(held) <= 45
    assert {e.text for e in kept}.isdisjoint(e.text for e in held)
    assert {e.plan.startswith('[REMOTE]') for e in kept} == {True, False}


def test_missing_negatives_are_a_sentence():
    with pytest.raises(ConfigError, match='cannot be read'):
        negatives(Path('/nowhere/negatives.jsonl'))
