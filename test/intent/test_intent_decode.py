"""Constrained decoding, step by step, with a scripted model in place of weights."""

import math

import pytest
from scripted_model import CODECS, decode, grammar_of

from shadow_ros.intent.decode import MAX_ACTION_TOKENS, MAX_REPLY_TOKENS
from shadow_ros.intent.grammar import Grammar
from shadow_ros.intent.tokens import Codec
from shadow_ros.plan import parse


@pytest.mark.parametrize('kind', CODECS)
@pytest.mark.parametrize('text', [
    '[MOVE x=2.0][SIT] On it!', '[SIT]', '[REMOTE] 好的，马上！', 'Turning around now.',
    '[TURN yaw=-90]',
    '[SIT][SIT][SIT][SIT][SIT]', '[SPEED level=slow] Look', '[AVOID on=false]'])
def test_the_models_text_comes_out_whole(kind, text) -> None:
    done, runtime, early = decode(kind, text)
    tags = ''.join(str(action) for action in parse(text).actions)
    assert done.text.decode() == text
    assert done.actions.decode() == tags
    assert done.confidence == pytest.approx(1.0)
    assert [actions for actions, _ in early] == [tags] * bool(tags)
    assert runtime.passes <= len(runtime.fed)


def test_forced_tokens_ride_along() -> None:
    codec = CODECS['plain']
    done, runtime, _ = decode('plain', '[WALK_UPRIGHT]')
    # One pass chooses `[`, one `W` (or a longer piece), one the end; the rest is forced.
    assert len(codec.plan('[WALK_UPRIGHT]')) > 8
    assert runtime.passes <= 4
    assert codec.decode(runtime.fed[1:]) == '[WALK_UPRIGHT]'
    assert done.text == b'[WALK_UPRIGHT]'


def test_actions_are_told_before_the_reply() -> None:
    _, runtime, early = decode('tags', '[SIT] Turning around now.')
    assert early == [('[SIT]', 2)]
    assert runtime.passes > 4


def test_confidence_is_the_product_over_what_the_grammar_allows() -> None:
    codec = CODECS['tags']
    done, _, _ = decode('tags', '[SIT]', taste=0.0)
    grammar = grammar_of('tags')
    opens = sum(grammar.tokens.decode_bytes([t]).startswith(b'[')
                for t in allowed(grammar, codec, ''))
    first = math.exp(5) / (math.exp(5) + len(allowed(grammar, codec, '')) - 1)
    after = allowed(grammar, codec, '[SIT]')
    more = sum(grammar.tokens.decode_bytes([t]).startswith(b'[') for t in after)
    # Any way of ending the actions, with whatever reply, counts as one choice.
    ending = (math.exp(5) + len(after) - more - 1) / (math.exp(5) + len(after) - 1)
    assert done.confidence == pytest.approx(first * ending, rel=1e-4)
    talk, _, _ = decode('tags', 'Look', taste=0.0)
    everything = len(allowed(grammar, codec, ''))
    assert talk.confidence == pytest.approx(
        (math.exp(5) + everything - opens - 1) / (math.exp(5) + everything - 1), rel=1e-4)


def allowed(grammar: Grammar, codec: Codec, text: str) -> list[int]:
    """Return the tokens that may follow a text."""
    matcher = grammar.matcher()
    if text:
        matcher.consume_tokens(codec.text_ids(text))
    bits = matcher.compute_bitmask()
    return [i for i in range(codec.size) if bits[i // 8] >> i % 8 & 1]


def test_temperature_softens_the_confidence_alone() -> None:
    sharp, _, _ = decode('tags', '[SIT] Look', 0.0)
    soft, _, _ = decode('tags', '[SIT] Look', 0.0, temperature=2.0)
    assert soft.confidence < sharp.confidence and soft.text == sharp.text


def test_an_endless_reply_is_cut() -> None:
    done, runtime, _ = decode('plain', '[SIT] ' + 'q ' * 300)
    assert done.actions == b'[SIT]'
    assert runtime.passes <= MAX_ACTION_TOKENS + MAX_REPLY_TOKENS
    assert parse(done.text.decode()).reply.startswith('q q')


def test_endless_actions_are_no_actions() -> None:
    done, _, early = decode('plain', '[MOVE x=1.0 y=1.0 speed=fast]' * 5)
    assert done.actions is None and early == []
