"""A hundred thousand random plan texts through parser, guard and runner: nothing gets past."""

import random

from shadow_ros.actions import ACTIONS, MAX_SPEED
from shadow_ros.errors import PlanError
from shadow_ros.plan import parse
from shadow_ros.records import PlanRecord
from shadow_ros.robot.body import BodyState, Perform, Velocity
from shadow_ros.robot.guard import Settings
from shadow_ros.robot.pilot import Pilot

TEXTS = 100_000
_NUMBERS = ('0', '-0', '1', '2.5', '-3', '5.01', '1e9', '-1e-9', 'nan', 'inf', '-inf', '1e999',
            '+4', '.5', '5m', '90°', '-720', '721', '٣', '1_0', '--1', '')
_NAMES = sorted(ACTIONS)
_WORDS = ('slow', 'fast', 'normal', 'true', 'false', 'on', 'off', 'maybe')
_NOISE = ('[', ']', '=', ' ', ',', '\n', '\0', '走', '🐕', 'ok', '[]', '[=]', '\u202e')


def _value(rng, parameter):
    """Return a value for the parameter, now and then one of another kind."""
    if rng.random() < 0.03:
        return rng.choice(_NUMBERS + _WORDS)
    if parameter.kind == 'number':
        return rng.choice(_NUMBERS) if rng.random() < 0.2 else f'{rng.uniform(-9, 9):.2f}'
    return rng.choice(parameter.choices or ('true', 'false'))


def _text(rng):
    """Return a text near the action language, or nothing like it."""
    parts = []
    for _ in range(rng.choice((0, 1, 1, 2, 3, 5, 7))):
        row = ACTIONS[rng.choice(_NAMES)]
        pairs = ''.join(f' {p.name}={_value(rng, p)}' for p in row.parameters
                        if p.name == 'x' or p.required or rng.random() < 0.3)
        parts.append(f'[{row.name}{pairs}]')
        if rng.random() < 0.02:
            parts.append(rng.choice(_NOISE))
    text = ''.join(parts) + rng.choice(('', ' OK', ' 好的'))
    if text and rng.random() < 0.1:
        place = rng.randrange(len(text))
        text = text[:place] + rng.choice(_NOISE) + text[place + rng.randint(0, 2):]
    return text


def _within(action):
    return all(abs(action.amount(p.name)) <= p.limit for p in action.spec.parameters
               if p.kind == 'number')


def test_no_random_text_becomes_a_request_beyond_the_limits():
    rng = random.Random(20261122)
    began = refused = unreadable = 0
    state = BodyState(stamp=1.0, posture='stand')
    for _ in range(TEXTS):
        try:
            record = PlanRecord(parse(_text(rng)))
        except PlanError:
            unreadable += 1
            continue
        pilot = Pilot(Settings(acrobatics=rng.random() < 0.5))
        effects = pilot.plan(record, 1.0, state)
        effects.extend(pilot.answer(True, 1.0, state))
        effects.extend(pilot.step(1.02, BodyState(stamp=1.02, posture='stand')))
        began += any(event.kind == 'started' for event in effects.events)
        refused += any(event.kind == 'refused' for event in effects.events)
        for command in effects.commands:
            if isinstance(command, Velocity):
                assert abs(command.vx) <= MAX_SPEED.forward, record
                assert abs(command.vy) <= MAX_SPEED.sideways, record
                assert abs(command.wz) <= MAX_SPEED.turn, record
            if isinstance(command, (Velocity, Perform)):
                assert len(record.plan.actions) <= 5 and all(map(_within, record.plan.actions))
    # The fuzz is worth something only if it reaches all three ends often.
    assert min(began, refused, unreadable) > TEXTS // 50, (began, refused, unreadable)
