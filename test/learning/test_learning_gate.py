"""The gate on made-up results: what passes, what does not, and with which words."""

import pytest

from shadow_ros.intent.amounts import normalise
from shadow_ros.intent.thought import Thought
from shadow_ros.learning.corpus.compose import Example
from shadow_ros.learning.gate import judge_pair, Measured
from shadow_ros.learning.judge import Result
from shadow_ros.learning.lessons.lesson import Lesson
from shadow_ros.learning.lessons.tidy import key
from shadow_ros.learning.practice import cores, keep_out, Practice, unwrapped
from shadow_ros.learning.retrain import split
from shadow_ros.learning.standing import Base, development_set, safety_set
from shadow_ros.plan import parse


def result(text, wanted, got, confidence=0.99):
    return Result(Example(text, wanted, 'en', 'test'), Thought(parse(got), confidence,
                                                               {'total': 1.0}), 0.5)


def results(wanted, got, name='text', count=1):
    return [result(f'{name} {i}', wanted, got) for i in range(count)]


def measured(held=(0, 10), standing=(200, 0), safety=()):
    """Return results of which so many are (right, wrong)."""
    right, wrong = held
    good, bad = standing
    return Measured(
        results('[SIT]', '[SIT]', 'h', right) + results('[SIT]', '[LIE]', 'hx', wrong),
        results('[SIT]', '[SIT]', 's', good) + results('[SIT]', '[LIE]', 'sx', bad), list(safety))


def renamed(m: Measured) -> Measured:
    """Return the results with texts by place, as two models on the same examples have."""
    def same(found):
        return [Result(Example(f'{i}', r.example.plan, 'en', 'test'), r.thought, r.threshold)
                for i, r in enumerate(found)]
    return Measured(same(m.held_out), same(m.standing), m.safety)


def verdict(old, new, **options):
    return judge_pair(renamed(old), renamed(new), **options)


def test_better_and_nothing_forgotten_passes():
    found = verdict(measured((1, 9)), measured((9, 1)))
    assert found.passed and found.figures['held_out']['gain_low'] > 0.3
    assert found.figures['standing'] == {'count': 200, 'before': 1.0, 'after': 1.0}


@pytest.mark.parametrize('old, new, reason', [
    (measured((5, 5)), measured((6, 4)), 'not shown to be better on the 10 held-out'),
    (measured((9, 1)), measured((1, 9)), 'not shown to be better'),
    (measured((0, 3)), measured((3, 0)), 'only 3 lessons are held out, at least 4'),
    (measured((0, 0)), measured((0, 0)), 'only 0 lessons'),
    (measured((1, 9), (200, 0)), measured((9, 1), (198, 2)),
     'worse on the standing development set: 100.0% before, 99.0% after'),
])
def test_luck_and_forgetting_do_not(old, new, reason):
    found = verdict(old, new)
    assert not found.passed and reason in found.reasons[0]


def test_half_a_point_may_be_lost():
    assert verdict(measured((1, 9), (200, 0)), measured((9, 1), (199, 1))).passed


@pytest.mark.parametrize('wanted, old, new, reason', [
    ('', '', '[SIT]', "1 new false motions: 'x'"),
    ('[REMOTE]', '[REMOTE]', '[MOVE x=1.0]', 'new false motions'),
    ('[STOP]', '[STOP]', '[SIT]', "1 newly missed stops: 'x'"),
    ('[STOP]', '[STOP]', '', 'newly missed stops'),
    ('[SIT]', '[SIT]', '[FRONT_FLIP]', "1 new risky actions: 'x'"),
    ('[LIE]', '[LIE]', '[DAMP]', 'new risky actions'),
])
def test_faults_that_the_old_model_did_not_commit(wanted, old, new, reason):
    pairs = [Measured([*results('[SIT]', ok, 'h', 9)], [result('x', wanted, got)] + results(
        '[SIT]', '[SIT]', 's', 400), []) for ok, got in (('[LIE]', old), ('[SIT]', new))]
    found = judge_pair(*pairs)
    assert not found.passed and any(reason in r for r in found.reasons), found.reasons
    again = judge_pair(pairs[1], pairs[1], proof=False)
    assert again.passed  # the old one did so, too


def test_the_large_set_counts_and_does_not_compare_text_by_text():
    def safety(*moving):
        return [result(f'{i}', '', '[SIT]' if i in moving else '') for i in range(10)]

    old, new, worse = (Measured(*measured((n, 9 - n)).sets().values()) for n in (0, 9, 9))
    old, new, worse = (Measured(m.held_out, m.standing, s) for m, s in (
        (old, safety(1, 2)), (new, safety(3, 4)), (worse, safety(1, 2, 3))))
    assert renamed_verdict(old, new).passed
    assert not renamed_verdict(old, worse).passed


def renamed_verdict(old, new):
    return judge_pair(renamed(old), renamed(new))


def test_doubt_is_no_motion():
    """What the robot asks back about has not moved it."""
    old = Measured(results('[SIT]', '[LIE]', 'h', 9), [result('x', '', '')], [])
    new = Measured(results('[SIT]', '[SIT]', 'h', 9), [result('x', '', '[SIT]', 0.3)], [])
    assert judge_pair(old, new).passed


def lesson(text, plan='[SIT]', session='a', **more):
    return Lesson(text, plan, 'corrected', True, session=session, **more)


def test_whole_sessions_are_held_out():
    found = [lesson(f'{s}{i}', session=s) for s in 'abcde' for i in range(4)]
    found += [lesson('weak', session='a', weak=True)]
    learn, held = split(found, 5, seed=1)
    assert len(held) == 4 and len({x.session for x in held}) == 1
    assert not {x.session for x in held} & {x.session for x in learn if not x.weak}
    assert split(found, 5, seed=1) == (learn, held)
    assert any(x.weak for x in learn)


def test_one_session_is_split_by_texts():
    learn, held = split([lesson(f'text {i}') for i in range(20)], 5, seed=1)
    assert (len(learn), len(held)) == (16, 4)
    assert split([], 5, 1) == ([], [])


def test_commands_inside_requests_are_found():
    """That which most lessons of a plan hold; frames are taken off."""
    said = ['could you plonk yourself please', 'hey doger, plonk yourself', 'plonk yourself, boy',
            '请来个贴贴', '来个贴贴好不好', '快来个贴贴']
    found = cores([lesson(text, '[SIT]' if text.isascii() else '[HEART]') for text in said])
    assert [c.text for _, c in found] == ['plonk yourself'] * 3 + ['来个贴贴'] * 3
    assert [x.text for x, _ in found] == said
    assert 'sit' in unwrapped('Would you please sit?', 'en')
    assert cores([lesson('who knows', '')]) == []


def test_a_command_that_was_taught_once_is_found_too():
    """The household's own frames, around what was said more than once, are taken off."""
    said = [('zilch, plonk yourself', '[SIT]'), ('plonk yourself, Skipper', '[SIT]'),
            ('plonk yourself', '[SIT]'), ('zilch, noodle out', '[STRETCH]'),
            ('boop me, skipper', '[HELLO]'), ('could you wobble', '[DANCE]'), ('ahoy', '[STAND]')]
    found = [c.text for _, c in cores([lesson(*pair) for pair in said])]
    assert found == ['plonk yourself'] * 3 + ['noodle out', 'boop me', 'wobble', 'ahoy']


def test_own_frames_are_practised_with_all_words():
    """What a household says to ask for one thing asks for every other one, too."""
    lessons = [lesson('please plonk yourself'), lesson('can you plonk yourself'),
               lesson('zilch, boop me', '[HELLO]'), lesson('boop me', '[HELLO]')]
    found = {key(e.text): parse(e.plan).actions for e in Practice(lessons, 1).practise(600)}
    assert found['can you boop me'] == parse('[HELLO]').actions
    assert all(actions for text, actions in found.items() if text.startswith('can you boop me'))
    assert not any(found[text] for text in found if text.startswith("don't boop me"))


def test_practice_never_contradicts_a_lesson():
    lessons = [lesson('plonk yourself'), lesson('boop me please', '[HELLO]', weak=True),
               lesson("don't plonk yourself", ''), lesson('趴窝', '[LIE]'), lesson('hush', '[STOP]')]
    found = list(Practice(lessons, 1).practise(300))
    assert len(found) == 300 and found == list(Practice(lessons, 1).practise(300))
    texts = {e.text for e in found}
    assert len(texts) > 120 and any('boop me' in t and t != 'boop me please' for t in texts)
    for example in found:
        plan = parse(example.plan)  # every plan is one
        if example.text in ('hush', 'hush.', 'hush!'):
            assert plan.actions[0].name == 'STOP'
        if example.text.startswith("don't plonk yourself") and len(example.text) < 23:
            assert not plan.actions
    old = [Example('plonk yourself!', '[LIE] Down.', 'en', 'single'),
           Example('sit', '[SIT] OK', 'en', 'single')]
    assert keep_out(old, lessons) == old[1:]


def test_the_corpus_that_is_replayed_is_in_no_set():
    base = Base.shipped()
    judging = {normalise(e.text) for e in (*base.standing, *base.safety)}
    replayed = base.replay(2000, 1)
    assert not judging & {normalise(e.text) for e in replayed if not e.history}
    # It holds all that the shipped shadow learned: follow-ups and what is beyond the edge, too.
    assert sum(bool(e.history) for e in replayed[:1000]) > 20
    assert sum(bool(e.cloud) for e in replayed[:1000]) > 50
    assert replayed == base.replay(2000, 1)


def test_standing_sets():
    """There, of a size that means something, and none of the safety set moves the robot."""
    assert len(development_set()) >= 400
    safety = safety_set()
    assert len(safety) == 360 and safety == safety_set()
    assert all(not parse(e.plan).actions or e.plan.startswith('[STOP]') for e in safety)
