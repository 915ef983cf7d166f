"""Every parameter with its default, limits and description; the only copy of each."""

from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, cast, Iterable, Iterator, Mapping, Optional

from shadow_ros.errors import ConfigError, did_you_mean, shorten
from shadow_ros.setting import Setting, Value

NODES: Mapping[str, tuple[str, ...]] = {
    'speech': ('speech',), 'intent': ('intent',), 'action': ('robot',),
    'recorder': ('recorder',)}
"""The groups of parameters that each node reads."""

ROS_NAMES = ('autostart', 'use_sim_time', 'start_type_description_service', 'qos_overrides')
"""Parameters that belong to ROS or to the way a node is started, not to this tree."""

_PAGE = """\
# Parameters
Every parameter of the nodes. They are set, the later winning over the earlier, in a ROS parameter
file (`config/go2_intent.yaml` lists them all), as launch arguments (`body:=virtual`), as options
of `shadow-ros up` (`--robot.body virtual`), and some of them while the nodes run:

    ros2 param set /shadow/action robot.acrobatics true

An unknown name is an error with the nearest one; a wrong value is an error that tells what it may
be. Parameters of `speech` are read by the node speech, of `intent` by intent, of `robot` by
action, of `recorder` by recorder, which is started unless `recorder.mode` is off.

TABLE
Besides, each node has `autostart` (default true): configure and activate at start. The launch
file sets it to false and drives the lifecycle itself.

This page is written by `python -m shadow_ros.config`, as is `config/go2_intent.yaml`; a test keeps
both equal to `shadow_ros/config.py`.
"""

_EVERY_NODE = ('/**', '/*', '**', '*')


def _key(default: Value, text: str, **limits: Any) -> Any:
    return field(default=default, metadata={'text': text, **limits})


@dataclass(frozen=True)
class Speech:
    """What is heard and how it becomes text."""

    recogniser: str = _key(
        'auto', 'turns sound into text; auto takes the best that is installed, none switches '
        'it off',
        choices=('auto', 'moonshine', 'pocketsphinx', 'whisper', 'none'), custom=True)
    source: str = _key(
        'microphone', 'microphone, none, a sound file, or tcp://127.0.0.1:7700: the sound of a '
        'program')
    device: str = _key(
        '', 'microphone by index or part of its name; empty is the default of the system')
    language: str = _key(
        'auto', 'language code such as en or zh; auto lets the recogniser decide')
    whisper_model: str = _key(
        'base', 'name of a Whisper model or path of its file; used by the whisper recogniser')
    endpoint_silence: float = _key(
        0.4, 'silence that ends an utterance', low=0.1, high=5.0, unit='s')
    vad_threshold: float = _key(
        0.5, 'voice probability above which sound counts as speech', low=0.05, high=0.95)
    max_utterance: float = _key(
        10.0, 'longest utterance; what is longer is cut there', low=1.0, high=60.0, unit='s')
    wake_word: str = _key(
        '', 'phrases of which one must come first, such as hey dog, doger, 狗哥; empty listens '
        'to everything')
    follow_up: float = _key(
        8.0, 'time after a command in which the next one needs no wake word', low=0.0, high=60.0,
        unit='s')
    push_to_talk: bool = _key(
        False, 'hear commands only while speech.talk is true; stops are always heard')
    talk: bool = _key(False, 'the button of push_to_talk is held', live=True)
    voice: str = _key(
        'none', 'speaks the replies; none is silent', choices=('none', 'espeak-ng'), custom=True)
    voice_device: str = _key(
        '', 'loudspeaker by index or part of its name; empty is the default of the system')
    publish_audio: bool = _key(
        False, 'let the sound of understood utterances out on the topic audio, to be recorded')


@dataclass(frozen=True)
class Backbone:
    """The larger model in the cloud."""

    url: str = _key('', 'address of the backbone server; empty works without one')
    kind: str = _key(
        'auto', 'who answers there: shadow-ros serve, or any server of the OpenAI API',
        choices=('auto', 'shadow', 'openai'))
    model: str = _key('', 'model to ask there; empty is the first one, or the only one')
    token_file: str = _key('', 'path of a file with the token for the server; empty sends none')
    certificate: str = _key(
        '', 'the only certificate to trust: path or sha256:...; empty trusts the system')
    policy: str = _key(
        'unsure', 'what is asked: what is beyond the edge, what it is unsure of too, or all',
        choices=('remote', 'unsure', 'compare'), live=True)
    share: str = _key(
        'turns', 'what may leave the robot; each includes the ones before it',
        choices=('nothing', 'text', 'turns', 'state'), live=True)
    deadline: float = _key(
        4.0, 'how long the backbone may take', low=0.5, high=30.0, unit='s')
    patience: float = _key(
        1.0, 'how long it may take until the robot says that it thinks', low=0.1, high=30.0,
        unit='s', live=True)


@dataclass(frozen=True)
class Intent:
    """How text becomes a plan."""

    model: str = _key(
        '', 'name or folder of a model, shipped for the one of the package; empty is the promoted',
        live=True)
    device: str = _key(
        'auto', 'where the model runs; auto takes CUDA when it is there',
        choices=('auto', 'cpu', 'cuda'))
    threshold: float = _key(
        -1.0, 'confidence below which the robot asks back; -1 is what the model was calibrated to',
        low=-1.0, high=1.0, live=True)
    backbone: Backbone = field(default_factory=Backbone)


@dataclass(frozen=True)
class Robot:
    """The body that carries plans out."""

    body: str = _key(
        'go2', 'what moves: the Go2, the virtual Go2 on this machine, or cmd_vel',
        choices=('go2', 'virtual', 'twist'), custom=True)
    network_interface: str = _key(
        '', 'interface to the Go2, such as eth0; empty finds 192.168.123.x, virtual uses lo')
    dds_domain: int = _key(0, 'DDS domain of the Unitree side', low=0, high=232)
    acrobatics: bool = _key(
        False, 'allow flips, jumps, handstands after a spoken or pressed yes', live=True)
    obstacle_avoidance: str = _key(
        'keep', 'set the obstacle avoidance of the robot at start, or keep it as it is',
        choices=('keep', 'on', 'off'))
    cloud_actions: int = _key(
        3, 'how many actions a plan of the cloud may have without a yes', low=0, high=5,
        live=True)
    cloud_confidence: float = _key(
        0.6, 'how sure the cloud must be of a plan for it to run without a yes', low=0.0, high=1.0,
        live=True)
    confirm_timeout: float = _key(
        8.0, 'how long a question for a yes stays open', low=1.0, high=60.0, unit='s', live=True)


@dataclass(frozen=True)
class Recorder:
    """What is kept of what the graph says."""

    mode: str = _key(
        'off', 'record from the start (on), when the service record asks (ready), or never',
        choices=('off', 'ready', 'on'))
    folder: str = _key(
        '', 'where recordings go; empty is bags in the data folder, ~/.local/share/shadow_ros')
    audio: bool = _key(
        False, 'record the sound of utterances too, if speech.publish_audio lets it out')
    format: str = _key('mcap', 'storage of the bags', choices=('mcap', 'sqlite3'))
    split_seconds: float = _key(
        600.0, 'a new file begins after this time', low=1.0, high=86400.0, unit='s')
    split_megabytes: float = _key(
        64.0, 'a new file begins at this size', low=0.01, high=4000.0, unit='MB')
    quota_gigabytes: float = _key(
        2.0, 'what all recordings together may take', low=0.001, high=10000.0, unit='GB')
    when_full: str = _key(
        'oldest', 'at the quota the oldest files go, or the recording stops',
        choices=('oldest', 'stop'))


@dataclass(frozen=True)
class Config:
    """The whole tree; `Config()` is the defaults."""

    speech: Speech = field(default_factory=Speech)
    intent: Intent = field(default_factory=Intent)
    robot: Robot = field(default_factory=Robot)
    recorder: Recorder = field(default_factory=Recorder)

    @classmethod
    def load(cls, path: Optional[Path] = None, overrides: Iterable[str] = ()) -> 'Config':
        """Return the defaults changed by a ROS parameter file, then by `key=value` texts."""
        config = cls() if path is None else cls().changed(read_yaml(path))
        return config.changed(dict(parse_override(text) for text in overrides))

    def changed(self, values: Mapping[str, object]) -> 'Config':
        """Return this config with the dotted names set to checked values."""
        checked = {name: setting(name).check(value) for name, value in values.items()}
        return cast(Config, _build(Config, '', {**self.flat(), **checked}))

    def get(self, name: str) -> Value:
        """Return the value of a dotted name."""
        setting(name)
        value: Any = self
        for part in name.split('.'):
            value = getattr(value, part)
        return cast(Value, value)

    def nodes(self) -> tuple[str, ...]:
        """Return the names of the nodes that this configuration wants."""
        return tuple(node for node in NODES if node != 'recorder' or self.recorder.mode != 'off')

    def flat(self) -> dict[str, Value]:
        """Return every value by its dotted name."""
        return {name: self.get(name) for name in SETTINGS}


def _walk(cls: Any, prefix: str = '') -> Iterator[Setting]:
    for item in fields(cls):
        if is_dataclass(item.type):
            yield from _walk(item.type, f'{prefix}{item.name}.')
        else:
            yield Setting(f'{prefix}{item.name}', cast(Value, item.default), **item.metadata)


def _build(cls: Any, prefix: str, values: Mapping[str, Value]) -> Any:
    return cls(**{
        item.name: _build(item.type, f'{prefix}{item.name}.', values)
        if is_dataclass(item.type) else values[prefix + item.name] for item in fields(cls)})


SETTINGS: Mapping[str, Setting] = {item.name: item for item in _walk(Config)}


def setting(name: str) -> Setting:
    """Return the parameter of that dotted name, or raise ConfigError with the nearest one."""
    if name not in SETTINGS:
        same_end = [known for known in SETTINGS if known.split('.')[-1] == name.split('.')[-1]]
        near = f'; did you mean {same_end[0]}?' if same_end else did_you_mean(name[:60], SETTINGS)
        raise ConfigError(f'unknown parameter {shorten(name)}{near}')
    return SETTINGS[name]


def parse_override(text: str) -> tuple[str, Value]:
    """Return name and value of `robot.body=virtual`; ROS's `robot.body:=virtual` is one too."""
    name, sign, value = text.partition('=')
    name = name.removesuffix(':').strip()
    if not sign or not name:
        raise ConfigError(f'a parameter is set with name=value, got {shorten(text)}; '
                          'for example robot.body=virtual')
    return name, setting(name).parse(value)


def read_yaml(path: Path) -> dict[str, object]:
    """
    Return the dotted names and raw values of a ROS parameter file.

    Sections for every node (`/**`) come first, then those of single nodes (`intent`,
    `/shadow/intent`), as in ROS; sections of other packages' nodes are passed over.
    """
    import yaml
    try:
        data = yaml.safe_load(Path(path).read_text(encoding='utf-8'))
    except OSError as error:
        raise ConfigError(f'cannot read the configuration {path}: {error.strerror}; '
                          'give the path of a ROS parameter file') from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        reason = ' '.join(str(error).split())
        raise ConfigError(f'{path} is not YAML: {reason[:200]}; mend the file') from None
    sections = list(_sections(data, ''))
    if not sections:
        raise ConfigError(f'{path} must hold "/**:" with "ros__parameters:" below it, got '
                          f'{shorten(str(data))}; see config/go2_intent.yaml')
    values: dict[str, object] = {}
    for node, section in sorted(sections, key=lambda item: item[0] not in _EVERY_NODE):
        values.update(_section_values(node, section))
    return values


def _sections(data: object, path: str) -> Iterator[tuple[str, object]]:
    """Yield each node key with its parameters; namespaces may nest."""
    if not isinstance(data, Mapping):
        return
    for key, value in data.items():
        if key == 'ros__parameters':
            yield path, value
        else:
            name = str(key)
            yield from _sections(value, f'{path}/{name}' if path else name)


def _section_values(node: str, section: object) -> Iterator[tuple[str, object]]:
    """Yield the values of one section, or raise ConfigError when it is not what it looks like."""
    name = node.split('/')[-1]
    if node not in _EVERY_NODE and name not in NODES:
        near = did_you_mean(name[:40], NODES)
        if near.startswith('; did'):
            raise ConfigError(f'no node of shadow_ros is called {shorten(name)}{near}')
        return
    for key, value in _flatten(section, ''):
        if key.split('.')[0] in ROS_NAMES:
            continue
        group = setting(key).name.split('.')[0]
        if node not in _EVERY_NODE and group not in NODES[name]:
            owner = next(other for other, groups in NODES.items() if group in groups)
            raise ConfigError(f'{key} is read by the node {owner}, not by {name}; '
                              f'move it to "{owner}:" or to "/**:"')
        yield key, value


def _flatten(data: object, prefix: str) -> Iterator[tuple[str, object]]:
    if not isinstance(data, Mapping):
        if data is None and not prefix:
            return
        yield prefix.rstrip('.') or 'ros__parameters', data
        return
    for key, value in data.items():
        yield from _flatten(value, f'{prefix}{key}.')


def markdown_table() -> str:
    """Return the parameters in Markdown, as docs/parameters.md shows them."""
    lines = ['| parameter | default | may be | while running | meaning |', '|---|---|---|---|---|']
    for item in SETTINGS.values():
        default = str(item.default).lower() if item.kind is bool else str(item.default)
        lines.append(f'| `{item.name}` | {f"`{default}`" if default else ""} '
                     f'| {item.expected()} | {"yes" if item.live else "no"} | {item.text} |')
    return '\n'.join(lines) + '\n'


def parameters_page() -> str:
    """Return docs/parameters.md."""
    return _PAGE.replace('TABLE\n', markdown_table())


def example_yaml() -> str:
    """Return a parameter file with every parameter at its default, as config/ ships it."""
    import json
    lines = ['# Every parameter of shadow_ros at its default. Keep only the lines you change.',
             '/**:', '  ros__parameters:']
    groups: list[str] = []
    for item in SETTINGS.values():
        *path, key = item.name.split('.')
        for depth, group in enumerate(path):
            if groups[:depth + 1] != path[:depth + 1]:
                lines.append('  ' * (depth + 2) + f'{group}:')
        groups = path
        indent = '  ' * (len(path) + 2)
        lines += [f'{indent}# {item.text} ({item.expected()})',
                  f'{indent}{key}: {json.dumps(item.default)}']
    return '\n'.join(lines) + '\n'


if __name__ == '__main__':
    Path('config', 'go2_intent.yaml').write_text(example_yaml(), encoding='utf-8')
    Path('docs', 'parameters.md').write_text(parameters_page(), encoding='utf-8')
