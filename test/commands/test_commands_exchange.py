"""A command and what became of it."""

import pytest

from shadow_ros.commands.exchange import event_line, Exchange, figures, news_lines, plan_line
from shadow_ros.plan import parse
from shadow_ros.records import Event, PlanRecord


def exchange(plan, *events, text='do it'):
    """Return an exchange that has heard this plan and these (kind, index, reason)."""
    one = Exchange(text, 100.0)
    record = PlanRecord(parse(plan), text=text)
    assert one.take(record, 100.0) == [record]
    for second, (kind, index, reason) in enumerate(events):
        one.take(Event(record.id, kind, index, reason=reason), 100.0 + second)
    return one


@pytest.mark.parametrize('plan, end, done', [
    ('[SIT]', 'done', True), ('[SIT]', 'failed', False), ('[SIT]', 'refused', False),
    ('[SIT]', 'stopped', False), ('[STOP]', 'done', True), ('Hello.', 'done', True),
    ('[REMOTE]', 'done', False),
])
def test_done_means_carried_out(plan, end, done):
    assert exchange(plan, ('accepted', -1, ''), (end, -1, '')).done is done


def test_it_takes_its_own_plan_and_events_only():
    one = Exchange('sit', 0.0)
    assert not one.take(PlanRecord(parse('[SIT]'), text='stand'), 0.0)
    record = PlanRecord(parse('[SIT]'), text=' sit ')
    assert one.take(record, 0.0)
    assert not one.take(PlanRecord(parse('[LIE]'), text='sit'), 0.0)
    assert not one.take(Event('other', 'done'), 1.0)
    assert one.take(Event(record.id, 'done', 0), 1.0)
    assert one.end is None
    assert one.take(Event(record.id, 'done'), 2.0)
    assert not one.take(Event(record.id, 'done'), 3.0)
    assert one.kinds == ['done', 'done']


def test_events_that_overtake_their_plan_are_not_lost():
    one = Exchange('sit', 10.0)
    record = PlanRecord(parse('[SIT]'), text='sit')
    accepted, done = Event(record.id, 'accepted'), Event(record.id, 'done')
    for event, at in ((accepted, 11.0), (Event('other', 'done'), 11.5), (done, 12.0)):
        assert one.take(event, at) == []
    taken = one.take(record, 13.0)
    assert taken == [record, accepted, done]
    assert one.events == [(1.0, accepted), (2.0, done)]
    assert one.done
    assert ['[SIT]' in line or '1.00 s' in line or '2.00 s' in line
            for line in news_lines(one, taken)] == [True] * 3


def test_a_long_text_is_known_by_its_beginning():
    one = Exchange('a' * 100_000, 0.0)
    assert not one.take(PlanRecord(parse('Hm.'), text='a'), 0.0)
    assert one.take(PlanRecord(parse('Hm.'), text='a' * 2000), 0.0)


def test_a_reply_is_told_once():
    one = exchange('[BACK_FLIP] Wow!', ('refused', -1, 'Not allowed.'))
    for text in ('Wow!', 'Not allowed.', 'Oh.', 'Oh.'):
        one.take_reply(text, 100.0)
    assert one.due_replies(100.0) == ['Oh.'] and one.due_replies(200.0) == []
    assert one.reason == 'Not allowed.'


def test_a_reply_that_overtakes_its_event_waits_for_it_but_not_for_ever():
    one, record = Exchange('do it', 0.0), PlanRecord(parse('[BACK_FLIP]'), text='do it')
    one.take_reply('Not allowed.', 0.1)
    assert one.due_replies(0.1) == []
    one.take(record, 0.2)
    assert one.due_replies(0.2) == []
    one.take(Event(record.id, 'refused', reason='Not allowed.'), 0.3)
    assert one.due_replies(0.3) == []
    slow = Exchange('think', 0.0)
    slow.take_reply('Let me think.', 0.1)
    assert slow.due_replies(1.0) == ['Let me think.']


@pytest.mark.parametrize('kind, data, text', [
    ('progress', {'done_m': 0.5, 'goal_m': 2.0}, '0.50 of 2.00 m'),
    ('done', {'done_deg': 89.94, 'goal_deg': 90, 'seconds': 2.31}, '89.9 of 90.0° in 2.3 s'),
    ('done', {'seconds': 3.0}, '3.0 s'),
    ('stopped', {'seconds': 0.14}, 'still after 0.14 s'),
    ('started', {'since_command_ms': 3.0}, ''),
])
def test_figures_are_told_in_words(kind, data, text):
    assert figures(Event('x', kind, data=data)) == text


def test_lines_hold_what_matters():
    record = PlanRecord(parse('[SIT] OK'), confidence=0.98, timing_ms={'total': 12.4})
    for part in ('[SIT]', 'OK', 'edge', '0.98', '12 ms'):
        assert part in plan_line(record)
    line = event_line(1.234, Event('x', 'failed', 0, '[SIT]', 'I fell.'))
    for part in ('1.23 s', 'failed', '[SIT]', 'I fell.'):
        assert part in line
