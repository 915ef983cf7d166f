"""The action table: what it holds, and how each kind of parameter reads its text."""

from dataclasses import FrozenInstanceError
import math

from hypothesis import given
from plan_strategies import NUMBERS
import pytest

from shadow_ros.actions import ACTIONS, markdown_table, MAX_SPEED, Parameter, Risk, spec, SPEEDS
from shadow_ros.errors import PlanError

X = ACTIONS['MOVE'].parameter('x')
YAW = ACTIONS['TURN'].parameter('yaw')
SPEED = ACTIONS['MOVE'].parameter('speed')
ON = ACTIONS['AVOID'].parameter('on')

READ = [
    ('plain', X, '2.0', 2.0),
    ('integer', X, '2', 2.0),
    ('plus', X, '+2', 2.0),
    ('minus', X, '-2', -2.0),
    ('minus sign of typography', X, '\u22122', -2.0),
    ('no leading zero', X, '.5', 0.5),
    ('no trailing digit', X, '2.', 2.0),
    ('exponent', X, '1e-1', 0.1),
    ('m', X, '2m', 2.0),
    ('metres', X, '2metres', 2.0),
    ('Meters', X, '2Meters', 2.0),
    ('degree sign', YAW, '90°', 90.0),
    ('deg', YAW, '-90deg', -90.0),
    ('degrees', YAW, '90Degrees', 90.0),
    ('beyond the limit of the guard', X, '9999', 9999.0),
    ('word', SPEED, 'fast', 'fast'),
    ('loud word', SPEED, 'FAST', 'fast'),
    ('true', ON, 'true', True),
    ('On', ON, 'On', True),
    ('no', ON, 'no', False),
]
REFUSED = [
    ('nothing', X, '', 'finite number'),
    ('a word', X, 'far', 'finite number'),
    ('nan', X, 'nan', 'finite number'),
    ('infinity', X, '-inf', 'finite number'),
    ('overflow', X, '1e999', 'finite number'),
    ('the other unit', X, '2deg', 'finite number of m'),
    ('metres of yaw', YAW, '2m', 'finite number of deg'),
    ('hexadecimal', X, '0x10', 'finite number'),
    ('underscore', X, '1_0', 'finite number'),
    ('digits of other scripts', X, '٣', 'finite number'),
    ('fullwidth digit', X, '２', 'finite number'),
    ('two points', X, '1.2.3', 'finite number'),
    ('two signs', X, '--2', 'finite number'),
    ('unit alone', X, 'm', 'finite number'),
    ('unknown word', SPEED, 'fsat', 'did you mean fast'),
    ('speed has no normal in MOVE', SPEED, 'normal', 'slow/fast'),
    ('flag as number', ON, '1', 'true or false'),
]
UNCHECKED = [
    ('bool is no number', X, True),
    ('text is no number', X, '2'),
    ('None is no number', X, None),
    ('nan', X, math.nan),
    ('infinity', X, math.inf),
    ('an integer past all floats', X, 10 ** 400),
    ('a list', X, [1.0]),
    ('number is no flag', ON, 1),
    ('word is no flag', ON, 'true'),
    ('number is no word', SPEED, 1.0),
    ('unhashable is no word', SPEED, ['fast']),
]


def ids(rows):
    """Return the first column, which names the case."""
    return [row[0] for row in rows]


@pytest.mark.parametrize('case, parameter, text, value', READ, ids=ids(READ))
def test_parameter_reads(case, parameter, text, value):
    read = parameter.parse(text)
    assert read == value and type(read) is type(value)


@pytest.mark.parametrize('case, parameter, text, says', REFUSED, ids=ids(REFUSED))
def test_parameter_refuses_text(case, parameter, text, says):
    with pytest.raises(PlanError, match=says):
        parameter.parse(text)


@pytest.mark.parametrize('case, parameter, value', UNCHECKED, ids=ids(UNCHECKED))
def test_parameter_refuses_values_of_another_kind(case, parameter, value):
    with pytest.raises(PlanError, match=parameter.name):
        parameter.check(value)


@given(NUMBERS)
def test_parameter_writes_numbers_that_it_reads_back(number):
    for parameter in (X, YAW):
        assert parameter.parse(parameter.format(parameter.check(number))) == number


def test_minus_zero_is_zero():
    assert math.copysign(1.0, X.parse('-0')) == 1.0
    assert math.copysign(1.0, X.check(-0.0)) == 1.0


def test_table_is_the_one_of_the_action_language():
    assert ' '.join(ACTIONS) == (
        'MOVE TURN STOP STAND SIT LIE RECOVER BALANCE DAMP HELLO STRETCH DANCE HEART SCRAPE '
        'POUNCE JUMP FRONT_FLIP BACK_FLIP LEFT_FLIP HANDSTAND WALK_UPRIGHT SPEED AVOID REMOTE')


def test_limits_are_the_ones_of_the_action_language():
    limits = {(row.name, p.name): p.limit for row in ACTIONS.values()
              for p in row.parameters if p.kind == 'number'}
    assert limits == {('MOVE', 'x'): 5.0, ('MOVE', 'y'): 3.0, ('TURN', 'yaw'): 720.0}
    assert (MAX_SPEED.forward, MAX_SPEED.sideways, MAX_SPEED.turn) == (0.8, 0.4, 1.0)


def test_acrobatics_are_marked():
    assert {row.name for row in ACTIONS.values() if row.risk is Risk.ACROBATIC} == {
        'POUNCE', 'JUMP', 'FRONT_FLIP', 'BACK_FLIP', 'LEFT_FLIP', 'HANDSTAND', 'WALK_UPRIGHT'}


def test_no_speed_is_above_the_fastest():
    for speed in SPEEDS.values():
        assert speed.forward <= MAX_SPEED.forward
        assert speed.sideways <= MAX_SPEED.sideways
        assert speed.turn <= MAX_SPEED.turn


def test_table_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        ACTIONS['MOVE'].name = 'RUN'


@pytest.mark.parametrize('name, says', [
    ('SITT', 'did you mean SIT'), ('sit', 'did you mean SIT'), ('', 'known are'),
    ('X' * 9999, 'known are')], ids=['near', 'lower case', 'empty', 'long'])
def test_unknown_name_gets_the_nearest(name, says):
    with pytest.raises(PlanError, match=says) as caught:
        spec(name)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize('action, name, says', [
    ('MOVE', 'z', 'did you mean|known are'), ('TURN', 'yew', 'did you mean yaw'),
    ('SIT', 'x', 'takes no parameters')])
def test_unknown_parameter_gets_the_nearest(action, name, says):
    with pytest.raises(PlanError, match=says):
        spec(action).parameter(name)


def test_markdown_has_a_row_for_each_action():
    lines = markdown_table().splitlines()
    assert len(lines) == 2 + len(ACTIONS)
    assert len({line.count('|') for line in lines}) == 1
    assert '| x ±5 m, y ±3 m |' in lines[2]


@pytest.mark.parametrize('parameter, text', [
    (Parameter('x', 'm', 5.0), 'x (m)'), (Parameter('on'), 'on=true/false'),
    (Parameter('speed', choices=('slow', 'fast')), 'speed=slow/fast')],
    ids=['number', 'flag', 'word'])
def test_parameter_describes_itself(parameter, text):
    assert parameter.describe() == text
