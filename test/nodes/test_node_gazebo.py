"""The sport service for Gazebo on real DDS and real ROS: the go2 body drives a simulated base."""

from pathlib import Path
import sys

import pytest

from shadow_ros.simulation.live import LiveWorld
from shadow_ros.simulation.play import play
from shadow_ros.simulation.scenario import read, Start

HERE = Path(__file__).parent


@pytest.fixture
def gazebo(spawn, ros_env, dds_domain):
    """Yield a function that starts the service and a base; it returns base and DDS domain."""
    env = {**ros_env, 'PYTHONPATH': str(HERE.parents[1])}

    def start(*options):
        base = spawn([sys.executable, str(HERE / 'gazebo_base.py'), *options], env=env)
        service = spawn(['-m', 'shadow_ros.nodes.gazebo_go2', '--dds-domain', str(dds_domain)],
                        env=env)
        base.wait_for('base ready')
        service.wait_for('gazebo go2 ready')
        return base, service, dds_domain
    return start


def joints(base):
    """Return the latest joint targets and height that the base has got."""
    line = next(line for line in reversed(base.lines) if line.startswith('joints'))
    *angles, _, height = line.split()[1:]
    return [float(angle) for angle in angles], float(height)


def played_live(story, domain):
    """
    Play in real time; again if the watchdog stopped the dog.

    On a machine whose cores are all taken velocities come late now and then, and a walk that is
    then stopped is what must happen, but not what is tested here.
    """
    for _ in range(4):
        played = play(story, LiveWorld('lo', domain, Start()))
        if not any('the dog was stopped' in reply for _, reply in played.trace.replies):
            break
    return played


def test_scenario_walks_turns_and_sits_in_real_time(gazebo):
    base, service, domain = gazebo()
    story = read({'story': 'A walk, a turn and a sit, in Gazebo.', 'steps': [
        {'say': 'walk', 'plan': '[MOVE x=0.8][TURN yaw=90]', 'expect': {
            'events': ['started MOVE', 'done MOVE', 'done TURN', 'done'],
            'pose': {'x': 0.8, 'y': 0.0, 'yaw': 90, 'within': 0.12, 'degrees': 6}}},
        {'say': 'sit', 'plan': '[SIT]', 'expect': {'events': ['done SIT'], 'posture': 'sit'}},
    ], 'watch': 1.5}, 'gazebo walk')
    played = played_live(story, domain)
    assert [str(verdict) for verdict in played.complaints] == []
    angles, height = joints(base)
    front, rear = angles[1:3], angles[7:9]
    assert height < 0.27 and rear[1] < front[1] - 0.3, 'the rear legs fold more than the front'
    service.process.terminate()
    assert service.wait(10) == 0


def test_what_gazebo_measures_is_what_is_reported(gazebo):
    """A base that bumps into something stands, whatever velocity it was sent."""
    _, _, domain = gazebo('0.3')
    story = read({'story': 'A sofa is in the way.', 'steps': [
        {'say': 'walk', 'plan': '[MOVE x=2.0]', 'expect': {
            'events': ['started MOVE', 'failed'], 'reply': 'stuck',
            'pose': {'x': 0.3, 'within': 0.05}}}]}, 'gazebo sofa')
    played = played_live(story, domain)
    assert [str(verdict) for verdict in played.complaints] == []


def test_faults_of_the_virtual_robot_are_refused_with_the_reason(dds_domain):
    from shadow_ros.simulation.world import CannotBeHad
    with pytest.raises(CannotBeHad, match='only there with --body virtual'):
        LiveWorld('lo', dds_domain, Start(wall=2.0)).start()
