"""The package as users install it: a wheel for pip, a workspace for colcon, all its Pythons."""

import ast
import importlib.metadata
import importlib.util
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
import sysconfig
import xml.etree.ElementTree as ElementTree
from zipfile import ZipFile

import pytest

import shadow_ros

ROOT = Path(__file__).resolve().parents[1]
NODES = ('action', 'gazebo_go2', 'intent', 'recorder', 'speech', 'virtual_go2')
PYTHONS = ('3.10', '3.11', '3.12', '3.13')
SHARED = ('launch', 'config', 'models', 'worlds', 'scenarios')

pytestmark = pytest.mark.timeout(300)


def run(*command, **options) -> str:
    """Return what a command prints; its failure is the test's, with all that it said."""
    environment = {**os.environ, 'PIP_NO_INDEX': '1', **options.pop('env', {})}
    done = subprocess.run([str(word) for word in command], env=environment, text=True,
                          capture_output=True, timeout=200, stdin=subprocess.DEVNULL, **options)
    assert done.returncode == 0, f'{command}\n{done.stdout}\n{done.stderr}'
    return done.stdout


def pythons() -> dict[str, str]:
    """Return the interpreters of this machine for which the package is made, one a version."""
    found = {f'{sys.version_info[0]}.{sys.version_info[1]}': sys.executable}
    beside = sorted(Path(sys.base_prefix).parent.glob('*/bin'), reverse=True)  # as pyenv has them
    folders = [Path(sys.base_prefix, 'bin'), *beside, Path('/usr/bin'), Path('/usr/local/bin')]
    for version in PYTHONS:
        for folder in folders:
            if version not in found and (folder / f'python{version}').exists():
                found[version] = str(folder / f'python{version}')
    return found


@pytest.fixture(scope='module')
def source(tmp_path_factory) -> Path:
    """Return a copy of the checkout without what tools have left in it."""
    folder = tmp_path_factory.mktemp('source') / 'shadow_ros'
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(
        '.*', '__pycache__', '*.egg-info', 'build', 'install', 'log', 'dist'))
    return folder


@pytest.fixture(scope='module')
def wheel(source, tmp_path_factory) -> Path:
    """Return the wheel that pip builds of it."""
    folder = tmp_path_factory.mktemp('wheel')
    run(sys.executable, '-m', 'pip', 'wheel', '--no-deps', '--no-build-isolation', '-w', folder,
        '.', cwd=source)
    return next(folder.glob('*.whl'))


@pytest.fixture(scope='module')
def installed(wheel, tmp_path_factory) -> Path:
    """Return a virtual environment with the wheel, and with this one's packages for the rest."""
    folder = tmp_path_factory.mktemp('installed')
    run(sys.executable, '-m', 'venv', '--without-pip', folder)
    run(sys.executable, '-m', 'pip', '--python', folder / 'bin/python', 'install', '--no-deps',
        wheel)
    # A line of a .pth file comes after the folder's own packages: shadow_ros is the wheel's.
    site = next(folder.glob('lib/python*/site-packages'))
    (site / 'rest.pth').write_text(sysconfig.get_path('purelib') + '\n')
    return folder


@pytest.fixture(scope='module')
def workspace(source, tmp_path_factory) -> Path:
    """Return a colcon workspace, built, with the package in it."""
    folder = tmp_path_factory.mktemp('workspace')
    shutil.copytree(source, folder / 'src/shadow_ros')
    colcon('build', cwd=folder)
    return folder


def colcon(*words, cwd: Path) -> str:
    """Run colcon of this Python's environment, its own notes kept in the workspace."""
    return run(Path(sys.executable).with_name('colcon'), *words, cwd=cwd,
               env={'COLCON_HOME': str(cwd / 'home'), 'PYTHONWARNINGS': 'ignore',
                    'PATH': f'{Path(sys.executable).parent}:{os.environ["PATH"]}'})


def shared_files(root: Path) -> list[str]:
    """Return the files that belong under share/shadow_ros."""
    return sorted(str(path.relative_to(root)) for folder in SHARED
                  for path in (root / folder).rglob('*') if path.is_file())


def test_tests_test_the_checkout():
    assert Path(shadow_ros.__file__).resolve().parent == ROOT / 'shadow_ros'


def test_one_version():
    manifest = ElementTree.parse(ROOT / 'package.xml').getroot()
    script = re.search(r"^VERSION = '(.+?)'", (ROOT / 'setup.py').read_text(), re.M)
    assert manifest.findtext('version') == script[1]
    assert manifest.findtext('name') == 'shadow_ros'
    assert manifest.findtext('license') == 'Apache-2.0'
    assert manifest.findtext('export/build_type') == 'ament_python'


def test_changelog_names_the_version_or_what_is_to_come():
    text = (ROOT / 'CHANGELOG.rst').read_text()
    version = ElementTree.parse(ROOT / 'package.xml').findtext('version')
    assert re.search(rf'^(Forthcoming|{re.escape(version)} .*)\n-+$', text, re.M)


def metadata(wheel: Path) -> list[str]:
    """Return the lines of the wheel's METADATA."""
    with ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith('.dist-info/METADATA'))
        return archive.read(name).decode().splitlines()


def requirements(wheel: Path) -> list[str]:
    """Return what the wheel asks for, extras and all."""
    return [line.split(': ', 1)[1] for line in metadata(wheel) if line.startswith('Requires-Dist')]


def test_base_install_is_light(wheel):
    base = {re.split(r'[^\w-]', line)[0].lower() for line in requirements(wheel)
            if 'extra ==' not in line}
    assert base == {'click', 'numpy', 'pyyaml'}


def test_extras(wheel):
    extras = {line.split(': ')[1] for line in metadata(wheel) if line.startswith('Provides-Extra')}
    assert extras == {
        'intent', 'ros', 'go2', 'speech', 'cloud', 'scale', 'bags', 'train', 'onnx', 'test', 'all'}


def test_ros_from_pip_is_for_x86_alone(wheel):
    for line in requirements(wheel):
        assert not line.startswith('ros-') or 'platform_machine == "x86_64"' in line
        assert not line.startswith('launch'), "PyPI's launch is another package"


def test_all_is_everything_for_users(wheel):
    def named(extra: str) -> set[str]:
        return {re.split(r'[^\w-]', line)[0] for line in requirements(wheel)
                if f'extra == "{extra}"' in line.replace("'", '"')}
    for extra in ('intent', 'ros', 'go2', 'speech', 'cloud', 'bags', 'train'):
        assert named(extra) <= named('all')
    assert named('intent') <= named('cloud') & named('train')
    assert 'pytest' in named('test'), 'colcon test looks for it'


def imported(folder: str) -> set[str]:
    """Return the top-level modules that the code of a folder imports from elsewhere."""
    own = {'shadow_ros', 'setup', 'benchmarks',
           *(path.stem for path in (ROOT / 'test').rglob('*.py'))}
    names = set()
    for path in (ROOT / folder).rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text('utf-8'))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split('.')[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split('.')[0])
    return names - own - set(sys.stdlib_module_names)


@pytest.mark.parametrize('folder', ['shadow_ros', 'launch', 'test'])
def test_every_import_is_asked_for(folder, wheel):
    """By an extra for pip or, for what only ROS has, by package.xml."""
    asked = {re.split(r'[^\w-]', line)[0].lower() for line in requirements(wheel)}
    manifest = ElementTree.parse(ROOT / 'package.xml')
    asked |= {element.text for element in manifest.iterfind('exec_depend')}
    brought_by = importlib.metadata.packages_distributions()
    for name in imported(folder):
        bringers = {name, *(bringer.lower() for bringer in brought_by.get(name, ()))}
        assert bringers & asked, f'{folder} imports {name}; name what brings it in setup.py'


def test_wheel_holds_the_whole_package(source, wheel):
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    data = next(name.split('/')[0] for name in names if '.data/' in name) + '/data/'
    for path in (source / 'shadow_ros').rglob('*'):
        assert path.is_dir() or str(path.relative_to(source)) in names
    for name in shared_files(source):
        assert f'{data}share/shadow_ros/{name}' in names
    assert f'{data}share/shadow_ros/package.xml' in names
    assert f'{data}share/shadow_ros/standing/dev_commands.jsonl' in names
    assert f'{data}share/ament_index/resource_index/packages/shadow_ros' in names
    assert not any(name.startswith(('test', 'docs', 'build')) for name in names)


def test_source_distribution_builds_the_same_wheel(source, wheel, tmp_path):
    run(sys.executable, 'setup.py', '-q', 'sdist', '-d', tmp_path, cwd=source)
    run(sys.executable, '-m', 'pip', 'wheel', '--no-deps', '--no-build-isolation', '-w', tmp_path,
        next(tmp_path.glob('*.tar.gz')))
    with ZipFile(wheel) as one, ZipFile(next(tmp_path.glob('*.whl'))) as other:
        assert sorted(one.namelist()) == sorted(other.namelist())


def test_pip_puts_the_command_on_path(installed, tmp_path):
    said = run(installed / 'bin/shadow-ros', '--version', cwd=tmp_path)
    assert ElementTree.parse(ROOT / 'package.xml').findtext('version') in said


@pytest.mark.parametrize('node', NODES)
def test_pip_puts_nodes_where_ros_looks(installed, node):
    starter = installed / 'lib/shadow_ros' / node
    assert os.access(starter, os.X_OK)
    compile(starter.read_text(), starter, 'exec')


def test_starter_takes_the_python_beside_it(installed, tmp_path):
    """Even where another Python is first on PATH, and from a folder that shadows the package."""
    (tmp_path / 'shadow_ros').mkdir()
    said = run(installed / 'lib/shadow_ros/virtual_go2', '--help', cwd=tmp_path,
               env={'PATH': '/usr/bin:/bin'})
    assert '--dds-domain' in said


def test_ament_finds_what_pip_installed(installed, tmp_path):
    code = ('from ament_index_python.packages import get_package_prefix as p\n'
            'from ament_index_python.packages import get_package_share_directory as s\n'
            'print(p("shadow_ros"), s("shadow_ros"))')
    said = run(sys.executable, '-c', code, cwd=tmp_path, env={'AMENT_PREFIX_PATH': str(installed)})
    assert said.split() == [str(installed), str(installed / 'share/shadow_ros')]


@pytest.mark.parametrize('version, python', pythons().items(), ids=pythons())
def test_core_runs_on(version, python, wheel, tmp_path):
    """Every file compiles, and what needs nothing but the standard library works."""
    with ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    run(python, '-I', '-m', 'compileall', '-q', tmp_path / 'shadow_ros')
    code = (f'import sys; sys.path.insert(0, {str(tmp_path)!r})\n'
            'from shadow_ros.records import PlanRecord\n'
            'print(PlanRecord.from_json("[move x = 2m] OK").plan)')
    assert run(python, '-I', '-c', code, cwd=tmp_path).strip() == '[MOVE x=2.0] OK'


def sourced(workspace: Path, line: str) -> str:
    """Return what a line prints in a shell that has sourced the workspace."""
    return run('bash', '-c', f'source {workspace}/install/setup.bash && {line}', cwd=workspace,
               env={'PATH': f'{Path(sys.executable).parent}:/usr/bin:/bin', 'COLCON_TRACE': ''})


def test_colcon_puts_the_command_on_path(workspace):
    version = ElementTree.parse(ROOT / 'package.xml').findtext('version')
    assert version in sourced(workspace, 'shadow-ros --version')
    where = sourced(workspace, 'python3 -c "import shadow_ros; print(shadow_ros.__file__)"')
    assert where.startswith(str(workspace / 'install'))


def test_colcon_puts_nodes_where_ros_looks(workspace):
    prefix = workspace / 'install/shadow_ros'
    for node in NODES:
        assert os.access(prefix / 'lib/shadow_ros' / node, os.X_OK)
    assert '--dds-domain' in sourced(workspace, f'{prefix}/lib/shadow_ros/virtual_go2 --help')
    assert str(prefix) in sourced(workspace, 'echo $AMENT_PREFIX_PATH')


def test_colcon_shares_all_files(source, workspace):
    share = workspace / 'install/shadow_ros/share/shadow_ros'
    assert shared_files(share) == shared_files(source)
    assert (share / 'package.xml').is_file()


def test_colcon_builds_with_links(source, tmp_path):
    """Developers use --symlink-install, whose build folder holds links and no README."""
    shutil.copytree(source, tmp_path / 'src/shadow_ros')
    colcon('build', '--symlink-install', cwd=tmp_path)
    code = tmp_path / 'src/shadow_ros/shadow_ros/__init__.py'
    where = sourced(tmp_path, 'python3 -c "import shadow_ros; print(shadow_ros.__file__)"')
    assert os.path.realpath(where.strip()) == str(code)
    share = tmp_path / 'install/shadow_ros/share/shadow_ros'
    assert shared_files(share) == shared_files(source)


def test_every_test_tool_is_there():
    for name in ('xdist', 'pytest_timeout', 'hypothesis', 'mypy', 'ruff', 'flake8'):
        assert importlib.util.find_spec(name), f"pip install '.[test]' brings {name}"
