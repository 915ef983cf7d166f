"""The grammar accepts exactly canonical plans, as text and token by token."""

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
from scripted_model import actions

from shadow_ros.actions import MAX_ACTIONS
from shadow_ros.intent.grammar import accepts, Grammar, plan_regex
from shadow_ros.intent.tokens import Codec, tag_pieces
from shadow_ros.plan import parse, Plan

LINES = ['walk forward 2.0 m', 'turn left 90 deg and sit', 'On it! Right away.',
         '向前走 2.0 m 然后坐下', '好的，马上！', "I'm Doger.", 'Let me ask the cloud.']


@pytest.fixture(scope='module')
def codec() -> Codec:
    """Return a small tokenizer."""
    return Codec.train(LINES, 420)


@pytest.fixture(scope='module')
def grammar(codec) -> Grammar:
    """Return the grammar for it."""
    return Grammar(codec)


REPLIES = st.lists(st.sampled_from(
    ['On', 'it!', '好的，马上！', "I'm", 'Doger.', '😀', 'é', '2.0', '<|end|>']),
    max_size=25).map(' '.join)
PLANS = st.builds(Plan, st.lists(actions(), max_size=MAX_ACTIONS).map(tuple), REPLIES)


@settings(max_examples=400, deadline=None)
@given(PLANS)
def test_every_canonical_plan_is_accepted(plan) -> None:
    assert accepts(str(plan)) == bool(str(plan))


@settings(max_examples=120, deadline=None)
@given(st.from_regex(plan_regex(), fullmatch=True))
def test_what_is_accepted_is_the_text_of_a_plan(text) -> None:
    assert str(parse(text)) == text


@settings(max_examples=200, deadline=None)
@given(PLANS)
def test_tokens_of_a_plan_are_allowed_one_by_one(codec, grammar, plan) -> None:
    if not str(plan):
        return
    matcher = grammar.matcher()
    ids = codec.plan(str(plan))
    assert matcher.consume_tokens(ids), matcher.get_error()
    assert codec.decode(ids) == str(plan)


@pytest.mark.parametrize('text', [
    '', ' ', '[', '[SIT', '[FLY]', '[sit]', '[MOVE]', '[MOVE speed=fast]', '[MOVE y=1.0 x=1.0]',
    '[MOVE x=1]', '[MOVE x=1.000]', '[MOVE x=-0.0]', '[MOVE x=nan]', '[TURN]', '[TURN yaw=090]',
    '[TURN yaw=90.0]', '[SPEED level=warp]', '[AVOID on=maybe]', '[SIT x=1.0]', '[REMOTE][SIT]',
    '[SIT][REMOTE]', '[SIT]' * 6, '[SIT]ok', '[SIT]  ok', '[SIT] ok [STAND]', 'ok\nok', 'ok ',
    'a' * 41, '[SIT] ' + 'a ' * 26])
def test_refused(text, codec, grammar) -> None:
    assert not accepts(text)
    matcher = grammar.matcher()
    assert not matcher.consume_tokens(codec.plan(text))


@pytest.mark.parametrize('text', [
    '[MOVE x=2.0][SIT] On it!', '[MOVE x=1.0 y=-0.25 speed=slow]', '[TURN yaw=-22.5]', '[REMOTE]',
    '[REMOTE] Let me ask the cloud.', "I'm Doger.", '[SIT]' * 5, '[AVOID on=false]',
    '[MOVE x=100000.0]', '好的。'])
def test_accepted(text) -> None:
    assert accepts(text)


def test_what_the_grammar_forces_is_known_before_the_model(codec, grammar) -> None:
    matcher = grammar.matcher()
    matcher.consume_tokens(codec.text_ids('[WALK'))
    assert codec.decode(matcher.compute_ff_tokens()) == '_UPRIGHT]'


def test_a_tag_takes_few_tokens(codec) -> None:
    pieces = ['[MOVE', ' x=', '2', '.', '0', ']', '[SIT]', 'end']
    assert len(codec.plan('[MOVE x=2.0][SIT]')) == len(pieces)
    assert all(len(codec.text_ids(piece)) == 1 for piece in tag_pieces())
