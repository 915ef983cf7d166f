"""Taught words: one token each in commands, and nothing else of a tokenizer changes."""

from pathlib import Path

import pytest

from shadow_ros.intent.grammar import Grammar
from shadow_ros.intent.tokens import Codec
from shadow_ros.intent.words import spelling

EDGE = Path(__file__).parents[2] / 'models/edge'
TAUGHT = ('plonk yourself', 'plonk', 'Shake a leg!', '趴窝', 'go x2', 'turn 90 degrees pip')


@pytest.fixture(scope='module')
def old() -> Codec:
    return Codec.load(EDGE)


@pytest.fixture(scope='module')
def new(old, tmp_path_factory) -> Codec:
    folder = tmp_path_factory.mktemp('taught')
    old.with_words(TAUGHT).save(folder)
    return Codec.load(folder)


@pytest.mark.parametrize('text, parts', [
    ('could you plonk yourself please', ['could you', 'plonk yourself', ' please']),
    ('Plonk, yourself!', ['plonk yourself', '!']),
    ('plonk now', ['plonk', ' now']),
    ('plonking yourself', ['plonking yourself']),
    ('kerplonk', ['kerplonk']),
    ('shake a leg, shake a leg', ['shake a leg', ',', 'shake a leg']),
    ('小狗趴窝吧', ['小狗', '趴窝', '吧']),
    ('turn ninety degrees pip', ['turn 90 deg pip']),
    ('go x20', ['go x20']),
    ('sit down', ['sit down']), ('', []), ('<|word|plonk|>', ['<|word|', 'plonk', '|>'])])
def test_the_longest_whole_words_are_found(new, text, parts):
    found = new.words.split(' '.join(spelling_of(text)))
    ids = new.words.ids
    assert [part if isinstance(part, str) else word_of(ids, part) for part in found] == parts
    assert new.words.within(text) == any(part in ids for part in parts)


def spelling_of(text):
    from shadow_ros.intent.prompt import encode_command
    return encode_command(text).split()


def word_of(ids, number):
    return next(word for word, own in ids.items() if own == number)


def test_all_else_is_read_as_before(old, new):
    assert new.size == old.size + len(TAUGHT) and set(new.words.ids) == set(map(spelling, TAUGHT))
    for text in ('sit down', '往前走两米', 'plonker', '<|plan|>[SIT]', ''):
        assert new.command(text) == old.command(text)
    assert new.plan('[SIT] plonk yourself') == old.plan('[SIT] plonk yourself')
    taught = new.words.ids['plonk yourself']
    assert new.command('plonk yourself') == [new.user_id, taught, new.plan_id]
    assert new.past([('plonk yourself', '[SIT] OK.')])[1] == taught
    assert new.decode([taught]) == ''


def test_words_are_taught_again_without_a_second_token(new):
    again = new.with_words(['趴窝', 'boop me'])
    assert again.size == new.size + 1
    assert all(again.words.ids[word] == number for word, number in new.words.ids.items())


def test_no_plan_holds_a_word(new):
    """The grammar lets no taught word into a reply, so nothing competes with what was there."""
    matcher = Grammar(new).matcher()
    assert matcher.consume_token(new.plan('[SIT]')[0])
    allowed = matcher.compute_bitmask()
    for number in new.words.ids.values():
        assert not allowed[number // 8] >> number % 8 & 1
