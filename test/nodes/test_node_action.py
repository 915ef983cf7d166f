"""The action node with the virtual Go2 on real DDS: walks, stops, faults, restarts."""

import json
import math
import os
from pathlib import Path
import signal
import time

from dog import distance, Dog, SPORT_MOVE, SPORT_STOP
from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry
import pytest
from rcl_interfaces.msg import ParameterValue
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger

# benchmarks/bench_chain.py measures the promised 50 ms and 0.6 s; a test on a busy machine asks
# for what still proves that somebody stopped the dog: its own Move expiry needs over a second.
WIRE = 0.5
STILL = 0.95


class Graph:
    """An action node on a virtual dog, and a probe that hears its events."""

    def __init__(self, dog, start_node, probe):
        self.dog, self.probe, self._start = dog, probe, start_node
        self.node = None
        self.start()
        self.events = probe.hear('event')
        self.replies = probe.hear('reply')

    def start(self, *parameters):
        """Start (or restart) the action node."""
        self.node = self._start('action', 'robot.body:=virtual',
                                f'robot.dds_domain:={self.dog.domain}', *parameters)

    def restart(self):
        """Start the action node again; return once it is known to hear plans and to answer."""
        self.start()
        heard = len(self.events)
        publisher = self.probe.publisher('plan')

        def answers():
            publisher.publish(String(data='[MOVE x=99]'))  # beyond the limits: only refused
            self.probe.spin(0.2)
            return any('refused' in text for text in self.events[heard:])
        self.probe.wait(answers, 30.0, 'the new node')
        self.probe.spin(0.5)

    def plan(self, text, **fields):
        """Publish a plan record; return its id."""
        fields = {'id': f'p{len(self.events)}', 'plan': text, 'text': 'test', **fields}
        self.probe.say('plan', json.dumps(fields))
        return fields['id']

    def wait(self, plan_id, *kinds, timeout=40.0):
        """Return the first event of the plan that is of one of the kinds."""
        def found():
            told = [json.loads(text) for text in self.events]
            return next((e for e in told if e['plan_id'] == plan_id and e['kind'] in kinds
                         and (e['index'] == -1 or e['kind'] not in ('done',))), None)
        return self.probe.wait(found, timeout, f'{kinds} of {plan_id} in {list(self.events)}')

    def run(self, text):
        """Carry a plan out; return the event that ends it."""
        plan_id = self.plan(text)
        return self.wait(plan_id, 'done', 'failed', 'refused', 'cancelled')

    def does(self, text):
        """Carry a plan out, and fail with the robot's own reason if it does not end well."""
        ended = self.run(text)
        assert ended['kind'] == 'done', ended['reason']

    def walk(self):
        """Start a long walk; return its id once the dog walks."""
        plan_id = self.plan('[MOVE x=5.0]')
        self.wait(plan_id, 'started')
        self.dog.wait_walking()
        return plan_id


@pytest.fixture
def dog(spawn, dds_domain, ros_env):
    return Dog(spawn, dds_domain, {**ros_env, 'PYTHONPATH': str(Path(__file__).parents[2])})


@pytest.fixture
def graph(dog, start_node, probe):
    return Graph(dog, start_node, probe)


def _workers(node):
    """Return the pids of the SDK processes of an action node."""
    found = []
    for entry in Path('/proc').iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / 'stat').read_text().rsplit(')', 1)[1].split()
                command = (entry / 'cmdline').read_text()
            except OSError:
                continue
            if int(words[1]) == node.pid and 'go2' in command and words[0] != 'Z':
                found.append(int(entry.name))
    return found


def test_walks_and_turns_end_where_they_were_told(graph):
    begin = graph.dog.state
    graph.does('[MOVE x=2.0]')
    graph.dog.still_after(0.0)
    assert distance(begin, graph.dog.state) == pytest.approx(2.0, abs=0.10)
    before = graph.dog.state.yaw
    graph.does('[TURN yaw=90]')
    graph.dog.still_after(0.0)
    turned = math.degrees(math.remainder(graph.dog.state.yaw - before, math.tau))
    assert turned == pytest.approx(90.0, abs=3.0)


def test_postures_are_verified_and_stand_is_inserted(graph):
    states = graph.probe.hear('state', qos=1)
    graph.does('[SIT]')
    graph.probe.wait(lambda: states and json.loads(states[-1])['posture'] == 'sit')
    graph.does('[MOVE x=0.3]')
    told = [json.loads(text) for text in graph.events]
    assert any(e['action'] == '[STAND]' and e['data'].get('inserted') for e in told)
    graph.probe.wait(lambda: json.loads(states[-1])['posture'] == 'stand')


def test_the_stop_service_stops_within_its_bounds_and_latches(graph):
    graph.probe.call(SetBool, 'confirm', data=True)  # the action node's services are matched
    plan_id = graph.walk()
    asked = time.monotonic()
    assert graph.probe.call(Trigger, 'stop').success
    assert graph.dog.first(SPORT_STOP, asked).time - asked < WIRE
    assert graph.dog.still_after(asked) < STILL
    assert graph.wait(plan_id, 'cancelled')
    assert graph.run('[MOVE x=1.0]')['kind'] == 'refused'
    assert graph.probe.call(Trigger, 'resume').success
    graph.does('[SIT]')


@pytest.mark.parametrize('topic, text', [
    ('command', 'stop'), ('transcript', '停下'), ('partial', 'whoa stop'),
])
def test_stop_words_need_no_intent_node(graph, topic, text):
    graph.probe.publisher(topic)
    plan_id = graph.walk()
    said = graph.probe.say(topic, text)
    assert graph.dog.first(SPORT_STOP, said).time - said < WIRE
    assert graph.dog.still_after(said) < STILL
    assert graph.wait(plan_id, 'cancelled')
    graph.does('[MOVE x=0.2]')  # a spoken stop does not latch


def test_kill_of_the_action_node_stops_the_dog_and_a_restart_works(graph):
    graph.walk()
    killed = time.monotonic()
    graph.node.signal(signal.SIGKILL)
    assert graph.dog.still_after(killed) < STILL
    graph.restart()
    graph.does('[TURN yaw=30]')


def test_a_frozen_action_node_stops_the_dog(graph):
    graph.walk()
    frozen = time.monotonic()
    graph.node.signal(signal.SIGSTOP)
    assert graph.dog.still_after(frozen) < STILL
    graph.node.signal(signal.SIGCONT)
    graph.probe.say('command', 'stop')
    graph.wait('', 'stopped')
    graph.probe.wait(lambda: 'guardian ready' in graph.probe.health(
        'shadow/action: body').message, 60.0)
    graph.does('[TURN yaw=30]')


def test_kill_of_an_sdk_process_stops_the_dog_and_the_node_recovers(graph):
    def guarded():
        return 'guardian ready' in graph.probe.health('shadow/action: body').message

    for place in (0, 1):  # the active process dies, then a guardian
        graph.probe.wait(guarded, 60.0)
        plan_id = graph.walk()
        workers = sorted(_workers(graph.node))
        assert len(workers) == 2
        killed = time.monotonic()
        os.kill(workers[place], signal.SIGKILL)
        if place == 0:
            assert 'SDK process' in graph.wait(plan_id, 'failed')['reason']
            assert graph.dog.still_after(killed) < STILL
        else:
            graph.probe.say('command', 'stop')
            graph.wait(plan_id, 'cancelled')
        graph.dog.wait(lambda: len(_workers(graph.node)) == 2)
    graph.probe.wait(guarded, 60.0)
    graph.does('[TURN yaw=30]')


def test_the_end_of_the_node_in_a_walk_is_a_stop(graph):
    graph.walk()
    graph.node.signal(signal.SIGTERM)
    assert graph.node.wait(15.0) == 0
    assert graph.dog.still_after(0.0) >= 0.0
    assert _workers(graph.node) == []


def test_acrobatics_are_refused_then_asked_for(graph):
    refused = graph.run('[BACK_FLIP]')
    assert refused['kind'] == 'refused' and 'robot.acrobatics' in refused['reason']
    allow = ParameterValue(type=1, bool_value=True)
    assert graph.probe.set('action', 'robot.acrobatics', allow) == ''
    plan_id = graph.plan('[JUMP]', id='jump')
    assert graph.wait(plan_id, 'confirm')
    assert graph.probe.call(SetBool, 'confirm', data=True).success
    assert graph.wait(plan_id, 'done')['kind'] == 'done'
    plan_id = graph.plan('[DAMP]', id='damp')
    assert graph.wait(plan_id, 'confirm')
    graph.probe.say('command', 'no')
    assert graph.wait(plan_id, 'cancelled')
    assert not graph.probe.call(SetBool, 'confirm', data=True).success


def test_what_cannot_be_read_or_is_beyond_limits_is_refused(graph):
    texts = ('{"plan": "[FLY]"}', '{"plan": "[MOVE x=nan]"}', '{', '{"id": "x"}',
             '{"plan": "[SIT]", "actions": []}', '[MOVE x=99]', '[MOVE x=1', '{"plan": 7}')
    for count, text in enumerate(texts, 1):
        graph.probe.say('plan', text)
        graph.probe.wait(lambda n=count: len(graph.events) == n, what=f'the refusal of {text}')
        assert json.loads(graph.events[-1])['kind'] == 'refused'
    assert not [r for r in graph.dog.requests if r.api_id == SPORT_MOVE]


def test_a_record_that_comes_twice_is_carried_out_once(graph):
    record = json.dumps({'id': 'twice', 'plan': '[SIT]', 'text': 'sit'})
    for _ in range(3):
        graph.probe.say('plan', record)
    assert graph.wait('twice', 'done')
    graph.probe.spin(0.5)
    kinds = [json.loads(text)['kind'] for text in graph.events]
    assert kinds.count('accepted') == kinds.count('started') == 1


def test_a_stuck_dog_is_noticed(spawn, dds_domain, ros_env, start_node, probe):
    env = {**ros_env, 'PYTHONPATH': str(Path(__file__).parents[2])}
    graph = Graph(Dog(spawn, dds_domain, env, '--stuck'), start_node, probe)
    ended = graph.run('[MOVE x=1.0]')
    assert ended['kind'] == 'failed' and 'did not move' in ended['reason']


def test_without_a_robot_the_node_says_what_to_do(start_node, dds_domain):
    node = start_node('action', 'robot.body:=virtual', f'robot.dds_domain:={dds_domain}',
                      wait=False)
    assert node.wait(40.0) == 1
    assert 'Traceback' not in node.output and 'shadow-ros virtual' in node.output


def test_the_twist_body_walks_in_closed_loop_on_odometry(start_node, probe):
    start_node('action', 'robot.body:=twist')
    events = probe.hear('event')
    base = {'x': 0.0}
    odometry = probe.node.create_publisher(Odometry, 'odom', 10)

    def drive(message):
        base['x'] += message.linear.x * 0.05
        report = Odometry()
        report.pose.pose.position.x = base['x']
        report.pose.pose.orientation.w = 1.0
        report.twist.twist.linear.x = message.linear.x
        odometry.publish(report)

    probe.node.create_subscription(Twist, 'cmd_vel', drive, 10)
    probe.wait(lambda: odometry.get_subscription_count() >= 1)
    idle = Twist()
    probe.node.create_timer(0.05, lambda: drive(idle) if not events else None)
    probe.spin(0.3)
    probe.say('plan', '{"id": "go", "plan": "[MOVE x=1.0]"}')
    probe.wait(lambda: any(json.loads(e)['plan_id'] == 'go' and json.loads(e)['kind'] in (
        'done', 'failed') and json.loads(e)['index'] == -1 for e in events), 30.0)
    assert json.loads(events[-1])['kind'] == 'done'
    assert base['x'] == pytest.approx(1.0, abs=0.10)
    probe.say('plan', '{"id": "sit", "plan": "[SIT]"}')
    probe.wait(lambda: any('only walks and turns' in e for e in events))
