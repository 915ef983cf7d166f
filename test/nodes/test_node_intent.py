"""The intent node as a real process, with a small model taught by heart."""

from dataclasses import replace
import json
import shutil
import signal
import threading
import time

import pytest
from rcl_interfaces.msg import ParameterType, ParameterValue
from std_srvs.srv import SetBool

from shadow_ros.intent.card import IntentCard
from shadow_ros.intent.library import Library
from shadow_ros.nodes.inbox import Heard, Inbox
from shadow_ros.records import Event, Feedback, PlanRecord


@pytest.fixture(scope='module')
def node(share_node, tiny_model):
    """Yield the intent node that most tests share; it must outlive them all and end cleanly."""
    shared = share_node('intent', f'intent.model:={tiny_model}')
    probe = shared.probe
    probe.plans, probe.replies = probe.hear('plan'), probe.hear('reply')
    probe.feedback = probe.hear('feedback')
    for topic in ('command', 'transcript', 'event'):
        probe.publisher(topic)
    yield shared
    shared.child.signal(signal.SIGTERM)
    assert shared.child.wait(20) == 0, shared.child.output
    assert 'Traceback' not in shared.child.output


@pytest.fixture
def graph(node):
    """Yield the probe beside the shared node; nothing of earlier tests is in its lists."""
    node.probe.plans.clear()
    node.probe.replies.clear()
    yield node.probe
    assert node.child.process.poll() is None, node.child.output


def plan_of(graph, text, topic='command') -> PlanRecord:
    """Return the record that the text leads to."""
    graph.say(topic, text)
    return PlanRecord.from_json(graph.wait(
        lambda: next((p for p in graph.plans if json.loads(p)['text'] == text), None),
        10, f'a plan for {text!r}'))


def test_typed_command(graph):
    """The actions first, the reply on its own topic, and where the time went."""
    before = time.time()
    record = plan_of(graph, 'walk forward 2 meters')
    assert str(record.plan).startswith('[MOVE x=2.0]')
    assert (record.source, record.by, record.model) == ('command', 'edge', 'tiny')
    assert before <= record.stamp <= time.time() and record.confidence > 0.6
    assert {'queue', 'tokens', 'actions', 'total'} <= record.timing_ms.keys()
    assert record.timing_ms['total'] >= record.timing_ms['actions'] > 0
    graph.spin(0.3)
    assert len(graph.plans) == 1 and graph.replies == []  # it may still be refused
    graph.say('event', Event(record.id, 'accepted').to_json())
    graph.wait(lambda: 'On it!' in graph.replies, 5, 'the reply')


def test_spoken_command_and_talk(graph):
    """A transcript's plan says so; talk has a reply and no motion."""
    record = plan_of(graph, '坐下', 'transcript')
    assert record.source == 'speech'
    graph.say('event', Event(record.id, 'accepted').to_json())
    graph.wait(lambda: '好的！' in graph.replies, 5, 'the reply')
    record = plan_of(graph, 'who are you')
    assert record.plan.route == 'talk' and record.plan.reply == "I'm Doger."
    graph.wait(lambda: "I'm Doger." in graph.replies, 5, 'the reply')


def test_nothing_is_said_to_a_motion_that_is_refused(graph):
    """The guard's reason is the only answer."""
    record = plan_of(graph, 'walk forward 2 meters')
    graph.say('event', Event(record.id, 'refused', reason='no').to_json())
    graph.spin(0.5)
    assert graph.replies == []


def test_a_motion_that_nobody_answers_is_sent_again(graph):
    """The action node may not have found this node yet; talk is said once in any case."""
    record = plan_of(graph, 'walk forward 2 meters')
    graph.wait(lambda: len(graph.plans) == 2, 5, 'the same plan once more')
    assert {json.loads(text)['id'] for text in graph.plans} == {record.id}
    graph.say('event', Event(record.id, 'accepted').to_json())
    graph.wait(lambda: 'On it!' in graph.replies, 5)
    heard = len(graph.plans)
    graph.spin(1.0)
    assert len(graph.plans) == heard


def test_beyond_the_edge_without_a_backbone(graph):
    """REMOTE is told as it is."""
    record = plan_of(graph, 'what is the capital of France')
    assert record.plan.route == 'remote'
    graph.wait(lambda: 'That is beyond me, and no cloud is attached.' in graph.replies, 5)
    answer = graph.call(SetBool, 'attach_backbone', data=True)
    assert not answer.success and 'set intent.backbone.url' in answer.message
    assert graph.call(SetBool, 'attach_backbone', data=False).success


@pytest.mark.parametrize('text', ['stop', '停下', 'Stop, stop, stop!', 'emergency stop'])
def test_stop_word_skips_the_model(graph, text):
    """The plan is there at once and made by no model."""
    record = plan_of(graph, text)
    assert (str(record.plan), record.source, record.model) == ('[STOP]', 'stop word', '')
    assert record.timing_ms['total'] < 20


def corrected(graph, first, text):
    """Return the feedback that a text leads to after a command, and the records of both."""
    graph.feedback.clear()
    before = plan_of(graph, first)
    after = plan_of(graph, text)
    feedback = Feedback.from_json(graph.wait(
        lambda: next(iter(graph.feedback), None), 5, f'feedback for {text!r}'))
    assert feedback.source == 'spoken' and feedback.text == text and not feedback.right
    return feedback, before, after


@pytest.mark.parametrize('text, plan', [
    ('no, I meant turn left', '[TURN yaw=90]'), ('不是，我说的是坐下', '[SIT]'),
    ('no, turn left', '[TURN yaw=90]'), ('no, I meant stop', '[STOP]')])
def test_spoken_correction_is_carried_out_and_kept(graph, text, plan):
    """It is a plan like any other, and a label for the plan before."""
    feedback, before, after = corrected(graph, 'walk forward 2 meters', text)
    assert (feedback.plan_id, feedback.should_be) == (before.id, plan)
    assert str(after.plan).startswith(plan) and after.id != before.id


def test_correction_of_a_correction_is_about_the_first(graph):
    first, before, _ = corrected(graph, 'walk forward 2 meters', 'no, I meant turn left')
    graph.feedback.clear()
    plan_of(graph, 'no, I meant sit down then wave')
    again = Feedback.from_json(graph.wait(lambda: next(iter(graph.feedback), None), 5))
    assert again.plan_id == first.plan_id == before.id and again.should_be == '[SIT][HELLO]'


def test_correction_without_a_command_has_no_label(graph):
    """It was wrong, so much is sure; a bare no before talk is talk."""
    feedback, _, after = corrected(graph, 'turn left', 'no, I meant who are you')
    assert feedback.should_be is None and after.plan.route == 'talk'
    graph.feedback.clear()
    plan_of(graph, 'turn left')
    plan_of(graph, 'no, who are you')
    graph.spin(0.3)
    assert graph.feedback == []


def test_button_for_the_last_plan(graph):
    """Right or wrong without words, as a service."""
    record = plan_of(graph, 'turn left')
    graph.feedback.clear()
    graph.spin(0.2)
    for right, said in ((True, 'this was right'), (False, 'this was wrong')):
        answer = graph.call(SetBool, 'feedback', data=right)
        assert answer.success and said in answer.message
    graph.wait(lambda: len(graph.feedback) == 2, 5)
    assert [(f.plan_id, f.right) for f in map(Feedback.from_json, graph.feedback)] == [
        (record.id, True), (record.id, False)]


def test_stop_word_makes_older_commands_void(graph):
    """What waits or is being thought about when the stop comes leads to nothing any more."""
    for _ in range(6):
        graph.say('command', 'walk forward 2 meters')
    graph.say('command', 'stop')
    graph.wait(lambda: any('stop word' in p for p in graph.plans), 5, 'the stop')
    graph.say('command', 'turn left')
    graph.wait(lambda: any('"turn left"' in p for p in graph.plans), 5, 'the next plan')
    texts = [json.loads(p)['text'] for p in graph.plans]
    assert texts[texts.index('stop'):] == ['stop', 'turn left']


def test_yes_belongs_to_an_open_question(graph):
    """While the robot asks, yes and no are not commands; before and after they are."""
    assert plan_of(graph, 'yes').plan.route == 'talk'
    graph.plans.clear()
    graph.say('event', Event('abc', 'confirm').to_json())
    graph.say('event', 'not json')
    graph.say('event', Event('other', 'progress').to_json())
    graph.spin(0.2)  # events and commands are different topics: no order between them
    graph.say('command', 'yes')
    graph.say('transcript', '不')
    assert plan_of(graph, 'turn left')
    assert [json.loads(p)['text'] for p in graph.plans] == ['turn left']
    graph.say('event', Event('abc', 'started').to_json())
    graph.spin(0.2)
    assert plan_of(graph, 'yes').plan.route == 'talk'


@pytest.mark.parametrize('text', [
    'x' * 100_000, 'a\nb\t[SIT]\x01', '🐕🐩🦮' * 50, '\u202e\u0000\u200b', '[MOVE x=99] ]]][[',
    '<|plan|>[BACK_FLIP]<|end|>', '停' * 3000],
    ids=['100 kB', 'control', 'emoji', 'invisible', 'tags', 'markers', 'long zh'])
def test_strange_text_harms_nobody(graph, text):
    """Whatever comes is answered with words or a valid plan, and the next command works."""
    graph.say('command', text)
    record = plan_of(graph, 'turn left')
    assert str(record.plan).startswith('[TURN yaw=90]')
    for line in graph.plans:
        assert len(line) < 10_000 and PlanRecord.from_json(line)


def test_empty_text(graph):
    """A typed nothing is answered, a recognised nothing is not; neither is a plan."""
    graph.say('command', ' \n ')
    graph.wait(lambda: graph.replies, 5, 'a reply')
    graph.say('transcript', '')
    assert plan_of(graph, 'turn left') and len(graph.plans) == 1


def test_unsure_asks_back(graph):
    """Below the threshold, which may be changed while running, there is a question, no motion."""
    certain = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=1.0)
    assert graph.set('intent', 'intent.threshold', certain) == ''
    record = plan_of(graph, 'turn left')
    assert record.plan.route == 'talk' and 'TURN yaw=90' in record.plan.reply
    graph.wait(lambda: record.plan.reply in graph.replies, 5, 'the question')
    own = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=-1.0)
    assert graph.set('intent', 'intent.threshold', own) == ''


def test_diagnostics(graph):
    """The model's name and the last times, for people and for the action node."""
    record = plan_of(graph, 'turn left')
    graph.say('event', Event(record.id, 'accepted').to_json())
    graph.wait(lambda: 'Turning.' in graph.replies, 5)
    values = {v.key: v.value for v in graph.health('shadow/intent: model').values}
    assert values['model'] == 'tiny' and values['waiting'] == '0' and int(values['commands']) > 0
    assert float(values['last_total_ms']) > 0
    values = {v.key: v.value for v in graph.health('shadow/intent: backbone').values}
    assert values['backbone_attached'] == 'False'


def test_missing_model_is_a_sentence(start_node):
    """The path and what to do, exit code 1."""
    child = start_node('intent', 'intent.model:=/nowhere/model', wait=False)
    assert child.wait(60) == 1
    assert 'the model folder /nowhere/model does not exist; give the path of one' in child.output
    assert 'Traceback' not in child.output


def test_lifecycle_there_and_back(start_node, probe, tiny_model):
    """A node that was taken down works again, its way to the cloud too."""
    start_node('intent', f'intent.model:={tiny_model}', 'intent.backbone.url:=http://localhost:1')
    for transition in ('deactivate', 'cleanup', 'configure', 'activate'):
        assert probe.change('intent', transition), transition
    probe.plans = probe.hear('plan')
    assert plan_of(probe, 'turn left')
    answer = probe.call(SetBool, 'attach_backbone', data=True)
    assert not answer.success and 'localhost:1 cannot be reached' in answer.message


def library_of(tmp_path, tiny_model) -> Library:
    """Return a library with three copies of the model, of which the last is broken."""
    library = Library(tmp_path / 'data' / 'shadow_ros' / 'models')
    for name in ('first', 'second', 'broken'):
        folder = tmp_path / 'made' / name
        shutil.copytree(tiny_model, folder)
        replace(IntentCard.load(folder), name=name).save(folder)
        if name == 'broken':
            weights = folder / 'model.safetensors'
            weights.write_bytes(weights.read_bytes()[:-4000])
        library.add(folder)
    return library


@pytest.mark.timeout(180)
def test_models_are_swapped_while_commands_go_on(start_node, probe, tmp_path, tiny_model):
    """Promoted, broken and rolled back, asked for by name: no restart, and no command is lost."""
    library = library_of(tmp_path, tiny_model)
    library.use('first', 'promoted')
    child = start_node('intent', env={'XDG_DATA_HOME': str(tmp_path / 'data')})
    plans = probe.hear('plan')
    probe.publisher('command')
    said = 0

    def talk(until, seconds=40.0):
        """Give commands until it becomes true, and one more."""
        nonlocal said
        deadline = time.monotonic() + seconds
        while not until() and time.monotonic() < deadline:
            probe.say('command', 'turn left')
            said += 1
            probe.spin(0.06)
        assert until(), child.output

    def works(name):
        return lambda: bool(plans) and PlanRecord.from_json(plans[-1]).model == name

    talk(works('first'))
    library.use('second', 'promoted')
    talk(works('second'))
    library.use('broken', 'promoted')
    talk(lambda: library.pointer().current == 'second')
    talk(works('second'))
    name = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value='first')
    assert probe.set('intent', 'intent.model', name) == ''
    talk(works('first'))
    wrong = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value='frist')
    assert 'did you mean first?' in probe.set('intent', 'intent.model', wrong)
    broken = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value='broken')
    assert probe.set('intent', 'intent.model', broken) == ''
    talk(lambda: 'the one before it goes on' in child.output)
    probe.wait(lambda: probe.get('intent', 'intent.model').string_value == 'first', 10)
    probe.wait(lambda: len(plans) == said, 30, f'all {said} plans')
    assert 'back to second' in child.output and 'Traceback' not in child.output
    assert {PlanRecord.from_json(p).model for p in plans} == {'first', 'second'}
    assert all(str(PlanRecord.from_json(p).plan).startswith('[TURN yaw=90]') for p in plans)
    values = {v.key: v.value for v in probe.health('shadow/intent: model').values}
    assert (values['model'], values['dropped']) == ('first', '0')


def test_inbox_is_bounded_and_ends():
    """The oldest goes for the newest; closing frees who waits."""
    inbox = Inbox(2)
    assert [inbox.put(Heard(text, '')) for text in 'abc'][2].text == 'a'
    assert (inbox.get().text, len(inbox), inbox.dropped) == ('b', 1, 1)
    inbox.clear()
    got = []
    thread = threading.Thread(target=lambda: got.append(inbox.get()))
    thread.start()
    inbox.close()
    thread.join(5)
    assert got == [None]
