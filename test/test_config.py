"""The parameter tree: defaults, files, overrides and what is said about mistakes."""

from pathlib import Path

import pytest

from shadow_ros.config import (
    Config, example_yaml, NODES, parameters_page, parse_override, read_yaml, setting, SETTINGS)
from shadow_ros.errors import ConfigError

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / 'config' / 'go2_intent.yaml'
PAGE = ROOT / 'docs' / 'parameters.md'
AGAIN = 'run: python -m shadow_ros.config'


def write(folder: Path, text: str) -> Path:
    """Write a parameter file and return its path."""
    path = folder / 'params.yaml'
    path.write_text(text, encoding='utf-8')
    return path


def test_shipped_file_lists_every_parameter_at_its_default():
    """config/go2_intent.yaml and docs/parameters.md are what config.py says, to the letter."""
    assert EXAMPLE.read_text(encoding='utf-8') == example_yaml(), AGAIN
    assert PAGE.read_text(encoding='utf-8') == parameters_page(), AGAIN
    assert read_yaml(EXAMPLE).keys() == SETTINGS.keys()
    assert Config.load(EXAMPLE) == Config()


def test_every_parameter_has_an_owner_and_a_valid_default():
    """Each group is read by exactly one node, each default passes its own check."""
    for item in SETTINGS.values():
        assert item.check(item.default) == item.default
        assert item.text and not item.text.endswith('.') and len(item.text) < 95
        assert [item.name.split('.')[0] in groups for groups in NODES.values()].count(True) == 1


@pytest.mark.parametrize('override, name, value', [
    ('robot.body=virtual', 'robot.body', 'virtual'),
    ('robot.body:=virtual', 'robot.body', 'virtual'),
    ('robot.dds_domain=7', 'robot.dds_domain', 7),
    ('robot.acrobatics=on', 'robot.acrobatics', True),
    ('robot.confirm_timeout=5', 'robot.confirm_timeout', 5.0),
    ('robot.obstacle_avoidance=on', 'robot.obstacle_avoidance', 'on'),
    ('speech.recogniser=mine.ears:Ears', 'speech.recogniser', 'mine.ears:Ears'),
    ('speech.device=2', 'speech.device', '2'),
    ('intent.model=', 'intent.model', ''),
    ('intent.backbone.url=http://a?b=c', 'intent.backbone.url', 'http://a?b=c'),
])
def test_override(override, name, value):
    """A text on the command line becomes a value of the right type."""
    result = Config.load(overrides=[override]).get(name)
    assert result == value and type(result) is type(value)


@pytest.mark.parametrize('override, sentence', [
    ('robot.body=spot', 'robot.body must be one of go2, virtual, twist, or package.module:Class, '
                        "got 'spot'; leave it out for 'go2'"),
    ('robot.body=twst', "package.module:Class, got 'twst'; did you mean twist?"),
    ('speech.recogniser=wisper', 'whisper, none, or package.module:Class, got'),
    ('robot.bdy=go2', "unknown parameter 'robot.bdy'; did you mean robot.body?"),
    ('body=go2', "unknown parameter 'body'; did you mean robot.body?"),
    ('robot.dds_domain=233', 'a whole number from 0 to 232, got 233'),
    ('robot.dds_domain=1.5', "a whole number from 0 to 232, got '1.5'"),
    ('robot.dds_domain=' + '9' * 5000, 'a whole number from 0 to 232'),
    ('robot.acrobatics=maybe', "robot.acrobatics must be true or false, got 'maybe'"),
    ('speech.endpoint_silence=nan', 'a number from 0.1 to 5 s, got nan'),
    ('speech.vad_threshold=inf', 'a number from 0.05 to 0.95, got inf'),
    ('speech.source=a\0b', 'speech.source must be text'),
    ('robot.body', 'a parameter is set with name=value'),
    ('=go2', 'a parameter is set with name=value'),
])
def test_wrong_override_is_one_sentence(override, sentence):
    """The sentence names the parameter, what it may be and what came."""
    with pytest.raises(ConfigError) as error:
        parse_override(override)
    assert sentence in str(error.value)
    assert '\n' not in str(error.value) and len(str(error.value)) < 250


@pytest.mark.parametrize('text, changed', [
    ('/**:\n  ros__parameters:\n    robot:\n      body: virtual\n', {'robot.body': 'virtual'}),
    ('/**:\n  ros__parameters:\n    robot.body: virtual\n', {'robot.body': 'virtual'}),
    ('action:\n  ros__parameters:\n    robot: {confirm_timeout: 5}\n',
     {'robot.confirm_timeout': 5.0}),
    ('/shadow/action:\n  ros__parameters:\n    robot: {dds_domain: 3}\n',
     {'robot.dds_domain': 3}),
    ('shadow:\n  action:\n    ros__parameters:\n      robot: {dds_domain: 3}\n',
     {'robot.dds_domain': 3}),
    ('/**:\n  ros__parameters:\n    robot: {obstacle_avoidance: on}\n',
     {'robot.obstacle_avoidance': 'on'}),
    ('action:\n  ros__parameters: {robot: {body: twist}}\n'
     '/**:\n  ros__parameters: {robot: {body: virtual}}\n', {'robot.body': 'twist'}),
    ('/**:\n  ros__parameters: {use_sim_time: false, speech: {device: 2}}\n',
     {'speech.device': '2'}),
    ('/**:\n  ros__parameters:\n', {}),
    ('controller_server:\n  ros__parameters: {rate: 20.0}\n/**:\n  ros__parameters: {}\n', {}),
], ids=['nested', 'dotted', 'node', 'full name', 'namespace', 'yaml on', 'node wins',
        'ros names', 'empty', 'other package'])
def test_file(tmp_path, text, changed):
    """A ROS parameter file changes the defaults as it would in ROS."""
    assert Config.load(write(tmp_path, text)) == Config().changed(changed)


@pytest.mark.parametrize('text, sentence', [
    ('/**:\n  ros__parameters: {robot: {bdy: go2}}\n', 'did you mean robot.body?'),
    ('/**:\n  ros__parameters: {robot: go2}\n', "unknown parameter 'robot'"),
    ('/**:\n  ros__parameters: {robot: {acrobatics: "true"}}\n',
     "robot.acrobatics must be true or false, got 'true'"),
    ('/**:\n  ros__parameters: {robot: {acrobatics: 1}}\n', 'must be true or false, got 1'),
    ('/**:\n  ros__parameters: {robot: {body: [go2]}}\n', 'robot.body must be one of'),
    ('/**:\n  ros__parameters: {intent: {model: }}\n', 'intent.model must be text, got None'),
    ('/**:\n  ros__parameters: {robot: {dds_domain: true}}\n', 'a whole number'),
    ('/**:\n  ros__parameters: [1]\n', 'unknown parameter'),
    ('intnet:\n  ros__parameters: {intent: {model: a}}\n', 'did you mean intent?'),
    ('speech:\n  ros__parameters: {robot: {body: go2}}\n',
     'robot.body is read by the node action, not by speech'),
    ('robot: {body: go2}\n', 'must hold "/**:" with "ros__parameters:"'),
    ('', 'must hold "/**:"'),
    ('a: [\n', 'is not YAML'),
    ('[' * 5000, 'is not YAML'),
])
def test_wrong_file_is_one_sentence(tmp_path, text, sentence):
    """A mistake in a file is told with the nearest name or the place."""
    with pytest.raises(ConfigError) as error:
        Config.load(write(tmp_path, text))
    assert sentence in str(error.value) and '\n' not in str(error.value)


def test_unreadable_files(tmp_path):
    """A missing file, a folder and bytes that are no text get their sentence."""
    (tmp_path / 'bytes.yaml').write_bytes(b'\xff\xfe\x00')
    for path, words in ((tmp_path / 'none.yaml', 'No such file'), (tmp_path, 'Is a directory'),
                        (tmp_path / 'bytes.yaml', 'is not YAML')):
        with pytest.raises(ConfigError, match=words):
            Config.load(path)


def test_overrides_win_over_the_file(tmp_path):
    """What the command line says is last."""
    path = write(tmp_path, '/**:\n  ros__parameters: {robot: {body: twist, dds_domain: 4}}\n')
    config = Config.load(path, ['robot.body=virtual'])
    assert (config.robot.body, config.robot.dds_domain) == ('virtual', 4)
    assert setting('robot.acrobatics').live and not setting('robot.body').live
