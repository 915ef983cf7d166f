"""What travels as JSON: exact round trips, and a sentence for whatever is malformed."""

from dataclasses import replace
import json

from hypothesis import example, given, settings, strategies as st
from plan_strategies import NUMBERS, plan_like, plans
import pytest

from shadow_ros.errors import PlanError
from shadow_ros.plan import parse
from shadow_ros.records import (
    Event, EVENT_KINDS, Feedback, FINAL_KINDS, load_object, new_id, PlanRecord, RobotState)

TEXTS = st.text(st.characters(exclude_categories=['Cs']), max_size=20)
NAMES = st.text(st.characters(exclude_categories=['Cs']), min_size=1, max_size=20)
TIMINGS = st.dictionaries(TEXTS, NUMBERS, max_size=4)
PLAN_RECORDS = st.builds(
    PlanRecord, plan=plans(), id=NAMES, stamp=NUMBERS, source=TEXTS, text=TEXTS, by=NAMES,
    confidence=NUMBERS, model=TEXTS, timing_ms=TIMINGS)
EVENTS = st.builds(
    Event, plan_id=TEXTS, kind=st.sampled_from(EVENT_KINDS), index=st.integers(-1, 9),
    action=TEXTS, reason=TEXTS, time=NUMBERS, data=TIMINGS)
STATES = st.builds(
    RobotState, posture=TEXTS, moving=st.booleans(), stopped=st.booleans(), body=TEXTS,
    battery=NUMBERS, backbone_attached=st.booleans(), model=TEXTS)
FEEDBACK = st.builds(
    lambda wrong, **about: Feedback(
        right=wrong is None, should_be=None if wrong is None else str(wrong), **about),
    wrong=st.none() | plans(), plan_id=NAMES, source=TEXTS, text=TEXTS, time=NUMBERS)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner,
                                                                max_size=3), max_leaves=6)
KEYS = ('plan', 'actions', 'reply', 'route', 'id', 'stamp', 'source', 'text', 'by', 'confidence',
        'model', 'timing_ms', 'plan_id', 'kind', 'index', 'posture', 'name', 'x')


@given(PLAN_RECORDS)
@settings(max_examples=300)
def test_plan_record_round_trip_is_exact(record):
    assert PlanRecord.from_json(record.to_json()) == record


@given(EVENTS)
def test_event_round_trip_is_exact(event):
    assert Event.from_json(event.to_json()) == event


@given(STATES)
def test_state_round_trip_is_exact(state):
    assert RobotState.from_json(state.to_json()) == state


@given(FEEDBACK)
def test_feedback_round_trip_is_exact(feedback):
    assert Feedback.from_json(feedback.to_json()) == feedback


@pytest.mark.parametrize('text, complaint', [
    ('yes', 'feedback must be JSON'), ('{"right": true}', 'incomplete Feedback'),
    ('{"plan_id": "", "right": true}', 'needs a plan_id'),
    ('{"plan_id": "a", "right": 1}', 'right must be true or false'),
    ('{"plan_id": "a", "right": true, "should_be": "[SIT]"}', 'leave should_be out'),
    ('{"plan_id": "a", "right": true, "should_be": ""}', 'leave should_be out'),
    ('{"plan_id": "a", "right": false, "text": 7}', 'text must be text'),
    ('{"plan_id": "a", "right": false, "should_be": "[SITT]"}', 'did you mean SIT?'),
    ('{"plan_id": "a", "right": false, "should_be": 7}', 'should_be must be text')])
def test_wrong_feedback_is_told(text, complaint):
    with pytest.raises(PlanError) as error:
        Feedback.from_json(text)
    assert complaint in str(error.value)


@given(PLAN_RECORDS)
def test_each_record_is_one_line(record):
    assert '\n' not in record.to_json()


@given(st.one_of(
    plan_like(), st.dictionaries(st.sampled_from(KEYS), JSON_VALUES | plan_like()).map(json.dumps),
    st.text().map('{'.__add__)))
@example('{"plan": "", "stamp": 1e400}')
@example('{"plan": "", "stamp": ' + '9' * 5000 + '}')
@example('{"plan": "[SIT]", "stamp": ' + '9' * 400 + '}')
@example('{"plan": ""' + ',"a":[' * 100_000)
@example('{"plan": "\\ud800"}')
@example('{"plan": "", "timing_ms": {"a": null}}')
@settings(max_examples=1500)
def test_nothing_but_plan_error_comes_out(text):
    for kind in (PlanRecord, Event, RobotState):
        try:
            kind.from_json(text)
        except PlanError as error:
            assert len(str(error)) < 600


READ = [
    ('plan text', '{"plan": "[SIT] OK"}', '[SIT] OK'),
    ('actions', '{"actions": [{"name": "MOVE", "x": 2}], "reply": "On it!"}',
     '[MOVE x=2.0] On it!'),
    ('actions and route', '{"actions": [], "route": "talk"}', ''),
    ('both', '{"plan": "[SIT] OK", "actions": [{"name": "SIT"}], "reply": "OK"}', '[SIT] OK'),
    ('both, the reply once', '{"plan": "[SIT] OK", "actions": [{"name": "SIT"}]}', '[SIT] OK'),
    ('bare plan text', '[SIT] OK', '[SIT] OK'),
    ('bare talk', 'hello', 'hello'),
    ('keys of later versions', '{"plan": "[SIT]", "mood": "good"}', '[SIT]'),
]
REFUSED = [
    ('no JSON', '{plan', 'must be JSON'),
    ('neither plan nor actions', '{"text": "sit"}', 'needs plan or actions'),
    ('a plan that is no text', '{"plan": 1}', 'plan must be text'),
    ('a wrong plan', '{"plan": "[SITT]"}', 'did you mean SIT'),
    ('disagreement', '{"plan": "[SIT]", "actions": [{"name": "LIE"}]}', 'must agree'),
    ('route that lies', '{"actions": [{"name": "SIT"}], "route": "talk"}', 'is edge'),
    ('stamp as text', '{"plan": "", "stamp": "now"}', 'stamp must be a finite number'),
    ('stamp as bool', '{"plan": "", "stamp": true}', 'stamp must be a finite number'),
    ('NaN', '{"plan": "", "confidence": NaN}', 'confidence must be a finite number'),
    ('id as number', '{"plan": "", "id": 7}', 'id must be text'),
    ('timing as list', '{"plan": "", "timing_ms": []}', 'timing_ms must be an object'),
    ('timing as text', '{"plan": "", "timing_ms": {"asr": "fast"}}', 'asr must be a finite'),
]


def ids(rows):
    """Return the first column, which names the case."""
    return [row[0] for row in rows]


@pytest.mark.parametrize('case, text, plan', READ, ids=ids(READ))
def test_plan_record_reads(case, text, plan):
    record = PlanRecord.from_json(text)
    assert str(record.plan) == plan and record.id


@pytest.mark.parametrize('case, text, says', REFUSED, ids=ids(REFUSED))
def test_plan_record_refuses(case, text, says):
    with pytest.raises(PlanError, match=says):
        PlanRecord.from_json(text)


@pytest.mark.parametrize('text, says', [
    ('[1]', 'JSON object'), ('', 'must be JSON'), ('{}', 'incomplete Event')],
    ids=['list', 'empty', 'no keys'])
def test_event_refuses(text, says):
    with pytest.raises(PlanError, match=says):
        Event.from_json(text)


def test_error_names_what_the_text_should_be():
    with pytest.raises(PlanError, match='a feedback must be a JSON object'):
        load_object('3', 'a feedback')


@pytest.mark.parametrize('kind', EVENT_KINDS)
def test_only_a_final_event_of_the_whole_plan_ends_it(kind):
    whole = Event('id', kind)
    assert whole.ends_plan == (kind in FINAL_KINDS)
    assert not replace(whole, index=0).ends_plan


def test_record_holds_what_the_topic_promises():
    data = json.loads(PlanRecord(parse('[SIT] OK')).to_json())
    assert set(data) == {'id', 'stamp', 'source', 'text', 'plan', 'actions', 'reply', 'route',
                         'by', 'confidence', 'model', 'timing_ms'}


def test_ids_differ():
    assert len({new_id() for _ in range(1000)}) == 1000
