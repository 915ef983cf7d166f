"""What only the attached model carries out, and follow-ups."""

from collections import Counter
from pathlib import Path

import pytest

from shadow_ros.actions import MAX_ACTIONS
from shadow_ros.intent.follow import FOLLOW_UPS
from shadow_ros.intent.grammar import accepts
from shadow_ros.intent.prompt import MAX_TURNS
from shadow_ros.learning.corpus.beyond import Beyond, KINDS, reading
from shadow_ros.learning.corpus.compose import Composer
from shadow_ros.learning.data import cloud_plan, compose, read_examples
from shadow_ros.plan import parse

DEV = Path(__file__).parents[1] / 'data/dev_cloud.jsonl'
HELD = DEV.with_name('held_cloud.jsonl')


@pytest.fixture(scope='module')
def examples():
    """Return some thousand examples of both languages."""
    return list(Beyond(seed=5).examples(2500))


def actions(plan: str) -> list[str]:
    """Return the tags of a plan."""
    return [str(action) for action in parse(plan).actions]


@pytest.mark.parametrize('kind, before, after', [
    ('again', '[MOVE x=2.0][SIT]', '[MOVE x=2.0][SIT]'),
    ('twice_more', '[JUMP]', '[JUMP][JUMP]'),
    ('opposite', '[TURN yaw=90]', '[TURN yaw=-90]'),
    ('opposite', '[MOVE x=1.0 y=-0.5 speed=slow]', '[MOVE x=-1.0 y=0.5 speed=slow]'),
    ('opposite', '[SIT]', None),
    ('opposite', '[TURN yaw=90][SIT]', None),
    ('further', '[SIT][MOVE y=-2.0]', '[MOVE y=-0.3]'),
    ('further', '[TURN yaw=-45]', '[TURN yaw=-30]'),
    ('further', '[MOVE x=1.0 y=1.0]', None),
    ('more_len', '[MOVE x=-1.0]', '[MOVE x=-$len]'),
    ('more_len', '[TURN yaw=90]', None),
    ('more_deg', '[TURN yaw=90 speed=fast]', '[TURN yaw=$deg]'),
    ('undo', '[MOVE x=1.0][TURN yaw=90]', '[TURN yaw=-90][MOVE x=-1.0]'),
    ('undo', '[SIT]', '[STAND]'),
    ('undo', '[DANCE]', None),
    ('again_fast', '[MOVE x=1.0 speed=slow]', '[MOVE x=1.0 speed=fast]'),
    ('again_slow', '[DANCE]', None),
    ('last_step', '[SIT][DANCE]', '[DANCE]'),
    ('first_step', '[SIT]', '[SIT]'), ('opposite_turn', '[TURN yaw=90]', '[TURN yaw=-90]'),
    ('opposite_turn', '[MOVE x=1.0]', None),
])
def test_a_follow_up_makes_its_plan_of_the_one_before(kind, before, after):
    assert FOLLOW_UPS[kind][1](parse(before).actions) == after


def test_the_same_seed_gives_the_same_examples(examples):
    assert list(Beyond(seed=5).examples(200)) == examples[:200]


def test_every_kind_is_drawn_in_both_languages(examples):
    counts = Counter((e.category, e.lang) for e in examples if e.category != 'after')
    assert set(counts) == {(kind, lang) for kind in KINDS for lang in ('en', 'zh')
                           if kind != 'after'}


def test_every_plan_can_be_generated(examples):
    for example in examples:
        for plan in (example.plan, example.cloud):
            assert not plan or accepts(plan) and str(parse(plan)) == plan, example
        assert len(parse(cloud_plan(example)).actions) <= MAX_ACTIONS


def test_the_edge_takes_few_steps_and_passes_the_others_on(examples):
    by_kind = {kind: [e for e in examples if e.category == kind] for kind in KINDS}
    for kind, steps in (('steps4', 4), ('steps5', 5)):
        assert all(e.plan.startswith('[REMOTE]') and len(actions(e.cloud)) == steps
                   for e in by_kind[kind])
    assert all(e.plan.startswith('[REMOTE]') and not actions(e.cloud) for e in by_kind['steps6'])
    for example in by_kind['times']:
        repeated = actions(example.plan)
        assert repeated == ['[REMOTE]'] or len(repeated) in (4, 5) and len(set(repeated)) == 1


def test_history_has_few_turns_of_tags_alone(examples):
    turns = [turn for example in examples for turn in example.history]
    assert turns and all(plan == ''.join(actions(plan)) for _, plan in turns)
    assert max(len(example.history) for example in examples) <= MAX_TURNS


def test_no_reading_has_two_plans(examples):
    ordinary = list(Composer(seed=5).examples(4000))
    plans: dict[object, set[tuple[str, str]]] = {}
    for example in [*examples, *ordinary]:
        found = actions(example.plan), actions(cloud_plan(example))
        plans.setdefault(reading(example), set()).add(tuple(map(''.join, found)))
    clashes = {key: found for key, found in plans.items() if len({e for e, _ in found}) > 1}
    assert clashes == {}


def test_a_text_of_the_corpus_gives_way_to_the_same_text_with_two_plans():
    mixed = compose(3000, seed=2, beyond=0.5)
    counts = Counter(map(reading, mixed))
    assert max(counts.values()) == 1
    assert sum(e.category in KINDS for e in mixed) == 1500


def test_what_is_forbidden_is_left_out(examples):
    """A text with all that may come before it; of a follow-up, only that after its own turns."""
    shape = next(e for e in examples if e.category == 'shape')
    times = Counter(reading(e)[0] for e in examples)
    follow = next(e for e in examples if e.category == 'follow' and times[reading(e)[0]] > 2)
    found = list(map(reading, compose(2500, 5, [shape, follow], beyond=1.0)))
    assert reading(shape)[0] not in [read[0] for read in found]
    assert reading(follow) not in found
    assert reading(follow)[0] in [read[0] for read in found]


@pytest.mark.parametrize('path, least', [(DEV, 110), (HELD, 60)], ids=['dev', 'held'])
def test_the_hand_written_sets_are_sound(path, least):
    rows = read_examples(path)
    assert min(Counter(e.lang for e in rows).values()) >= least
    assert len(set(map(reading, rows))) == len(rows)
    for example in rows:
        assert accepts(example.plan) or not example.plan
        assert cloud_plan(example) != example.plan or not example.plan.startswith('[REMOTE]')
