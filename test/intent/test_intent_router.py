"""The router's table: what each kind of thought becomes."""

import pytest

from shadow_ros.intent.router import effective_threshold, needed, route
from shadow_ros.intent.thought import Thought
from shadow_ros.plan import parse


def decide(plan: str, confidence: float, text: str = 'walk', attached: bool = False):
    """Return the decision about a plan's text."""
    return route(Thought(parse(plan), confidence), text, 0.6, attached)


@pytest.mark.parametrize(('plan', 'confidence', 'reason'), [
    ('[MOVE x=1.0] On it!', 0.9, ''), ('[MOVE x=1.0] On it!', 0.6, ''),
    ('[MOVE x=1.0] On it!', 0.59, 'unsure'), ('[SIT]', 0.1, 'unsure'),
    ('[BACK_FLIP]', 0.7, 'unsure'), ('[BACK_FLIP]', 0.81, ''), ('[DAMP]', 0.7, 'unsure'),
    ('[SIT][JUMP]', 0.7, 'unsure'), ('[STOP]', 0.01, ''),
    ('Hello there.', 0.01, ''), ('[REMOTE]', 0.01, 'no backbone')])
def test_reasons(plan, confidence, reason) -> None:
    decision = decide(plan, confidence)
    assert decision.reason == reason
    assert not decision.ask_cloud
    assert decision.confidence == confidence
    if reason == 'unsure':
        assert decision.route == 'talk'
    else:
        assert decision.plan.actions == parse(plan).actions


def test_a_stop_does_not_wait_for_what_comes_after_it() -> None:
    """Of "stop and sit" in doubt the stop is certain enough; the rest is asked back."""
    thought = Thought(parse('[STOP][SIT]'), 0.01)
    for attached in (False, True):
        decision = route(thought, 'stop and sit', 0.6, attached, ask_unsure=attached)
        assert decision.plan.actions == parse('[STOP]').actions and not decision.ask_cloud
        assert decision.reason == 'unsure' and 'Did you mean SIT' in decision.plan.reply
    assert decide('[SIT][STOP]', 0.01).plan.actions == ()


@pytest.mark.parametrize(('text', 'words'), [('walk', 'Did you mean MOVE x=1.0'),
                                             ('往前走', '你是说 MOVE x=1.0')])
def test_the_question_is_in_the_language_of_the_text(text, words) -> None:
    assert words in decide('[MOVE x=1.0]', 0.2, text).plan.reply


@pytest.mark.parametrize(('text', 'words'), [('who is it', 'no cloud'), ('他是谁', '云端')])
def test_remote_without_backbone_says_so(text, words) -> None:
    decision = decide('[REMOTE] Let me ask.', 0.9, text)
    assert decision.route == 'remote'
    assert words in decision.plan.reply


def test_remote_with_backbone_asks_it() -> None:
    decision = decide('[REMOTE]', 0.2, attached=True)
    assert decision.ask_cloud and decision.reason == 'remote'


@pytest.mark.parametrize(('configured', 'expected'), [(-1.0, 0.7), (None, 0.7), (0.0, 0.0),
                                                      (0.4, 0.4)])
def test_threshold(configured, expected) -> None:
    assert effective_threshold(configured, 0.7) == expected


def test_bold_actions_need_more() -> None:
    assert needed(parse('[HANDSTAND]'), 0.5) == 0.75
    assert needed(parse('[AVOID on=false]'), 0.5) == 0.5


def test_what_a_card_wants_of_bold_actions_comes_on_top() -> None:
    assert needed(parse('[HANDSTAND]'), 0.5, bold=0.9) == 0.9
    assert needed(parse('[HANDSTAND]'), 0.5, bold=0.6) == 0.75
    assert needed(parse('[SIT]'), 0.5, bold=0.9) == 0.5
    thought = Thought(parse('[SIT][BACK_FLIP]'), 0.85)
    assert route(thought, 'flip', 0.5).reason == ''
    assert route(thought, 'flip', 0.5, bold=0.9).reason == 'unsure'
