"""The corpus: every line of its files can be drawn, means one thing and follows the grammar."""

from itertools import islice
from pathlib import Path
import random

import pytest

from shadow_ros.intent.amounts import normalise
from shadow_ros.intent.grammar import accepts
from shadow_ros.learning.corpus.compose import (
    CATEGORIES, collisions, Composer, draw_amount, Example, LANGUAGES)
from shadow_ros.learning.corpus.patterns import count, expand, read
from shadow_ros.learning.data import compose, read_examples
from shadow_ros.plan import parse

DATA = Path(__file__).parents[1] / 'data'


@pytest.fixture(scope='module')
def drawn():
    """Return two thousand examples."""
    return list(Composer(1).examples(2000))


def test_the_same_seed_gives_the_same_examples(drawn):
    assert list(Composer(1).examples(50)) == drawn[:50]
    assert list(Composer(2).examples(50)) != drawn[:50]


def test_every_plan_can_be_generated(drawn):
    for example in drawn:
        assert accepts(example.plan), example
        assert str(parse(example.plan)) == example.plan


def test_every_category_and_language_is_drawn(drawn):
    assert {e.category for e in drawn} == set(CATEGORIES)
    assert {e.lang for e in drawn} == set(LANGUAGES)


def test_no_text_has_two_plans(drawn):
    assert collisions(drawn) == []


@pytest.mark.parametrize('lang', LANGUAGES)
def test_no_phrase_of_the_command_files_has_two_plans(lang):
    rules, rng = read(f'commands_{lang}')['rules'], random.Random(1)
    composer, plans = Composer(1, [lang]), {}
    for entry in read(f'commands_{lang}')['commands']:
        for line in entry['say'] + entry.get('alone', []):
            for _ in range(min(4, count(line, rules))):
                text, tags = composer._fill(expand(line, rules, rng), entry['plan'])
                plans.setdefault(normalise(text), set()).add(tags)
    assert {text: found for text, found in plans.items() if len(found) > 1} == {}


def test_amounts_in_the_plan_stand_in_the_text(drawn):
    for example in drawn:
        if example.category != 'single':
            continue
        for action in parse(example.plan).actions:
            for key in ('x', 'y', 'yaw'):
                value = action.get(key)
                if value and value not in (1.0, -1.0, 0.3, -0.3, 0.9, -0.9, 3.0, -3.0) and \
                        abs(value) not in (30, 90, 180, 360):
                    shown = action.spec.parameter(key).format(value).lstrip('-')
                    assert shown in normalise(example.text), example


def test_amounts_are_drawn_in_range():
    rng = random.Random(2)
    assert all(0.05 <= draw_amount(rng, 'm') <= 300 for _ in range(2000))
    assert all(1 <= draw_amount(rng, 'deg') <= 720 for _ in range(2000))


def test_collisions_are_found():
    first, second = Example('Sit', '[SIT]', 'en', 'x'), Example('sit', '[LIE]', 'en', 'x')
    assert collisions([first, second]) == [(first, second)]


def test_forbidden_texts_are_never_composed():
    forbidden = list(islice(Composer(7).examples(30), 30))
    kept = {normalise(e.text) for e in compose(60, 7, forbidden)}
    assert not kept & {normalise(example.text) for example in forbidden}


@pytest.mark.parametrize(('file', 'least'), [('dev_commands', 500), ('dev_held', 200)])
def test_the_development_sets_are_large_honest_and_of_one_mind(file, least):
    examples = read_examples(DATA / f'{file}.jsonl')
    for lang in LANGUAGES:
        assert sum(e.lang == lang for e in examples) >= least
    assert collisions(examples) == []
    assert all(str(parse(e.plan)) == e.plan for e in examples)


def test_no_text_stands_in_two_development_sets():
    seen, held = ({normalise(e.text) for e in read_examples(DATA / f'{file}.jsonl')}
                  for file in ('dev_commands', 'dev_held'))
    assert not seen & held


def test_nothing_of_the_development_sets_is_composed():
    kept_out = [e for file in ('dev_commands', 'dev_held')
                for e in read_examples(DATA / f'{file}.jsonl')]
    met = {normalise(e.text) for e in Composer(3).examples(5000)}
    texts = {normalise(e.text) for e in kept_out}
    assert met & texts  # people do say such things: only keeping them out keeps them out
    assert not {normalise(e.text) for e in compose(5000, 3, kept_out)} & texts
