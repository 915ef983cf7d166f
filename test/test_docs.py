"""The documents tell the truth: tables equal their sources, folders exist, examples run."""

import os
from pathlib import Path
import re
import shutil
import subprocess
import sys

import pytest

from shadow_ros.actions import markdown_table

ROOT = Path(__file__).resolve().parents[1]
DOCS = sorted((ROOT / 'docs').glob('*.md')) + [ROOT / 'README.md']
EXTENDING = (ROOT / 'docs/extending.md').read_text('utf-8')
BLOCK = re.compile(r'^(?:<!-- (\S+), before: ([^\n]+) -->\n)?```python\n(.*?)^```$', re.M | re.S)
TOP_FOLDERS = {'launch', 'config', 'models', 'benchmarks', 'docs', 'test', 'resource'}


def section(title: str) -> list[tuple[str, str, str]]:
    """Return the code blocks below a heading of extending.md: (file, anchor, code) each."""
    text = re.split(r'^## ', EXTENDING, flags=re.M)
    return BLOCK.findall(next(part for part in text if part.startswith(title)))


def play(blocks, folder: Path, package: Path = ROOT) -> None:
    """Run code blocks in a process of their own; one that names its file is written there."""
    program = []
    for _, _, code in blocks:
        name = re.match(r'# (\w+\.py)\n', code)
        if name:
            (folder / name[1]).write_text(code, 'utf-8')
        else:
            program.append(code)
    done = subprocess.run(
        [sys.executable, '-c', '\n'.join(program)], cwd=folder, capture_output=True, text=True,
        timeout=90, env={**os.environ, 'PYTHONPATH': f'{folder}:{package}'})
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize('title', ['A new body', 'A new recogniser'])
def test_example_runs(title, tmp_path):
    blocks = section(title)
    assert len(blocks) >= 2
    play(blocks, tmp_path)


def test_example_of_a_new_action_runs(tmp_path):
    """The lines go where the text puts them, in a copy of the package."""
    shutil.copytree(ROOT / 'shadow_ros', tmp_path / 'shadow_ros',
                    ignore=shutil.ignore_patterns('__pycache__', 'data'))
    blocks = section('A new action')
    for name, anchor, code in [block for block in blocks if block[0]]:
        path = tmp_path / name
        text = path.read_text('utf-8')
        assert text.count(anchor) == 1, f'{anchor!r} must stand once in {name}'
        path.write_text(text.replace(anchor, code + anchor), 'utf-8')
    play([block for block in blocks if not block[0]], tmp_path, tmp_path)


def test_action_table_is_the_real_one():
    text = (ROOT / 'docs/actions.md').read_text('utf-8')
    shown = re.search(r'<!-- actions.markdown_table\(\) -->\n(.*?)<!-- end -->', text, re.S)
    assert shown[1] == markdown_table(), 'copy markdown_table() into docs/actions.md'


def test_tables_of_the_results_are_those_measured():
    done = subprocess.run(
        [sys.executable, '-c', 'import make_results as m; t = m.PAGE.read_text("utf-8"); '
         'raise SystemExit("run benchmarks/make_results.py" if m.write(t) != t else 0)'],
        cwd=ROOT / 'benchmarks', capture_output=True, text=True, timeout=60,
        env={**os.environ, 'PYTHONPATH': str(ROOT)})
    assert done.returncode == 0, done.stderr


def test_architecture_names_every_room_and_no_other():
    text = (ROOT / 'docs/architecture.md').read_text('utf-8')
    shown = set(re.findall(r'^\| `shadow_ros/(\w+)(?:/|\.py)` \|', text, re.M))
    rooms = {path.name.removesuffix('.py') for path in (ROOT / 'shadow_ros').iterdir()
             if path.suffix == '.py' or any(path.rglob('*.py'))}
    assert shown == rooms - {'__init__'}


def test_architecture_names_every_top_folder():
    text = (ROOT / 'docs/architecture.md').read_text('utf-8')
    listed = subprocess.run(['git', 'ls-files'], cwd=ROOT, capture_output=True, text=True,
                            timeout=20).stdout.splitlines()
    folders = {line.split('/')[0] for line in listed if '/' in line and not line.startswith('.')}
    for folder in folders or TOP_FOLDERS:
        assert f'`{folder}/' in text, f'docs/architecture.md must say what is in {folder}/'


@pytest.mark.parametrize('page', DOCS, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r'\]\(([^)#\s]+)[^)]*\)', page.read_text('utf-8')):
        if '://' not in target:
            assert (page.parent / target).exists(), f'{page.name} links to {target}'
