"""Bags to lessons: who said that a plan was right or wrong, and what is made of that."""

import json

from diary import BEGIN, raw, write
import pytest

from shadow_ros.errors import BagError
from shadow_ros.learning.lessons.collect import collect
from shadow_ros.learning.lessons.lesson import Lesson
from shadow_ros.learning.lessons.review import read_review, write_review
from shadow_ros.learning.lessons.tidy import against, tidy, without
from shadow_ros.phrases import say
from shadow_ros.plan import parse
from shadow_ros.records import Comparison, Event, Feedback, PlanRecord


class Day:
    """A day being made up: each method adds what the nodes would have said; times in seconds."""

    def __init__(self):
        self.messages = []

    def plan(self, at, text, plan, ends='done', after=2.0, reason='', source='command', id=''):
        record = PlanRecord(parse(plan), id=id or f'p{at:g}', stamp=BEGIN / 1e9 + at, text=text,
                            source=source)
        self.messages += [raw(at, 'command', text), raw(at + 0.1, 'plan', record.to_json())]
        if record.plan.route == 'edge':
            self._event(at + 0.2, record.id, 'accepted')
            self._event(at + after, record.id, ends, reason)
        return record.id

    def _event(self, at, plan_id, kind, reason=''):
        event = Event(plan_id, kind, reason=reason, time=BEGIN / 1e9 + at)
        self.messages.append(raw(at, 'event', event.to_json()))

    def feedback(self, at, plan_id, right, should_be=None):
        self.messages.append(raw(at, 'feedback', Feedback(plan_id, right, should_be).to_json()))

    def collect(self, folder, name='day', **options):
        write(folder / name, sorted(self.messages, key=lambda m: m.stamp), **options)
        return collect([folder / name])


def brief(found):
    return [(x.text, x.plan, x.source, x.use, x.weak) for x in found.lessons]


@pytest.fixture
def day():
    return Day()


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_feedback_labels(day, tmp_path, storage):
    day.feedback(9, day.plan(0, 'sit down', '[SIT] OK'), True)
    day.feedback(19, day.plan(10, 'plonk yourself', '[BALANCE] OK'), False, '[SIT]')
    day.feedback(29, day.plan(20, 'what a day', '[TURN yaw=90]'), False, '')
    day.feedback(39, day.plan(30, 'hoppla', '[STRETCH]'), False)
    day.plan(40, 'turn left', '[TURN yaw=90]')
    day.plan(50, 'stop', '[STOP]', source='stop word')
    found = day.collect(tmp_path, storage=storage)
    assert brief(found) == [
        ('sit down', '[SIT]', 'right', True, False),
        ('plonk yourself', '[SIT]', 'corrected', True, False),
        ('what a day', '', 'corrected', True, False),
        ('hoppla', '[STRETCH]', 'wrong', False, False),
        ('turn left', '[TURN yaw=90]', 'unlabelled', False, False)]
    assert found.lessons[1].was == '[BALANCE]' and found.lessons[1].outcome == 'done'
    assert found.troubles == [] and found.conflicts == []


def test_the_last_word_counts(day, tmp_path):
    plan_id = day.plan(0, 'plonk yourself', '[BALANCE] OK')
    day.feedback(5, plan_id, False, '[LIE]')
    day.feedback(6, plan_id, False, '[SIT]')
    assert brief(day.collect(tmp_path)) == [
        ('plonk yourself', '[SIT]', 'corrected', True, False)]


@pytest.mark.parametrize('after, source', [(2.9, 'stopped'), (4.5, 'unlabelled')])
def test_stopped_at_once_is_suspicious(day, tmp_path, after, source):
    """A stop within 3 s says that it was wrong; later it says nothing."""
    day.plan(0, 'go on then', '[MOVE x=1.0]', 'cancelled', 0.2 + after, say('stopped', 'en'))
    day.plan(0.2 + after, 'stop', '[STOP]', source='stop word')
    found = day.collect(tmp_path)
    assert [(x.source, x.use) for x in found.lessons] == [(source, False)]
    assert (found.lessons[0].note == 'stopped after 2.9 s') == (source == 'stopped')


def test_the_phrase_that_worked_labels_those_that_did_not(day, tmp_path):
    """Weak labels: nobody said so, but the robot asked to say it another way."""
    day.plan(0, 'plonk', f'{say("ask_back", "en", plan="BALANCE")}')
    day.plan(6, 'plonk it', say('not_understood', 'en'))
    day.plan(12, 'sit down', '[SIT]')
    day.plan(100, 'go to the left side', '[MOVE x=1.0]', 'cancelled', reason=say('newer', 'en'))
    day.plan(105, 'go left', '[TURN yaw=90]')
    day.plan(200, 'dance', '[DANCE]', 'cancelled', reason=say('newer', 'en'))
    day.plan(205, 'turn around', '[TURN yaw=180]')  # another wish
    day.plan(300, '趴窝', say('ask_back', 'zh', plan='SIT'))
    day.plan(340, '趴下', '[LIE]')  # too late to be the same
    assert brief(day.collect(tmp_path)) == [
        ('plonk', '[SIT]', 'rephrased', True, True),
        ('plonk it', '[SIT]', 'rephrased', True, True),
        ('sit down', '[SIT]', 'unlabelled', False, False),
        ('go to the left side', '[TURN yaw=90]', 'rephrased', True, True),
        ('go left', '[TURN yaw=90]', 'unlabelled', False, False),
        ('dance', '[DANCE]', 'unlabelled', False, False),
        ('turn around', '[TURN yaw=180]', 'unlabelled', False, False),
        ('趴窝', '', 'unlabelled', False, False), ('趴下', '[LIE]', 'unlabelled', False, False)]


def test_what_edge_and_cloud_made_of_it(day, tmp_path):
    """Agreement of two that are sure is a weak label; the cloud's other opinion is looked at."""
    for at, edge, cloud, sure in ((0, '[SIT]', '[SIT]', 0.95), (20, '[SIT]', '[SIT]', 0.5),
                                  (40, '[BALANCE]', '[SIT]', 0.95)):
        told = Comparison(day.plan(at, f'plonk {at}', edge), f'plonk {at}', edge, cloud,
                          edge == cloud, sure, 0.95)
        day.messages.append(raw(at + 3, 'comparison', told.to_json()))
    assert brief(day.collect(tmp_path)) == [
        ('plonk 0', '[SIT]', 'compared', True, True),
        ('plonk 20', '[SIT]', 'unlabelled', False, False),
        ('plonk 40', '[SIT]', 'compared', False, True)]


def test_risky_actions_are_not_taught_in_passing(day, tmp_path):
    day.feedback(9, day.plan(0, 'hoopla', '[SIT] OK'), False, '[FRONT_FLIP]')
    found = day.collect(tmp_path)
    assert not found.used and 'risky' in found.lessons[0].note


def test_a_spoken_correction_is_a_lesson_about_its_rest(day, tmp_path):
    day.feedback(9, day.plan(0, 'no, I meant sit down', '[SIT]'), True)
    assert brief(day.collect(tmp_path)) == [('sit down', '[SIT]', 'right', True, False)]


def test_same_texts_are_one_lesson_and_contradictions_are_reported(day, tmp_path):
    for at, text, plan in ((0, 'Plonk!', '[SIT]'), (20, 'plonk', '[SIT]'), (40, 'boop', '[HELLO]'),
                           (60, 'boop', '[HEART]'), (80, 'walk 2 meters', '[MOVE x=2.0]'),
                           (100, 'walk two metres', '[MOVE x=2.0]')):
        day.feedback(at + 9, day.plan(at, text, '[BALANCE]'), False, plan)
    found = day.collect(tmp_path)
    assert [(x.text, x.count, x.use) for x in found.lessons] == [
        ('Plonk!', 2, True), ('boop', 1, False), ('boop', 1, False),
        ('walk 2 meters', 2, True)]
    assert [str(c) for c in found.conflicts] == [
        "'boop': [HELLO] or [HEART] (both by the user); not used"]
    assert all('conflict' in x.note for x in found.lessons if x.text == 'boop')


def test_several_bags_and_sessions(day, tmp_path):
    """Feedback may come in another bag; a long silence begins a new session."""
    other = Day()
    plan_id = day.plan(0, 'plonk', '[BALANCE]', id='a')
    day.plan(5000, 'turn left', '[TURN yaw=90]')
    other.feedback(9000, plan_id, False, '[SIT]')
    other.feedback(9001, 'stranger', True)
    write(tmp_path / 'one', day.messages)
    write(tmp_path / 'two', other.messages, 'sqlite3')
    found = collect([tmp_path / 'one', tmp_path / 'two'])
    assert [(x.text, x.source, x.session) for x in found.lessons] == [
        ('plonk', 'corrected', 'one'), ('turn left', 'unlabelled', 'one#2')]
    assert ["'stranger'" in str(t) for t in found.troubles] == [True]


def test_what_is_no_record_is_reported(day, tmp_path):
    day.feedback(9, day.plan(0, 'plonk', '[BALANCE]'), False, '[SIT]')
    day.messages += [raw(20, 'plan', '{"plan": "[SITT]"}'), raw(21, 'event', 'nothing'),
                     raw(22, 'feedback', json.dumps({'plan_id': 'p0', 'right': 'perhaps'}))]
    found = day.collect(tmp_path)
    assert len(found.used) == 1 and len(found.troubles) == 3


def test_a_damaged_bag_still_teaches(day, tmp_path):
    for number in range(60):
        day.feedback(number * 20 + 9, day.plan(number * 20, f'plonk {number} times', '[BALANCE]'),
                     False, '[SIT]')
    file = write(tmp_path / 'day', sorted(day.messages, key=lambda m: m.stamp), chunk=20)
    file.write_bytes(file.read_bytes()[:file.stat().st_size // 2])
    found = collect([tmp_path / 'day'])
    assert 15 < len(found.used) < 60 and str(file) in str(found.troubles[0])


LESSONS = [
    Lesson('plonk, please', '[SIT]', 'corrected', True, session='one', note='', plan_id='a'),
    Lesson('趴窝', '[LIE]', 'rephrased', True, True, was='[SIT]', outcome='done', count=3),
    Lesson('fly "high"', '[JUMP]', 'corrected', False, note='teaches a risky action'),
    Lesson('turn left', '[TURN yaw=90]', 'unlabelled')]


@pytest.mark.parametrize('suffix', ['csv', 'jsonl'])
def test_review_file_round_trip(tmp_path, suffix):
    path = tmp_path / f'review.{suffix}'
    write_review(path, LESSONS)
    assert read_review(path) == LESSONS
    assert '趴窝' in path.read_text('utf-8')


def test_review_by_hand(tmp_path):
    """What was not offered and is used all the same is the reader's decision."""
    path = tmp_path / 'review.csv'
    write_review(path, LESSONS)
    text = path.read_text('utf-8-sig')
    path.write_text(text.replace('no,"fly', 'YES,"fly').replace(
        'no,turn left,[TURN yaw=90]', 'x,turn left,[TURN yaw=45]').replace('yes,趴窝', 'no,趴窝'))
    found = read_review(path)
    assert [(x.text, x.plan, x.source, x.use, x.weak) for x in found] == [
        ('plonk, please', '[SIT]', 'corrected', True, False),
        ('趴窝', '[LIE]', 'rephrased', False, True),
        ('fly "high"', '[JUMP]', 'reviewed', True, False),
        ('turn left', '[TURN yaw=45]', 'reviewed', True, False)]


@pytest.mark.parametrize('name, text, complaint', [
    ('a.csv', 'use,text,plan\nmaybe,sit,[SIT]\n', 'line 2: use must be yes or no'),
    ('a.csv', 'use,text,plan\nyes,sit,[SITT]\nyes,,[SIT]\n', 'did you mean SIT?'),
    ('a.csv', 'use,txt,plan\n', "unknown column 'txt'; did you mean text?"),
    ('a.jsonl', '{"use": true, "text": "sit", "plan": "[SIT]", "weigh": 1}\n', "unknown 'weigh'"),
    ('a.jsonl', 'yes', 'line 1 of'), ('a.jsonl', '[1]', 'must be a JSON object'),
    ('a.csv', None, 'cannot be read')])
def test_mistakes_in_a_review_file(tmp_path, name, text, complaint):
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    with pytest.raises(BagError) as error:
        read_review(path)
    assert complaint in str(error.value)


def test_review_takes_the_place_of_its_bag(day, tmp_path):
    day.feedback(9, day.plan(0, 'hoopla', '[SIT]'), False, '[FRONT_FLIP]')
    found = day.collect(tmp_path)
    review = tmp_path / 'r.csv'
    write_review(review, found.lessons)
    review.write_text(review.read_text('utf-8-sig').replace('no,hoopla', 'yes,hoopla'))
    again = collect([tmp_path / 'day', review])
    assert [(x.text, x.plan, x.source) for x in again.used] == [
        ('hoopla', '[FRONT_FLIP]', 'reviewed')]


def test_what_is_known_is_not_overruled_in_silence():
    """By a bag never; by a person with a word about it, but not to what hurts when it is wrong."""
    found, _ = tidy([Lesson('sit', '[FRONT_FLIP]', 'corrected', True),
                     Lesson('stand', '[LIE]', 'reviewed', True),
                     Lesson('nice', '[FRONT_FLIP]', 'reviewed', True),
                     Lesson('lie', '[LIE]', 'right', True)])
    known = {'sit': '[SIT] OK', 'stand': '[STAND]', 'lie': '[LIE] OK', 'nice': 'Thanks.'}
    kept, conflicts = against(found, known, 'the corpus and the user')
    assert [(x.text, x.use) for x in kept] == [
        ('sit', False), ('stand', True), ('nice', False), ('lie', True)]
    assert [str(c) for c in conflicts] == [
        "'sit': [SIT] or [FRONT_FLIP] (the corpus and the user); not used",
        "'stand': [STAND] or [LIE] (the corpus and the user); the last is used, it was reviewed",
        "'nice': no motion or [FRONT_FLIP] (the corpus and the user); not used"]
    left = without(found, ['Sit '], 'kept for measuring')
    assert [x.use for x in left] == [False, True, True, True]
