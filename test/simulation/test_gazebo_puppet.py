"""The Go2 whose body is Gazebo's: what it asks of Gazebo, what it reports, when it is silent."""

import json
import math

import numpy as np
import pytest

from shadow_ros.robot.virtual.codes import Code
from shadow_ros.simulation.gazebo.puppet import GazeboRobot, Odometry, rotation_vector, STALE
from shadow_ros.simulation.motion import HEIGHT, turn

MOVE, SIT, STOP, FLIP = 1008, 1009, 1003, 1030


def quaternion(rotation):
    vector = rotation_vector(rotation)
    angle = float(np.linalg.norm(vector))
    axis = vector / angle if angle > 1e-9 else np.zeros(3)
    return (math.cos(angle / 2), *(float(part) for part in axis * math.sin(angle / 2)))


class Base:
    """Gazebo's base as velocities move it, on simulated time; `held` keeps it where it is."""

    def __init__(self, held=False, yaw=0.0):
        self.robot, self.now, self.held = GazeboRobot(0.0), 0.0, held
        self.place, self.rotation = np.array([0.0, 0.0, HEIGHT]), turn(0.0, 0.0, yaw)
        self.drive = None
        self.run(0.1)

    def call(self, api, **parameter):
        return self.robot.handle('sport', api, json.dumps(parameter), self.now)[0]

    def run(self, seconds, move=None):
        for _ in range(round(seconds / 0.02)):
            self.now += 0.02
            if move:
                self.call(MOVE, x=move[0], y=move[1], z=move[2])
            self.drive = self.robot.drive(self.now)
            linear, angular = np.array(self.drive.linear), np.array(self.drive.angular)
            if self.held:
                linear = linear * (0.0, 0.0, 1.0)
            self.place = self.place + self.rotation @ linear * 0.02
            step = angular * 0.02
            angle = float(np.linalg.norm(step))
            if angle > 1e-9:
                x, y, z = step / angle
                k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
                self.rotation = self.rotation @ (
                    np.eye(3) + math.sin(angle) * k + (1 - math.cos(angle)) * k @ k)
            self.robot.odometry(Odometry(
                self.now, tuple(map(float, self.place)), quaternion(self.rotation),
                (float(linear[0]), float(linear[1]), float(angular[2]))))

    @property
    def report(self):
        return self.robot.report(self.now)


def test_it_walks_and_reports_where_gazebo_has_it():
    base = Base()
    base.run(2.0, (0.5, 0.0, 0.0))
    base.run(1.0)
    assert base.report.x == pytest.approx(base.place[0], abs=0.03)
    assert 0.8 < base.place[0] < 1.5 and abs(base.place[1]) < 0.01


def test_velocity_is_in_the_frame_of_the_base():
    base = Base(yaw=math.pi / 2)
    base.run(1.5, (0.5, 0.0, 0.0))
    assert base.place[1] > 0.4 and abs(base.place[0]) < 0.02
    assert base.drive.linear[0] == pytest.approx(0.5, abs=0.02)


def test_a_base_that_is_held_reports_that_it_stands():
    base = Base(held=True)
    base.run(1.5, (0.5, 0.0, 0.0))
    report = base.report
    assert report.velocity[0] == 0.0 and abs(report.x) < 0.02


def test_sitting_lowers_and_tilts_the_trunk():
    base = Base()
    assert base.call(SIT) is Code.OK
    base.run(3.5)
    assert base.place[2] == pytest.approx(0.235, abs=0.02)
    assert math.asin(base.rotation[2, 0]) == pytest.approx(0.6, abs=0.05), 'the nose is up'
    assert base.report.posture.name == 'sit'


def test_a_flip_turns_once_and_lands_on_its_feet():
    base = Base()
    upside = []
    assert base.call(FLIP) is Code.OK
    for _ in range(30):
        base.run(0.1)
        upside.append(float(base.rotation[2, 2]))
    assert min(upside) < -0.7 and upside[-1] > 0.95
    assert abs(base.report.yaw) < 0.1


def test_without_odometry_nothing_is_reported_and_nothing_moves():
    robot = GazeboRobot(0.0)
    robot.report(0.1)
    assert robot.released
    robot.handle('sport', MOVE, '{"x": 0.5, "y": 0, "z": 0}', 0.1)
    assert robot.drive(0.2).linear == (0.0, 0.0, 0.0)
    robot.odometry(Odometry(0.2, (0.0, 0.0, 0.3), (1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0)))
    robot.report(0.3)
    assert not robot.released
    robot.report(0.2 + STALE + 0.1)
    assert robot.released


def test_heading_is_continuous_over_full_turns():
    base = Base()
    base.run(9.0, (0.0, 0.0, 0.9))
    assert base.report.yaw > 2 * math.pi


def test_stop_brakes():
    base = Base()
    base.run(1.0, (0.8, 0.0, 0.0))
    base.call(STOP)
    base.run(0.4)
    assert abs(base.drive.linear[0]) < 0.02
