"""Scenario files: what is wrong is told with its place and the nearest name; claims can fail."""

from pathlib import Path
from xml.etree import ElementTree

from click.testing import CliRunner
import pytest

from shadow_ros.cli import main
from shadow_ros.errors import ConfigError
from shadow_ros.simulation.claims import CLAIMS
from shadow_ros.simulation.play import play
from shadow_ros.simulation.scenario import DEEDS, FAULTS, load, read
from shadow_ros.simulation.world import SimulatedWorld

ROOT = Path(__file__).resolve().parents[2]
SIT = {'say': 'sit down', 'plan': '[SIT]'}


def story(*steps, **more):
    return {'story': 'A test.', 'steps': list(steps), **more}


@pytest.mark.parametrize('data, complaint', [
    (story({'sya': 'sit'}), "step 1: unknown 'sya'; did you mean say?"),
    (story({'say': 'sit', 'expct': {}}), "step 1: unknown 'expct'; did you mean expect?"),
    (story({**SIT, 'expect': {'postur': 'sit'}}), "unknown 'postur'; did you mean posture?"),
    (story({**SIT, 'expect': {'posture': 'sits'}}), 'did you mean sit?'),
    (story({**SIT, 'expect': {'events': ['finished']}}), 'must be one of accepted'),
    (story({**SIT, 'expect': {'events': ['started SITT']}}), 'did you mean SIT?'),
    (story({**SIT, 'expect': {'pose': {'within': 0.1}}}), 'pose needs x, y or yaw'),
    (story({**SIT, 'expect': {'requests': {'Sitt': 1}}}), 'did you mean SIT?'),
    (story({'say': 'go', 'plan': '[MOV x=1]'}), "unknown action 'MOV'; did you mean MOVE?"),
    (story({'say': 'go', 'plan': '[MOVE x=1'}), 'step 1: plan'),
    (story({'fault': 'lost links'}), 'did you mean lost link?'),
    (story({'say': 'a', 'send': '[SIT]'}), 'needs one of'),
    (story({'after': 1.0}), 'step 1 needs one of'),
    (story({**SIT, 'after': 'soon'}), 'must be a number from 0 to 600 s'),
    (story({'play': [[0.0, 'comand', 'sit']]}), 'did you mean command?'),
    (story(SIT, robot={'firmware': 'newer'}), 'did you mean new?'),
    (story(SIT, robots={}), "unknown 'robots'; did you mean robot?"),
    ({'steps': [SIT]}, 'needs story'),
    (story(), 'must be a list of steps'),
    ([SIT], 'must be a mapping'),
])
def test_a_mistake_is_told_with_its_place(data, complaint):
    with pytest.raises(ConfigError) as error:
        read(data, 'wrong', 'wrong.yaml')
    assert complaint in str(error.value) and 'wrong.yaml' in str(error.value)


def test_yaml_that_is_none_and_files_that_are_not_there(tmp_path):
    (tmp_path / 'bad.yaml').write_text('story: [')
    with pytest.raises(ConfigError, match='not YAML'):
        load(tmp_path / 'bad.yaml')
    with pytest.raises(ConfigError, match='No such file'):
        load(tmp_path / 'none.yaml')


FALSE = {
    'plan': '[LIE]', 'events': ['failed'], 'no_events': ['done'], 'reply': 'woof',
    'silent': False, 'heard': 'woof', 'ends_within': 0.1, 'latched': True, 'pose': {'x': 3.0},
    'moved': {'x': 3.0}, 'posture': 'sit', 'postures': ['lie'], 'never_faster': 0.1,
    'never_turns_faster': 1.0, 'reaches_speed': 2.0, 'never_moved': True, 'still_after': 0.2,
    'requests': {'SIT': 1}, 'asks_at_most': 0.1}
"""For each claim a value that does not hold for a walk of a metre with a turn."""


@pytest.fixture(scope='module')
def walk():
    claims = {name: FALSE[name] for name in CLAIMS}
    data = story({'say': 'go', 'plan': '[MOVE x=1.0][TURN yaw=45]', 'expect': claims})
    return play(read(data, 'walk'), SimulatedWorld(read(data, 'walk').start))


@pytest.mark.parametrize('name', CLAIMS)
def test_every_claim_can_fail(walk, name):
    """A claim that nothing can break would be worth nothing."""
    complaints = {verdict.claim: verdict.complaint for verdict in walk.verdicts}
    assert complaints[name]


def test_every_deed_claim_and_fault_is_in_the_documents():
    text = (ROOT / 'docs/simulation.md').read_text('utf-8')
    for name in (*DEEDS, *CLAIMS, *FAULTS):
        assert f'`{name}`' in text, name


def cli(*arguments):
    return CliRunner().invoke(main, ['scenario', *map(str, arguments)])


def test_command_line_plays_writes_and_judges(tmp_path):
    good = ROOT / 'scenarios/a_list_too_long.yaml'
    bad = tmp_path / 'bad.yaml'
    bad.write_text('story: It sits, they say.\nsteps:\n- {send: "[HELLO]", '
                   'expect: {posture: sit}}\n')
    done = cli('run', good, '--junit', tmp_path / 'out.xml', '--pictures', tmp_path / 'pictures')
    assert done.exit_code == 0, done.output
    assert '1 of 1 scenarios hold' in done.output
    assert (tmp_path / 'pictures/a_list_too_long.png').stat().st_size > 10_000
    done = cli('run', good, bad, '--junit', tmp_path / 'out.xml')
    assert done.exit_code == 1
    assert 'step 1: posture sit, but it ends in posture stand' in done.output
    suite = ElementTree.parse(tmp_path / 'out.xml').getroot().find('testsuite')
    assert suite.get('tests') == '2' and suite.get('failures') == '1'
    assert suite.find("testcase[@name='bad']/failure").get('message').startswith('step 1: posture')


def test_command_line_lists_the_stories():
    done = cli('list')
    assert done.exit_code == 0 and 'Children are in the room' in done.output


@pytest.mark.parametrize('arguments, complaint', [
    (['run', 'nowhere.yaml'], 'nowhere.yaml'),
    (['run', '--view', 'dog.gif'], 'shows one scenario'),
    (['run', '--view', 'dog.bmp', str(ROOT / 'scenarios/first_walk.yaml')], 'named *.gif'),
    (['run', '--junit', 'nowhere/out.xml', str(ROOT / 'scenarios/first_walk.yaml')],
     'make it first'),
])
def test_command_line_tells_mistakes_in_a_sentence(arguments, complaint):
    done = cli(*arguments)
    assert done.exit_code == 2 and complaint in done.output.replace('\n', ' ')


def test_a_model_that_is_not_there_skips_what_needs_it_and_says_so(tmp_path):
    done = cli('run', ROOT / 'scenarios/first_walk.yaml', '--model', tmp_path / 'none')
    assert done.exit_code == 2 and 'does not exist' in done.output


def test_without_a_voice_a_spoken_story_is_skipped_and_says_why(tmp_path, monkeypatch):
    monkeypatch.setenv('PATH', str(tmp_path))
    done = cli('run', ROOT / 'scenarios/said_aloud.yaml')
    assert done.exit_code == 0 and 'apt install flite' in done.output
    assert '0 of 0 scenarios hold, 1 skipped' in done.output


def test_a_bag_is_played_back(tmp_path):
    """A real rosbag2 folder, as a recorder writes it."""
    from rosbags.rosbag2 import StoragePlugin, Writer
    from rosbags.typesys import get_typestore, Stores
    store = get_typestore(Stores.ROS2_HUMBLE)
    kind = store.types['std_msgs/msg/String']
    with Writer(tmp_path / 'bag', version=9, storage_plugin=StoragePlugin.MCAP) as bag:
        lines = {name: bag.add_connection(f'/shadow/{name}', kind.__msgtype__, typestore=store)
                 for name in ('plan', 'partial', 'event')}
        for at, name, text in ((0, 'plan', '[MOVE x=3.0]'), (1, 'event', '{}'),
                               (2, 'partial', 'stop')):
            data = store.serialize_cdr(kind(data=text), kind.__msgtype__)
            bag.write(lines[name], int((5 + at) * 1e9), data)
    (tmp_path / 'bag.yaml').write_text(
        'story: A bag.\nsteps:\n- {play: bag, expect: {still_after: 2.6}}\n'
        'expect: {events: [started MOVE, cancelled, stopped], never_moved: false}\n')
    data = load(tmp_path / 'bag.yaml')
    played = play(data, SimulatedWorld(data.start))
    assert [str(verdict) for verdict in played.complaints] == []
