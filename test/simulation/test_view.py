"""The dog is drawn as it moves: joints within limits, planted feet, pictures that open."""

import math
from pathlib import Path

import numpy as np
from PIL import Image
import pytest

from shadow_ros.errors import ConfigError
from shadow_ros.simulation.gazebo.figures import FOOT_RADIUS, LEGS, limits, PARTS
from shadow_ros.simulation.kinematics import leg_angles, leg_points
from shadow_ros.simulation.looks import GESTURES, Look
from shadow_ros.simulation.motion import Motion, STANCES, turn
from shadow_ros.simulation.play import play
from shadow_ros.simulation.scenario import load
from shadow_ros.simulation.view.film import check, write
from shadow_ros.simulation.world import SimulatedWorld

ROOT = Path(__file__).resolve().parents[2]


def still(**look):
    """Return the frame of a look that has lasted for two seconds."""
    motion = Motion()
    for step in range(100):
        frame = motion.step(Look(0.02 * step, 0.0, 0.0, 0.0, **look))
    return frame


def feet(frame):
    """Return the feet in the world [4, 3]."""
    tilt = turn(frame.roll, frame.pitch, frame.yaw)
    return np.array([tilt @ np.array(leg_points(leg, frame.joints[3 * k:3 * k + 3])[3])
                     for k, leg in enumerate(LEGS)]) + (frame.x, frame.y, frame.z)


@pytest.mark.parametrize('leg', LEGS)
@pytest.mark.parametrize('angles', [(0.0, 0.8, -1.6), (0.4, 1.2, -2.2), (-0.3, 0.3, -1.0)])
def test_a_foot_comes_where_it_is_sent(leg, angles):
    place = leg_points(leg, angles)[3]
    assert leg_angles(leg, place) == pytest.approx(angles, abs=1e-6)


def test_a_straight_leg_is_as_long_as_its_bones():
    points = leg_points('FL', (0.0, 0.0, 0.0))
    assert points[3] == pytest.approx((0.1934, 0.0465 + 0.0955, -0.426))


@pytest.mark.parametrize('look', [
    *({'posture': posture} for posture in STANCES),
    *({'gesture': gesture, 'part': part} for gesture in sorted(set(GESTURES.values()))
      for part in (0.1, 0.35, 0.5, 0.8)),
    {'vx': 0.8}, {'vy': 0.4}, {'wz': 1.0}], ids=str)
def test_joints_stay_within_the_published_limits(look):
    joints = still(**look).joints
    for place, angle in enumerate(joints):
        limit = limits(LEGS[place // 3], PARTS[place % 3])
        assert limit.lower - 1e-9 <= angle <= limit.upper + 1e-9


@pytest.mark.parametrize('posture', ['stand', 'sit', 'lie', 'damp'])
def test_feet_are_on_the_ground(posture):
    assert feet(still(posture=posture))[:, 2] == pytest.approx(FOOT_RADIUS, abs=0.012)


def test_sitting_dogs_have_their_heads_up():
    frame = still(posture='sit')
    assert frame.pitch < -0.5 and frame.z < STANCES['stand'].z


def test_a_standing_foot_of_a_walking_dog_does_not_slide():
    motion, dt, speed = Motion(), 0.02, 0.5
    slides = []
    before = None
    for step in range(200):
        frame = motion.step(Look(dt * step, speed * dt * step, 0.0, 0.0, speed))
        now = feet(frame)
        if before is not None and step > 100:
            low = (now[:, 2] < FOOT_RADIUS + 0.004) & (before[:, 2] < FOOT_RADIUS + 0.004)
            slides += list(np.abs(now - before)[low, 0] / dt)
        before = now
    assert np.median(slides) < 0.5 * speed
    assert len(slides) > 100


def test_a_front_flip_turns_once_and_lands():
    motion = Motion()
    pitches = [motion.step(Look(0.025 * k, 0, 0, 0, gesture='FRONT_FLIP', part=k / 100)).pitch
               for k in range(101)]
    assert max(pitches) - min(pitches) == pytest.approx(2 * math.pi, abs=0.3)


@pytest.fixture(scope='module')
def trace():
    story = load(ROOT / 'scenarios/in_one_breath.yaml')
    return play(story, SimulatedWorld(story.start)).trace


def test_film_and_sheet_can_be_opened(trace, tmp_path):
    film, sheet = tmp_path / 'dog.gif', tmp_path / 'dog.png'
    write(trace, film, 'in one breath')
    write(trace, sheet, 'in one breath')
    with Image.open(film) as image:
        assert image.n_frames > 20 and image.size == (640, 385)
    with Image.open(sheet) as image:
        colours = np.unique(np.asarray(image.convert('RGB')).reshape(-1, 3), axis=0)
    assert len(colours) > 200, 'a dog has more shades than an empty room'


def test_a_view_that_cannot_be_written_is_told_before_the_run(tmp_path):
    with pytest.raises(ConfigError, match=r'named \*\.gif'):
        check(tmp_path / 'dog.bmp')
    with pytest.raises(ConfigError, match='make it first'):
        check(tmp_path / 'nowhere' / 'dog.gif')
