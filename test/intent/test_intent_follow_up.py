"""Follow-ups: their words, and what they make of the plan before."""

from pathlib import Path

from hypothesis import given, strategies as st
import pytest

from shadow_ros.actions import MAX_ACTIONS
from shadow_ros.intent.engine import EdgeEngine
from shadow_ros.intent.follow import FOLLOW_UPS
from shadow_ros.intent.follow_up import every, follow_up, phrases
from shadow_ros.learning.data import cloud_plan, read_examples
from shadow_ros.plan import parse

DATA = Path(__file__).parents[1] / 'data'


def tags(text: str, *before: str) -> str:
    """Return the tags that a text asks for after these plans; '' where it is no follow-up."""
    turns = [('something', plan) for plan in before]
    found = follow_up(text, turns)
    return ''.join(map(str, found.actions)) if found else ''


@pytest.mark.parametrize('text, before, after', [
    ('again', '[JUMP] Hop!', '[JUMP]'),
    ('Once more, please!', '[MOVE x=1.0][SIT]', '[MOVE x=1.0][SIT]'),
    ('ok doger, can you do that again please', '[SIT]', '[SIT]'),
    ('and now the other way', '[TURN yaw=90 speed=slow]', '[TURN yaw=-90 speed=slow]'),
    ('turn the other way', '[TURN yaw=90]', '[TURN yaw=-90]'),
    ('turn the other way', '[MOVE x=1.0]', ''),
    ('a bit further', '[MOVE x=-2.0]', '[MOVE x=-0.3]'),
    ('another half meter', '[MOVE y=0.5]', '[MOVE y=0.5]'),
    ('two more meters', '[MOVE x=-1.0]', ''),
    ('2 meters more please', '[MOVE x=-1.0]', '[MOVE x=-2.0]'),
    ('another thirty degrees', '[TURN yaw=-90]', '[TURN yaw=-30.0]'),
    ('undo that', '[MOVE x=1.0][TURN yaw=90]', '[TURN yaw=-90][MOVE x=-1.0]'),
    ('twice more', '[HELLO]', '[HELLO][HELLO]'), ('again, twice', '[HELLO]', '[HELLO][HELLO]'),
    ('again, twice', '[SIT][STAND][DANCE]', ''),
    ('好的，再来一次吧', '[STRETCH]', '[STRETCH]'), ('反方向', '[MOVE y=0.5]', '[MOVE y=-0.5]'),
    ('再半米', '[MOVE x=1.0]', '[MOVE x=0.5]'), ('再远一点', '[MOVE x=1.0]', '[MOVE x=0.3]'),
    ('the other way', '[SIT]', ''), ('walk forward again', '[SIT]', ''), ('sit', '[JUMP]', '')])
def test_a_follow_up_is_reckoned_from_the_plan_before(text, before, after) -> None:
    assert parse(tags(text, before)) == parse(after)


def test_the_last_plan_with_actions_is_meant() -> None:
    assert tags('again', '[SIT]', '[JUMP]', 'Thank you!') == '[JUMP]'
    assert tags('again', '[SIT]', '[REMOTE] Let me ask.') == '[SIT]'
    assert tags('again') == tags('again', 'Hello!') == ''


def test_every_phrase_has_one_meaning_and_every_kind_is_said_in_both_languages() -> None:
    kinds: dict[str, str] = {}
    for lang in ('en', 'zh'):
        assert set(phrases(lang)) == set(FOLLOW_UPS)
        for kind, patterns in phrases(lang).items():
            for text in (text for pattern in patterns for text in every(pattern)):
                assert kinds.setdefault(text.strip(), kind) == kind


@pytest.mark.parametrize('name', ['dev_commands', 'dev_held', 'dev_cloud', 'held_cloud'])
def test_no_command_of_people_is_mistaken_for_another_follow_up(name) -> None:
    for example in read_examples(DATA / f'{name}.jsonl'):
        turns = example.history or ('cloud' not in name and [('go', '[MOVE x=1.0]')]) or ()
        found = follow_up(example.text, turns)
        if found is not None:
            assert found.actions == parse(cloud_plan(example)).actions, example.text


@given(st.text(max_size=120), st.sampled_from(['[SIT]', '[MOVE x=1.0]', 'Hello!', '[REMOTE]', '']))
def test_any_text_is_a_follow_up_or_none(text, plan) -> None:
    found = follow_up(text, [('x', plan)])
    assert found is None or (1 <= len(found.actions) <= MAX_ACTIONS and found.reply)


def test_the_engine_needs_no_model_for_it_and_leaves_many_steps_to_the_backbone() -> None:
    engine, early = EdgeEngine.load(), []
    thought = engine.think('再来一次', early.append, [('挥手', '[HELLO]')])
    assert str(thought.plan) == '[HELLO] 好的！' and thought.confidence == 1.0
    assert early == [thought] and thought.passes == 0
    long = [('show', '[SIT][STAND][SIT][STAND]')]
    assert engine.think('again', turns=long).plan.route == 'remote'
    engine.cautious = False
    assert len(engine.think('again', turns=long).plan.actions) == 4
