"""The action language: exact round trips, tolerance of form, strictness of meaning."""

import json
import random
import string

from hypothesis import example, given, settings
from plan_strategies import actions, plan_like, plans, REPLIES
import pytest

from shadow_ros.actions import ACTIONS
from shadow_ros.errors import PlanError
from shadow_ros.plan import Action, parse, Plan

SIT = Action.of('SIT')


def move(**parameters) -> Action:
    """Return a MOVE."""
    return Action.of('MOVE', **parameters)


READ = [
    ('empty', '', Plan()),
    ('white space', ' \n\t ', Plan()),
    ('talk', "I'm Doger.", Plan(reply="I'm Doger.")),
    ('tag', '[SIT]', Plan((SIT,))),
    ('tags and reply', '[MOVE x=2.0][SIT] On it!', Plan((move(x=2.0), SIT), 'On it!')),
    ('tag and reply without space', '[SIT]OK', Plan((SIT,), 'OK')),
    ('lower case', '[sit]', Plan((SIT,))),
    ('space in the tag', '[ SIT ]', Plan((SIT,))),
    ('space around =', '[MOVE x = +2]', Plan((move(x=2.0),))),
    ('space between tags', '[SIT]  \n [SIT]', Plan((SIT, SIT))),
    ('unit', '[MOVE x=2m]', Plan((move(x=2.0),))),
    ('commas', '[MOVE x=2, y=-1, speed=FAST]', Plan((move(x=2.0, y=-1.0, speed='fast'),))),
    ('semicolon', '[MOVE x=2; y=1]', Plan((move(x=2.0, y=1.0),))),
    ('parameters in any order', '[MOVE speed=slow y=1 x=2]',
     Plan((move(x=2.0, y=1.0, speed='slow'),))),
    ('capital key', '[TURN YAW=90]', Plan((Action.of('TURN', yaw=90.0),))),
    ('two words', '[front flip]', Plan((Action.of('FRONT_FLIP'),))),
    ('hyphen', '[Front-Flip]', Plan((Action.of('FRONT_FLIP'),))),
    ('flag', '[AVOID on=off]', Plan((Action.of('AVOID', on=False),))),
    ('remote', '[REMOTE] Let me ask the cloud.', Plan((Action.of('REMOTE'),),
                                                     'Let me ask the cloud.')),
    ('Chinese reply', '[SIT] 好的', Plan((SIT,), '好的')),
    ('line breaks in the reply', '[SIT] one\n\n two', Plan((SIT,), 'one two')),
    ('emoji', '🐕', Plan(reply='🐕')),
    ('more actions than the guard allows', '[SIT]' * 9, Plan((SIT,) * 9)),
]
REFUSED = [
    ('unknown name', '[WALK x=1]', 'unknown action'),
    ('near name', '[SITT]', 'did you mean SIT'),
    ('name of letters that look like others', '[ＳＩＴ]', 'NAME key=value'),
    ('dotless i', '[s\u0131t]', 'NAME key=value'),
    ('empty tag', '[]', 'NAME key=value'),
    ('parameter without a name', '[x=1]', 'NAME key=value'),
    ('name after a parameter', '[x=1 MOVE]', 'NAME key=value'),
    ('bare number', '[MOVE 2]', 'unknown action'),
    ('unknown parameter', '[TURN yew=90]', 'did you mean yaw'),
    ('parameter of another action', '[SIT x=1]', 'takes no parameters'),
    ('missing parameter', '[TURN]', 'TURN needs yaw'),
    ('missing level', '[SPEED]', 'SPEED needs level'),
    ('missing flag', '[AVOID]', 'AVOID needs on'),
    ('MOVE to nowhere', '[MOVE]', 'x or y'),
    ('MOVE of speed alone', '[MOVE speed=fast]', 'x or y'),
    ('twice the same', '[MOVE x=1 x=1]', 'x twice'),
    ('twice in two cases', '[MOVE x=1 X=2]', 'x twice'),
    ('nan', '[MOVE x=nan]', 'finite number'),
    ('infinity', '[TURN yaw=inf]', 'finite number'),
    ('overflow', '[TURN yaw=1e999]', 'finite number'),
    ('no value', '[MOVE x=]', 'finite number'),
    ('two values', '[MOVE x=1=2]', 'key=value'),
    ('space in the number', '[MOVE x=- 2]', 'NAME key=value'),
    ('unknown word', '[MOVE x=1 speed=normal]', 'slow/fast'),
    ('flag as number', '[AVOID on=1]', 'true or false'),
    ('unclosed', '[SIT', 'square brackets'),
    ('unopened', 'SIT]', 'square brackets'),
    ('nested', '[[SIT]]', 'square brackets'),
    ('tag after the reply', '[SIT] OK [SIT]', 'square brackets'),
    ('talk before the tag', 'OK [SIT]', 'square brackets'),
    ('remote and motion', '[REMOTE][SIT]', 'only action'),
    ('motion and remote', '[SIT][REMOTE]', 'only action'),
    ('remote twice', '[REMOTE][REMOTE]', 'only action'),
    ('a tag of ten thousand letters', '[' + 'A' * 10_000 + ']', 'at most 200'),
]


def ids(rows):
    """Return the first column, which names the case."""
    return [row[0] for row in rows]


@pytest.mark.parametrize('case, text, plan', READ, ids=ids(READ))
def test_parse_reads(case, text, plan):
    assert parse(text) == plan


@pytest.mark.parametrize('case, text, says', REFUSED, ids=ids(REFUSED))
def test_parse_refuses(case, text, says):
    with pytest.raises(PlanError, match=says) as caught:
        parse(text)
    assert len(str(caught.value)) < 500


@given(plans())
@example(Plan((move(x=0.1 + 0.2),)))
@example(Plan((Action.of('TURN', yaw=1e15),)))
@example(Plan((Action.of('TURN', yaw=5e-324),)))
@settings(max_examples=1000)
def test_text_round_trip_is_exact(plan):
    assert parse(str(plan)) == plan
    assert str(parse(str(plan))) == str(plan)


@given(plans())
@settings(max_examples=500)
def test_json_round_trip_is_exact(plan):
    assert Plan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan


@given(actions())
def test_equal_actions_hash_equal(action):
    shuffled = Action(action.name, tuple(reversed(action.parameters)))
    assert shuffled == action and hash(shuffled) == hash(action)


@given(REPLIES)
def test_talk_never_moves(reply):
    plan = parse(reply)
    assert plan.actions == () and plan.route == 'talk'


@given(plan_like())
@settings(max_examples=2000)
def test_parse_raises_nothing_but_plan_error(text):
    try:
        plan = parse(text)
    except PlanError:
        return
    assert parse(str(plan)) == plan


def mutants(seed: int, count: int):
    """Yield valid plan texts with a few characters changed, dropped, doubled or moved."""
    dice = random.Random(seed)
    letters = string.printable + '［］＝左一½²٣−°\u3000\u200b\ud800🐕'
    seeds = [text for _, text, _ in READ]
    for _ in range(count):
        text = list(dice.choice(seeds) + dice.choice(seeds))
        for _ in range(dice.randrange(4)):
            place = dice.randrange(len(text) + 1)
            piece = dice.choice([[], [dice.choice(letters)], text[:dice.randrange(9)]])
            text[place:place + dice.randrange(2)] = piece
        yield ''.join(text)


@pytest.mark.parametrize('seed', range(4))
def test_hundred_thousand_mutants_raise_nothing_but_plan_error(seed):
    """Near enough to valid to get deep into the parser, in four parts of 25,000."""
    read = 0
    for text in mutants(seed, 25_000):
        try:
            plan = parse(text)
        except PlanError:
            continue
        read += 1
        assert parse(str(plan)) == plan, text
        assert all(action.name in ACTIONS for action in plan.actions)
    assert 2_500 < read < 22_500, 'the mutants should be neither all right nor all wrong'


@pytest.mark.parametrize('text', [
    'a' * 100_000, '[' * 100_000, ']' * 100_000, '[SIT]' * 20_000, '[ ' * 50_000,
    '[SIT] ' * 20_000,
    '[MOVE ' + ' x =' * 30_000 + ']', '[' + '=' * 100_000 + ']', ' ' * 100_000,
    '\u3000' * 100_000 + '[', '[SIT' + '\n' * 100_000 + ']'],
    ids=lambda text: text[:6].encode('unicode_escape').decode())
@pytest.mark.timeout(5)
def test_a_hundred_kilobytes_are_read_or_refused_at_once(text):
    try:
        parse(text)
    except PlanError as error:
        assert len(str(error)) < 500


JSON_REFUSED = [
    ('a list', [], 'object with a list of actions'),
    ('no actions', {'reply': 'hi'}, 'object with a list of actions'),
    ('actions as text', {'actions': '[SIT]'}, 'object with a list of actions'),
    ('an action as text', {'actions': ['SIT']}, 'object with a name'),
    ('an action without a name', {'actions': [{'x': 1}]}, 'object with a name'),
    ('a name that is a number', {'actions': [{'name': 1}]}, 'object with a name'),
    ('a lower-case name', {'actions': [{'name': 'sit'}]}, 'did you mean SIT'),
    ('a bool as number', {'actions': [{'name': 'MOVE', 'x': True}]}, 'number of m'),
    ('text as number', {'actions': [{'name': 'MOVE', 'x': '2'}]}, 'number of m'),
    ('null', {'actions': [{'name': 'TURN', 'yaw': None}]}, 'number of deg'),
    ('a huge integer', {'actions': [{'name': 'TURN', 'yaw': 10 ** 400}]}, 'finite'),
    ('an unknown parameter', {'actions': [{'name': 'SIT', 'x': 1}]}, 'takes no parameters'),
    ('an unknown key', {'actions': [], 'say': 'hi'}, 'actions, reply and route'),
    ('a reply that is a number', {'actions': [], 'reply': 3}, 'reply must be text'),
    ('a reply with a tag', {'actions': [], 'reply': '[SIT]'}, 'square brackets'),
    ('the wrong route', {'actions': [{'name': 'SIT'}], 'route': 'talk'}, 'is edge'),
    ('remote and motion', {'actions': [{'name': 'REMOTE'}, {'name': 'SIT'}]}, 'only action'),
]


@pytest.mark.parametrize('case, data, says', JSON_REFUSED, ids=ids(JSON_REFUSED))
def test_json_refuses(case, data, says):
    with pytest.raises(PlanError, match=says):
        Plan.from_dict(data)


@pytest.mark.parametrize('text, route', [
    ('', 'talk'), ('Hello!', 'talk'), ('[STOP]', 'edge'), ('[SIT][SIT]', 'edge'),
    ('[REMOTE] wait', 'remote')])
def test_route(text, route):
    assert parse(text).route == route


def test_amount_of_what_was_not_said_is_zero():
    assert move(x=2.0).amount('y') == 0.0
    assert move(x=2.0).get('speed') is None
