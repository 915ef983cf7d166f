"""Replies to motions are spoken when the motion is accepted, and never before a refusal."""

import pytest

from shadow_ros.intent.tongue import Tongue


@pytest.mark.parametrize('steps, spoken', [
    (['reply', 'accepted'], ['Here goes!']),
    (['accepted', 'reply'], ['Here goes!']),
    (['reply', 'refused'], []), (['refused', 'reply'], []),
    (['confirm', 'reply', 'accepted'], ['Here goes!']),
    (['confirm', 'reply', 'cancelled', 'accepted'], []),
    (['reply', 'accepted', 'started', 'done', 'accepted'], ['Here goes!']),
    (['reply'], []), (['accepted', 'started'], []),
], ids=' '.join)
def test_a_reply_waits_for_its_plan(steps, spoken):
    said = []
    tongue = Tongue(said.append)
    for step in steps:
        if step == 'reply':
            tongue.reply('p', 'Here goes!')
        else:
            tongue.event('p', step)
    assert said == spoken


def test_plans_do_not_mix_and_memory_is_bounded():
    said = []
    tongue = Tongue(said.append)
    for n in range(1000):
        tongue.reply(f'old{n}', 'old')
        tongue.event(f'other{n}', 'accepted')
    tongue.reply('p', 'new')
    tongue.event('p', 'accepted')
    tongue.event('old0', 'accepted')
    assert said == ['new']
