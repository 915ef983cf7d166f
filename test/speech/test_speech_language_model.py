"""The language model that is shipped, and the n-grams that it is made of."""

import io
from pathlib import Path
import random

import pytest

from benchmarks.ngrams import Trigrams
from benchmarks.spoken_text import number, spoken

DATA = Path(__file__).parents[2] / 'shadow_ros' / 'speech' / 'data'
SENTENCES = ['sit down', 'sit down please', 'turn left', 'turn right', 'turn left please'] * 3


@pytest.mark.parametrize('pruned', [False, True])
def test_probabilities_after_any_words_sum_to_one(pruned):
    model = Trigrams(SENTENCES)
    if pruned:
        model.prune(1e-2)
    ends = [*model.words, '</s>']
    for history in ((), ('<s>',), ('turn',), ('<s>', 'turn'), ('sit', 'down'), ('left', 'sit')):
        total = sum(model.probability((*history, word)) for word in ends)
        assert total == pytest.approx(1.0, abs=1e-6), history
    assert model.probability(('<s>', 'turn')) > model.probability(('<s>', 'down'))


def test_pruning_drops_what_matters_least():
    whole, pruned = Trigrams(SENTENCES), Trigrams(SENTENCES)
    pruned.prune(3e-2)
    assert sum(map(len, pruned.probabilities)) < sum(map(len, whole.probabilities))
    assert pruned.words == whole.words


def test_it_is_written_as_arpa():
    file = io.StringIO()
    Trigrams(SENTENCES).write(file)
    text = file.getvalue()
    assert text.startswith('\\data\\\nngram 1=8\n') and text.endswith('\\end\\\n')
    assert '\n-99 <s> ' in text and '\\3-grams:' in text


@pytest.mark.parametrize('text, words', [
    ('Go 2, sit!', 'go two sit'), ("Don't sit.", "don't sit"),
    ('do a back flip, ok?', 'do a backflip okay'), ('turn 3 times', 'turn three times')])
def test_sentences_become_words(text, words):
    assert spoken(text, random.Random(0)) == words


def test_amounts_become_words():
    said = {spoken('walk 2.5 m', random.Random(seed)) for seed in range(50)}
    assert len(said) > 10 and all(text.startswith('walk ') for text in said)
    assert not any(character.isdigit() for text in said for character in text)
    assert number(0) == 'zero' and number(21) == 'twenty one' and number(180) == \
        'one hundred eighty'


def test_the_shipped_model_knows_its_words():
    """Every word of the model has a pronunciation, and the words of all stops are there."""
    import pocketsphinx
    lines = (DATA / 'commands.dict').read_text('utf-8').splitlines()
    words = {line.split()[0].split('(')[0] for line in lines}
    assert {'stop', 'halt', 'freeze', 'whoa', 'doger', 'backflip', 'handstand', 'meters'} <= words
    assert len(words) > 1500 and (DATA / 'commands.lm.bin').stat().st_size < 2_000_000
    decoder = pocketsphinx.Decoder(lm=str(DATA / 'commands.lm.bin'),
                                   dict=str(DATA / 'commands.dict'), loglevel='FATAL')
    assert all(decoder.lookup_word(word) for word in ('stop', 'doger', 'backflip'))
