"""Build shadow_ros for pip (`pip install .`) and for colcon (`colcon build`)."""

from pathlib import Path
import sys

from setuptools import find_packages, setup

NAME = 'shadow_ros'
VERSION = '0.1.0'  # package.xml bears the same; a test keeps them equal

BASE = [  # no newer than what Ubuntu 22.04 has, for colcon
    'click>=8.0',  # the shadow-ros command line
    'numpy>=1.21',  # sound and kinematics as arrays
    'pyyaml>=5.4',  # configuration files
]
INTENT = [
    'cn2an>=0.5.22',  # Chinese number words to digits
    'huggingface_hub>=0.30',  # models by their hub id
    'llguidance>=1.0',  # only valid plans can be decoded
    'safetensors>=0.4.3',  # weights without pickle
    'text2num>=2.5',  # English number words to digits
    'tokenizers>=0.20',  # the tokenizer of a model folder
    'torch>=2.4',  # the edge model
    'transformers>=5.0',  # backbones and their caches
]
X86 = '; platform_machine == "x86_64"'  # elsewhere ROS comes from apt (docs/jetson.md)
ROS = [
    'ros-diagnostic-msgs' + X86,  # /diagnostics
    'ros-geometry-msgs' + X86,  # cmd_vel
    'ros-lifecycle-msgs' + X86,  # the nodes are lifecycle nodes
    'ros-nav-msgs' + X86,  # odom
    'ros-rcl-interfaces' + X86,  # descriptions of parameters
    'ros-rclpy[fastrtps]' + X86,  # the ROS client library with a middleware
    'ros-std-msgs' + X86,  # transcript, plan, event and the other topics
    'ros-std-srvs' + X86,  # stop, resume, confirm
]
GO2 = [
    'cyclonedds>=0.10.2',  # DDS as the Go2 speaks it
    'unitree-sdk2py-dimos>=1.0.3',  # Unitree's SDK with wheels for its dependencies
]
WHISPER = 'openai-whisper>=20250625'  # the better recogniser; also the one for Chinese
WHISPER_NEEDS = [  # what it asks for, less triton (1 GB, only for word times on CUDA)
    'more-itertools',
    'numba>=0.61',  # the first for Python 3.13
    'tiktoken',
    'torch>=2.4',
    'tqdm',
]
SOUND = [
    'moonshine-voice>=0.0.69,<=0.1.0',  # the recogniser's weights, which later wheels lack
    'onnxruntime>=1.18',  # runs the voice activity model and the recogniser without torch
    'pocketsphinx>=5.0.4',  # the language model; a smaller recogniser, its model inside the wheel
    'silero-vad>=5.1',  # voice activity
    'sounddevice>=0.4.6',  # the microphone (needs libportaudio2 from apt)
    'soundfile>=0.12',  # WAV and FLAC files
    'soxr>=0.3.7',  # any sample rate to 16 kHz
]
SPEECH = SOUND + [WHISPER]
CLOUD = INTENT + [  # the backbone's server runs the same kind of model
    'cryptography>=41',  # a certificate of the server's own
    'fastapi>=0.115',  # the server's doors and their description
    'httpx2>=2.0',  # the robot's client
    'prometheus_client>=0.20',  # /metrics
    'pydantic>=2.7',  # what travels is checked on both sides
    'starlette>=0.40',  # what fastapi is made of
    'uvicorn>=0.30',  # runs the server
]
BAGS = [
    'backports.zstd>=1.0',  # parts of damaged chunks
    'lz4>=4.0',  # bags of others may be compressed with it
    'rosbags>=0.11',  # recordings without ROS's own tools
]
TRAIN = INTENT + BAGS + [
    'accelerate>=1.0',  # one training loop for CPU, GPU and several of them
    'matplotlib>=3.7',  # learning curves, reports, and the picture of a demo
    'peft>=0.21',  # LoRA and DoRA, for comparison
    'pillow>=9.0',  # moving pictures of the dog
    'tqdm',  # progress bars
]
ONNX = INTENT + [
    'onnx>=1.17',  # shadow-ros export --form onnx
    'onnxscript>=0.5',  # what torch writes ONNX with
]
TEST = INTENT + CLOUD + ROS + GO2 + SOUND + WHISPER_NEEDS + TRAIN + ONNX + [
    'colcon-common-extensions',  # the colcon half of test_packaging
    'flake8>=6.0',  # what flake8-import-order plugs into
    'flake8-import-order>=0.19',  # ament's order of imports
    'hypothesis>=6.80',  # properties of plans, records and the guard
    'mcap>=1.2',  # another reader of what is recorded
    'jsonschema_rs>=0.29',  # the schema of the action table must be one
    'mypy>=1.10',  # types are a test
    'openai>=1.60',  # a client of others that the server must please
    'psutil>=5.9',  # which processes a test left behind
    'pytest>=7.4',  # colcon test looks for it here, too
    'pytest-timeout>=2.1',  # no test hangs
    'pytest-xdist>=3.3',  # two cores, two workers
    'ruff>=0.6',  # style is a test
    'schemathesis>=4.0; python_version >= "3.11"',  # fuzzes the server against its description
    'setuptools>=65',  # builds the wheel that test_packaging installs
    'shadow-peft>=0.1.1',  # what ShadowPEFT here must agree with
    'wheel>=0.40',  # what setuptools before 70.1 needs for that
]
SCALE = CLOUD + ['ray[serve]>=2.40']  # replicas of the server on many machines; 500 MB
EXTRAS = {
    'intent': INTENT, 'ros': ROS, 'go2': GO2, 'speech': SPEECH, 'cloud': CLOUD, 'bags': BAGS,
    'scale': SCALE, 'train': TRAIN, 'onnx': ONNX, 'test': TEST,
    'all': INTENT + ROS + GO2 + SPEECH + CLOUD + TRAIN,
}

NODES = {
    'speech': 'shadow_ros.nodes.speech',
    'intent': 'shadow_ros.nodes.intent',
    'action': 'shadow_ros.nodes.action',
    'recorder': 'shadow_ros.nodes.recorder',
    'virtual_go2': 'shadow_ros.robot.virtual.program',
    'gazebo_go2': 'shadow_ros.nodes.gazebo_go2',
}
CLI = {'shadow-ros': 'shadow_ros.cli'}

# pip puts console scripts into bin/, where `ros2 run` does not look; colcon puts them into
# lib/shadow_ros (setup.cfg), which is not on PATH. So each gets wrappers for the other's place,
# read first by the shell and then by the Python of the same prefix, or else the one on PATH.
PIP = bool({'bdist_wheel', 'dist_info', 'editable_wheel'} & set(sys.argv))
WRAPPER = """\
#!/bin/sh
''':'
python=$(dirname "$0")/{up}/bin/python3
[ -x "$python" ] || python=python3
exec "$python" "$0" "$@"
'''
import sys

from {module} import main

sys.exit(main())
"""


def wrappers(scripts, up):
    """Return the paths of freshly written starters; `up` leads from them to the prefix."""
    folder = Path('build', 'wrappers')
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, module in scripts.items():
        path = folder / name
        path.write_text(WRAPPER.format(up=up, module=module))
        path.chmod(0o755)
        paths.append(str(path))
    return paths


def share(*folders):
    """Return data_files for every file under the folders that exist."""
    found = []
    for folder in folders:
        for parent in [Path(folder), *sorted(Path(folder).rglob('*/'))]:
            files = sorted(str(f) for f in parent.glob('*') if f.is_file() and shipped(f))
            if files:
                found.append((f'share/{NAME}/{parent}', files))
    return found


def shipped(path):
    """Return whether a file is part of the package: no caches, no hidden files."""
    return not any(part.startswith(('.', '__pycache__')) for part in path.parts)


def package_data():
    """Return the files beside the code that are not code: phrases, tables, pages."""
    root = Path(NAME)
    return [str(f.relative_to(root)) for f in sorted(root.rglob('*'))
            if f.is_file() and f.suffix not in ('.py', '.pyc') and shipped(f)]


def data_files():
    """Return what goes under the prefix: ament's marker, the share folder, the wrappers."""
    starters = (f'lib/{NAME}', wrappers(NODES, '../..')) if PIP else ('bin', wrappers(CLI, '..'))
    return [
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        (f'share/{NAME}', ['package.xml']),
        (f'share/{NAME}/standing', ['test/data/dev_commands.jsonl']),  # judges a retraining
        *share('launch', 'config', 'models', 'worlds', 'scenarios'),
        starters,
    ]


setup(
    name=NAME,
    version=VERSION,
    description='Say it, and the dog does it: spoken and typed commands for the Unitree Go2, '
                'on board and offline.',
    long_description=Path(__file__).resolve().with_name('README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    author='The shadow_ros maintainers',
    maintainer='The shadow_ros maintainers',
    maintainer_email='maintainers@shadow-ros.example',
    license='Apache-2.0',
    keywords=['ROS', 'ROS 2', 'Unitree Go2', 'speech', 'voice control', 'language model'],
    classifiers=[
        'Intended Audience :: Developers',
        'Operating System :: POSIX :: Linux',
        'Programming Language :: Python :: 3.10',
        'Programming Language :: Python :: 3.11',
        'Programming Language :: Python :: 3.12',
        'Programming Language :: Python :: 3.13',
        'Topic :: Scientific/Engineering :: Human Machine Interfaces',
    ],
    python_requires='>=3.10',
    packages=find_packages(include=[NAME, f'{NAME}.*']),
    package_data={NAME: package_data()},
    data_files=data_files(),
    zip_safe=False,
    install_requires=BASE,
    extras_require=EXTRAS,
    entry_points={'console_scripts': [
        f'{name} = {module}:main' for name, module in (CLI if PIP else {**CLI, **NODES}).items()]},
)
