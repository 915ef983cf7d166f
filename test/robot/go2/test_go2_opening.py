"""The first talk with robots of all kinds, each a table of answers."""

import json

import pytest

from shadow_ros.errors import RobotError
from shadow_ros.plan import parse
from shadow_ros.robot.go2.opening import Facts, meet, set_avoidance
from shadow_ros.robot.go2.repertoire import refusal
from shadow_ros.robot.sport.request import Request

VERSION, PROBE = ('sport', 1), ('sport', 2055)
CHECK, SELECT = ('motion_switcher', 1001), ('motion_switcher', 1002)
SET, GET = ('obstacles_avoid', 1001), ('obstacles_avoid', 1002)
SPORT = {VERSION: (0, '1.0.0.1'), PROBE: (0, '{"data": true}')}


def named(name):
    return 0, json.dumps({'form': '0', 'name': name})


class Robot:
    """Answers from a table; an entry may be a list, used up one by one but for the last."""

    def __init__(self, table):
        self.table, self.asked = table, []

    def ask(self, calls, seconds):
        return [self.answer(call) for call in calls]

    def answer(self, call):
        self.asked.append(call)
        found = self.table.get((call.service, call.api))
        if isinstance(found, list):
            return found.pop(0) if len(found) > 1 else found[0]
        return found(call) if callable(found) else found


def greet(table, reports=True):
    robot = Robot(table)
    return meet(robot.ask, lambda: reports, 'lo, domain 0', within=0.05), robot


@pytest.mark.parametrize('table, facts', [
    (SPORT, Facts(True)),
    ({VERSION: (0, ''), PROBE: (3203, '')}, Facts(False)),
    ({VERSION: (0, '')}, Facts(False)),
    ({**SPORT, CHECK: named('mcf'), GET: (0, '{"enable": true}')}, Facts(True, 'mcf', True)),
    ({**SPORT, CHECK: [None, None, named('normal')]}, Facts(True, 'normal')),
    ({**SPORT, CHECK: (3203, ''), GET: (0, 'not json')}, Facts(True, None, False)),
], ids=['sport only', 'old table', 'unknown ids unanswered', 'all', 'late', 'odd answers'])
def test_facts(table, facts):
    assert greet(table)[0] == facts


def test_a_released_motion_mode_is_selected():
    def select(call):
        return (0, '') if json.loads(call.parameter)['name'] == 'ai' else (3204, '')
    facts, robot = greet({**SPORT, CHECK: named(''), SELECT: select})
    assert facts.mode == 'ai'
    assert [json.loads(c.parameter)['name'] for c in robot.asked if c.api == SELECT[1]
            and c.service == 'motion_switcher'] == ['normal', 'ai']


def test_already_in_that_mode_is_fine():
    facts, _ = greet({**SPORT, CHECK: named(''), SELECT: (7004, '')})
    assert facts.mode == 'normal'


def test_no_mode_that_can_be_selected():
    with pytest.raises(RobotError, match='none of normal, ai, mcf.*code 3204.*app'):
        greet({**SPORT, CHECK: named(''), SELECT: (3204, '')})


@pytest.mark.parametrize('table, reports, words', [
    ({}, False, 'no robot answers on lo, domain 0: is it on'),
    ({}, True, 'reports its state, but its sport service does not answer'),
    ({CHECK: named('advanced')}, True, 'in motion mode advanced, but its sport service'),
    (SPORT, False, 'no rt/sportmodestate')])
def test_what_is_missing_is_said(table, reports, words):
    with pytest.raises(RobotError) as raised:
        greet(table, reports)
    assert words in str(raised.value)


def test_avoidance_is_set_until_it_is_so():
    robot = Robot({SET: (0, ''), GET: [(0, '{"enable": false}'), (0, '{"enable": true}')]})
    assert set_avoidance(robot.ask, True, Facts(avoids=False)).avoids is True
    assert [call.api for call in robot.asked] == [1001, 1002, 1001, 1002]


def test_avoidance_that_is_so_already_asks_nothing():
    assert set_avoidance(Robot({}).ask, False, Facts()) == Facts()
    assert set_avoidance(Robot({}).ask, True, Facts(avoids=True)).avoids is True


@pytest.mark.parametrize('facts, table, words', [
    (Facts(), {}, 'does not answer'), (Facts(avoids=False), {SET: (3203, '')}, '3203'),
    (Facts(avoids=False), {SET: (0, ''), GET: (0, '{"enable": false}')}, 'stays as it is')])
def test_avoidance_that_cannot_be_set(facts, table, words):
    with pytest.raises(RobotError, match=f'{words}.*set it to keep'):
        set_avoidance(Robot(table).ask, True, facts)


@pytest.mark.parametrize('tag, facts, missing, words', [
    ('[BACK_FLIP]', Facts(), (), 'firmware does not have sport 2043 BACKFLIP'),
    ('[BACK_FLIP]', Facts(True), (), ''),
    ('[FRONT_FLIP]', Facts(), (), ''),
    ('[AVOID on=true]', Facts(), (), 'no service obstacles_avoid'),
    ('[AVOID on=true]', Facts(avoids=False), (), ''),
    ('[HEART]', Facts(), (1036,), 'answered 3203'),
    ('[MOVE x=1]', Facts(), (), ''), ('[STOP]', Facts(), (), ''), ('[SIT]', Facts(), (1036,), '')])
def test_what_the_firmware_lacks_is_refused(tag, facts, missing, words):
    said = refusal(parse(tag).actions[0], facts, {Request('sport', api) for api in missing})
    assert (words in said) if words else said == ''
