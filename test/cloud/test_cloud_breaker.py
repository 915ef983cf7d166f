"""The breaker's table, and what is asked by which policy."""

import pytest

from shadow_ros.cloud.breaker import Breaker, DOUBT, HEARTBEAT
from shadow_ros.cloud.policy import asks, Policy, Question, question, Share


def test_three_failures_open_it_and_a_probe_closes_it():
    breaker = Breaker(3, 2.0, 8.0)
    assert [breaker.failed(t) for t in (1.0, 2.0, 3.0, 3.5)] == [False, False, True, False]
    assert not breaker.allows() and not breaker.probe_due(5.4)
    assert breaker.probe_due(5.5) and breaker.state == 'half-open'
    assert not breaker.probe_due(6.0)  # one probe at a time
    assert breaker.succeeded(6.5) and breaker.allows()
    assert not breaker.succeeded(7.0)


def test_pauses_double_to_their_limit():
    breaker = Breaker(1, 2.0, 8.0)
    assert breaker.failed(0.0)
    now, waits = 0.0, []
    for _ in range(4):
        start = now
        while not breaker.probe_due(now):
            now += 0.5
        waits.append(now - start)
        assert not breaker.failed(now)
    assert waits == [2.0, 4.0, 8.0, 8.0]
    breaker.succeeded(now)
    assert breaker.failed(now) and breaker.probe_due(now + 2.0)


def test_success_in_between_forgives():
    breaker = Breaker()
    for now in range(9):
        assert not breaker.failed(float(now))
        if now % 2:
            breaker.succeeded(float(now))
    assert breaker.allows()


def test_one_looks_now_and_then_and_soon_after_a_doubt():
    breaker = Breaker()
    breaker.reset(100.0)
    assert not breaker.probe_due(100.0 + HEARTBEAT - 0.1)
    assert breaker.probe_due(100.0 + HEARTBEAT) and breaker.allows()
    assert not breaker.probe_due(100.0 + HEARTBEAT + 1.0)
    breaker.failed(120.0)
    assert not breaker.probe_due(120.0 + DOUBT / 2) and breaker.probe_due(120.0 + DOUBT)


@pytest.mark.parametrize(('policy', 'reason', 'asked'), [
    ('remote', 'remote', True), ('remote', 'unsure', False), ('remote', '', False),
    ('unsure', 'remote', True), ('unsure', 'unsure', True), ('unsure', '', False),
    ('compare', 'remote', True), ('compare', 'unsure', True), ('compare', '', False)])
def test_who_is_asked(policy, reason, asked):
    assert asks(Policy(policy), reason) is asked


@pytest.mark.parametrize(('share', 'told'), [
    ('text', Question('just like before')),
    ('turns', Question('just like before', (('sit', '[SIT]'),))),
    ('state', Question('just like before', (('sit', '[SIT]'),), 'sit'))])
def test_only_what_may_leaves_the_robot(share, told):
    assert question('just like before', [('sit', '[SIT]')], 'sit', Share(share)) == told
