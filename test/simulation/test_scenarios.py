"""All shipped scenarios hold on the virtual Go2, twice alike, and notice what is switched off."""

from pathlib import Path
import time

import pytest

from shadow_ros.actions import ACTIONS
from shadow_ros.robot import guard, pilot, runner
from shadow_ros.robot.go2 import walk, watchdog
from shadow_ros.robot.guard import RULES
from shadow_ros.robot.runner import Effects
from shadow_ros.simulation.play import play
from shadow_ros.simulation.results import junit
from shadow_ros.simulation.scenario import FAULTS, load
from shadow_ros.simulation.world import SimulatedWorld

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / 'scenarios').glob('*.yaml'))
STORIES = {path.stem: load(path) for path in FILES}
PURE = [name for name, story in STORIES.items()
        if not story.needs_model and not story.needs_sound]


def run(name, mind=None, rules=RULES):
    story = STORIES[name]
    return play(story, SimulatedWorld(story.start), mind, rules)


@pytest.fixture(scope='module')
def mind():
    """Yield the shipped model's mind; a checkout without weights fails here, with the reason."""
    from shadow_ros.simulation.mind import EdgeMind
    return EdgeMind()


def test_there_are_enough_stories():
    assert len(FILES) >= 30


@pytest.mark.parametrize('name', PURE)
def test_story_holds(name):
    played = run(name)
    assert [str(verdict) for verdict in played.complaints] == []


@pytest.mark.parametrize('name', sorted(set(STORIES) - set(PURE)))
def test_story_with_model_or_voice_holds(name, mind):
    played = run(name, mind)
    assert [str(verdict) for verdict in played.complaints] == []


def test_the_same_twice_and_much_faster_than_real_time():
    begun = time.process_time()
    first = [run(name) for name in PURE]
    spent = time.process_time() - begun
    assert junit(first) == junit([run(name) for name in PURE])
    assert sum(played.seconds for played in first) > 5 * spent


def test_every_action_is_in_a_story():
    told = ' '.join(path.read_text('utf-8') for path in FILES)
    missing = [name for name in ACTIONS if f'[{name}' not in told]
    assert missing == []


def test_every_fault_is_in_a_story():
    told = {step.value for story in STORIES.values() for step in story.steps
            if step.kind == 'fault'}
    assert told == set(FAULTS)


@pytest.mark.parametrize('rule, story', [
    ('latched', 'panic_holds_it'), ('superseded', 'letter_from_before_the_stop'),
    ('too_many', 'a_list_too_long'), ('limits', 'to_the_bus_stop'),
    ('duration', 'a_walk_of_more_than_a_minute'), ('acrobatics', 'no_circus_at_home'),
    ('body', 'an_old_robot'), ('fresh', 'blind'), ('posture', 'spoken_to_in_mid_air')])
def test_a_rule_that_is_switched_off_is_noticed(rule, story):
    without = {name: check for name, check in RULES.items() if name != rule}
    assert run(story, rules=without).complaints


def test_every_rule_has_its_mutation():
    mark = test_a_rule_that_is_switched_off_is_noticed.pytestmark[0]
    assert {rule for rule, _ in mark.args[1]} == set(RULES)


def _no_repetition(self, now, state):
    """Settle without repeating Halt."""
    effects = _settle(self, now, state)
    effects.commands.clear()
    return effects


_settle = runner.Runner._settle
_drive_on = runner.Runner._walk_on


def _order_once(self, walk_, now, state):
    """Walk on without refreshing the velocity."""
    effects = _drive_on(self, walk_, now, state)
    effects.commands = [c for c in effects.commands if isinstance(c, runner.Halt)]
    return effects


@pytest.mark.parametrize('where, name, instead, story', [
    (pilot, 'question', lambda *given: None, 'nobody_answers'),
    (pilot, 'question', lambda *given: None, 'the_cloud_wants_much'),
    (pilot, 'question', lambda *given: None, 'avoidance_off_needs_a_yes'),
    (guard, '_must_stand', lambda *given: False, 'paw_from_the_cushion'),
    (runner.Runner, '_settle', _no_repetition, 'the_first_stop_is_lost'),
    (runner.Runner, '_walk_on', _order_once, 'slanted_shortcut'),
    (runner.Runner, '_trouble', lambda *given: '', 'held_by_the_lead'),
    (runner, 'arrived', lambda *given: False, 'slanted_shortcut'),
    (watchdog.Watchdog, 'due', lambda *given: False, 'the_computer_hangs'),
    (watchdog.Watchdog, 'due', lambda *given: False, 'the_node_is_killed'),
    (walk.Walk, '_begin', lambda self, report: setattr(self, '_walking', True), 'locked_joints'),
    (pilot.Pilot, 'stop', lambda *given, **named: Effects(), 'stop_on_the_way'),
], ids=lambda value: value if isinstance(value, str) else '')
def test_a_safety_that_is_taken_out_is_noticed(where, name, instead, story, monkeypatch):
    assert not run(story).complaints
    monkeypatch.setattr(where, name, instead)
    assert run(story).complaints
