"""The intent node with a cloud, on good days and bad ones; the robot never moves on a bad one."""

import json
from pathlib import Path
import signal
import sys
import time

import pytest
from rcl_interfaces.msg import ParameterType, ParameterValue
from std_srvs.srv import SetBool

from shadow_ros.records import Comparison, Event, PlanRecord

sys.path.insert(0, str(Path(__file__).parents[1] / 'cloud'))
try:
    import faulty
finally:
    sys.path.pop(0)

BEYOND = 'what is the capital of France'  # which the tiny model calls REMOTE
SHOW = {**faulty.PLAN, 'plan': '[SIT][HELLO] Watch me.', 'by': 'edge'}
TOKEN = 'shadow-not-for-anybody-else'


@pytest.fixture(scope='module')
def cloud():
    """Yield the server at the other end."""
    found = faulty.Faulty()
    yield found
    found.close()


@pytest.fixture(scope='module')
def node(share_node, tiny_model, cloud, tmp_path_factory):
    """Yield the intent node that the tests share, attached; it must end cleanly after them."""
    token = tmp_path_factory.mktemp('token') / 'robot.token'
    token.write_text(TOKEN)
    shared = share_node(
        'intent', f'intent.model:={tiny_model}', f'intent.backbone.url:={cloud.url}',
        'intent.backbone.deadline:=0.8', 'intent.backbone.patience:=0.3',
        f'intent.backbone.token_file:={token}')
    probe = shared.probe
    probe.plans, probe.replies = probe.hear('plan'), probe.hear('reply')
    probe.comparisons = probe.hear('comparison')
    for topic in ('command', 'event', 'state'):
        probe.publisher(topic)
    yield shared
    shared.child.signal(signal.SIGTERM)
    assert shared.child.wait(20) == 0, shared.child.output
    assert 'Traceback' not in shared.child.output and TOKEN not in shared.child.output


@pytest.fixture
def graph(node, cloud):
    """Yield the probe, the cloud sound and attached; nothing of earlier tests is in its lists."""
    cloud.about, cloud.fault = faulty.say(faulty.ABOUT), faulty.say(SHOW)
    assert node.probe.call(SetBool, 'attach_backbone', data=True).success
    for heard in (node.probe.plans, node.probe.replies, node.probe.comparisons):
        heard.clear()
    cloud.requests.clear()
    yield node.probe
    assert node.child.process.poll() is None, node.child.output


def text(value):
    return ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=value)


def plan_of(graph, said, seconds=10):
    """Return the record that a text leads to."""
    graph.say('command', said)
    return PlanRecord.from_json(graph.wait(
        lambda: next((p for p in graph.plans if json.loads(p)['text'] == said), None),
        seconds, f'a plan for {said!r}'))


def test_what_is_beyond_the_edge_goes_to_the_cloud(graph, cloud):
    record = plan_of(graph, BEYOND)
    assert str(record.plan) == '[SIT][HELLO] Watch me.'
    assert (record.by, record.model, record.confidence) == ('cloud', 'faulty', 0.9)
    assert {'queue', 'tokens', 'actions', 'cloud', 'cloud_queue', 'total'} \
        <= record.timing_ms.keys()
    graph.spin(0.2)
    assert graph.replies == []  # the reply waits for the plan to be accepted
    graph.say('event', Event(record.id, 'accepted').to_json())
    graph.wait(lambda: graph.replies == ['Watch me.'], 5)
    head, _, body = cloud.requests[-1].partition(b'\r\n\r\n')
    assert f'authorization: bearer {TOKEN}' in head.decode().lower()
    asked = json.loads(body)
    assert asked['text'] == BEYOND and asked['posture'] == '' and asked['deadline_ms'] == 800
    assert set(asked) == {'text', 'posture', 'turns', 'deadline_ms', 'protocol', 'table'}


def test_the_edge_does_not_ask(graph, cloud):
    record = plan_of(graph, 'turn left')
    assert (record.by, record.model) == ('edge', 'tiny')
    graph.spin(0.2)
    assert cloud.requests == []


def test_turns_and_posture_go_along_as_far_as_they_may(graph, cloud):
    graph.say('state', '{"posture": "sit"}')
    plan_of(graph, 'turn left')
    for share, wanted in (('text', (0, '')), ('turns', (1, '')), ('state', (2, 'sit'))):
        assert graph.set('intent', 'intent.backbone.share', text(share)) == ''
        graph.plans.clear()
        plan_of(graph, BEYOND)
        asked = json.loads(cloud.requests[-1].partition(b'\r\n\r\n')[2])
        assert bool(asked['turns']) == (share != 'text') and asked['posture'] == wanted[1]
    assert {'user': 'turn left', 'plan': '[TURN yaw=90]'}['user'] in json.dumps(asked['turns'])
    assert graph.set('intent', 'intent.backbone.share', text('nothing')) == ''
    graph.plans.clear()
    cloud.requests.clear()
    record = plan_of(graph, BEYOND)
    assert record.plan.route == 'remote' and 'nothing you say may leave' in record.plan.reply
    assert not [r for r in cloud.requests if r.startswith(b'POST')]
    assert graph.set('intent', 'intent.backbone.share', text('turns')) == ''


@pytest.mark.parametrize('name', ['reset', 'stall', 'drip', 'half', '500', 'garbage',
                                  'unknown action', 'token', 'busy'])
def test_no_fault_moves_the_robot_and_each_is_told(graph, cloud, name):
    cloud.fault, why = faulty.FAULTS[name]
    began = time.monotonic()
    record = plan_of(graph, BEYOND)
    assert (record.by, record.plan.route) == ('edge', 'remote')
    words = {'unreachable': 'cannot reach', 'slow': 'in time', 'broken': 'makes no sense',
             'refused': 'my token', 'busy': 'too busy'}[why]
    assert words in record.plan.reply
    graph.wait(lambda: record.plan.reply in graph.replies, 5)
    assert time.monotonic() - began < 10.0
    quick = plan_of(graph, 'turn left')
    assert quick.by == 'edge' and quick.timing_ms['queue'] < 800


def test_it_says_that_it_thinks_and_then_does(graph, cloud):
    cloud.fault = lambda line, request: (time.sleep(0.5), faulty.say(SHOW)(line, request))
    record = plan_of(graph, BEYOND)
    assert record.by == 'cloud' and graph.replies == ['Let me think.']


@pytest.mark.parametrize('newer', ['turn left', 'stop'])
def test_a_newer_command_or_a_stop_makes_the_answer_void(graph, cloud, newer):
    cloud.fault = lambda line, request: (time.sleep(0.4), faulty.say(SHOW)(line, request))
    graph.say('command', BEYOND)
    graph.wait(lambda: any(r.startswith(b'POST') for r in cloud.requests), 5)
    record = plan_of(graph, newer)
    assert record.by == 'edge'
    graph.spin(0.8)
    assert BEYOND not in [json.loads(p)['text'] for p in graph.plans]
    assert 'Watch me.' not in graph.replies


def test_detaching_is_immediate_and_attaching_checks(graph, cloud):
    answer = graph.call(SetBool, 'attach_backbone', data=False)
    assert answer.success and 'detached' in answer.message
    record = plan_of(graph, BEYOND)
    assert 'no cloud is attached' in record.plan.reply and cloud.requests == []
    values = {v.key: v.value for v in graph.health('shadow/intent: backbone').values}
    assert values['backbone_attached'] == 'False'
    cloud.about = faulty.say({**faulty.ABOUT, 'table': 2})
    answer = graph.call(SetBool, 'attach_backbone', data=True)
    assert not answer.success and 'action table 1 is spoken here' in answer.message
    cloud.about = faulty.say(faulty.ABOUT)
    answer = graph.call(SetBool, 'attach_backbone', data=True)
    assert answer.success and 'attached to faulty' in answer.message
    status = graph.health('shadow/intent: backbone')
    values = {v.key: v.value for v in status.values}
    assert values['backbone_attached'] == 'True' and float(values['latency_ms']) > 0


def test_unsure_is_asked_when_the_policy_says_so(graph, cloud):
    certain = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=1.0)
    usual = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=-1.0)
    assert graph.set('intent', 'intent.threshold', certain) == ''
    assert graph.set('intent', 'intent.backbone.policy', text('remote')) == ''
    try:
        assert plan_of(graph, 'turn left').plan.route == 'talk' and cloud.requests == []
        assert graph.set('intent', 'intent.backbone.policy', text('unsure')) == ''
        graph.plans.clear()
        assert plan_of(graph, 'turn left').by == 'cloud'
        graph.plans.clear()
        cloud.fault = faulty.reset
        record = plan_of(graph, 'turn left')
        assert record.by == 'edge' and 'Did you mean TURN' in record.plan.reply
    finally:
        assert graph.set('intent', 'intent.threshold', usual) == ''
        assert graph.set('intent', 'intent.backbone.policy', text('unsure')) == ''


def test_comparing_only_records(graph, cloud):
    assert graph.set('intent', 'intent.backbone.policy', text('compare')) == ''
    try:
        record = plan_of(graph, 'turn left')
        assert record.by == 'edge'
        found = Comparison.from_json(graph.wait(lambda: graph.comparisons, 5)[0])
        assert (found.plan_id, found.edge, found.cloud) == (
            record.id, '[TURN yaw=90]', '[SIT][HELLO] Watch me.')
        assert not found.same and found.cloud_model == 'faulty' and found.cloud_ms > 0
        assert {json.loads(p)['by'] for p in graph.plans} == {'edge'}
    finally:
        assert graph.set('intent', 'intent.backbone.policy', text('unsure')) == ''


def test_a_cloud_that_cannot_either_says_so(graph, cloud):
    cloud.fault = faulty.say({**faulty.PLAN, 'plan': '[REMOTE] Ask another one.'})
    record = plan_of(graph, BEYOND)
    assert record.by == 'cloud' and record.plan.actions == ()
    assert 'could not do it either' in record.plan.reply


def test_a_robot_that_starts_without_network_attaches_when_it_is_there(start_node, probe,
                                                                      tiny_model):
    import socket
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    start_node('intent', f'intent.model:={tiny_model}',
               f'intent.backbone.url:=http://127.0.0.1:{port}')
    probe.wait(lambda: 'cannot be reached' in probe.health('shadow/intent: backbone').message)
    late = faulty.Faulty()
    late.door.close()
    late.door = socket.create_server(('127.0.0.1', port))
    import threading
    threading.Thread(target=late._listen, daemon=True).start()
    probe.wait(lambda: 'attached to faulty' in probe.health('shadow/intent: backbone').message, 30)
    late.close()


def test_a_wrong_address_is_a_sentence(start_node, tiny_model):
    child = start_node('intent', f'intent.model:={tiny_model}', 'intent.backbone.url:=nonsense',
                       wait=False)
    assert child.wait(60) == 1
    assert 'must be like http://127.0.0.1:8713' in child.output
    assert 'Traceback' not in child.output
