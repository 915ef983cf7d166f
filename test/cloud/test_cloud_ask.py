"""`shadow-ros ask --backbone`: a real server gets what is beyond the edge, and nothing else."""

import json
from pathlib import Path
import sys

from by_heart import SQUARE
from click.testing import CliRunner
from faulty import Faulty, say
import pytest

from shadow_ros.cli import main


@pytest.fixture(scope='session')
def edge(tmp_path_factory) -> Path:
    """Return the folder of an edge model that calls what is beyond it REMOTE."""
    sys.path.insert(0, str(Path(__file__).parents[1] / 'nodes'))
    try:
        import tiny_model
    finally:
        sys.path.pop(0)
    pairs, tiny_model.PAIRS = tiny_model.PAIRS, [
        ('turn left', '[TURN yaw=90] Turning.'), ('walk in a square', '[REMOTE] Let me ask.'),
        ('again', '[REMOTE]'), ('坐下', '[SIT] 好的！')]
    try:
        return tiny_model.make(tmp_path_factory.mktemp('edge'))
    finally:
        tiny_model.PAIRS = pairs


def ask(edge, *args, stdin=None):
    result = CliRunner().invoke(main, ['ask', '--model', str(edge), *args], input=stdin)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()], result.stderr


def test_the_cloud_is_asked_what_is_beyond_the_edge(server, edge):
    lines = '\n'.join(json.dumps(line) for line in (
        {'text': 'turn left'}, {'text': 'walk in a square'}, {'text': 'stop'},
        {'text': 'again', 'history': [{'user': 'the show', 'plan': '[SIT][STAND][SIT][STAND]'}]}))
    answers, _ = ask(edge, '--backbone', server.url, stdin=lines)
    assert [a['by'] for a in answers] == ['edge', 'cloud', 'edge', 'cloud']
    assert [a['model'] for a in answers] == ['tiny', 'by heart', 'stop word', 'by heart']
    assert ''.join(f'[{a["name"]}' for a in answers[1]['actions']) == ''.join(
        '[' + tag.split()[0] for tag in SQUARE.strip('[]').split(']['))
    assert [action['name'] for action in answers[3]['actions']] == ['SIT', 'STAND'] * 2


def test_a_cloud_that_fails_is_told_and_the_edges_answer_stays(edge):
    bad = Faulty()
    bad.fault = say({}, '500 Internal Server Error')
    try:
        answers, told = ask(edge, '--backbone', bad.url, 'walk in a square', 'turn left')
    finally:
        bad.close()
    assert [(a['by'], a['route']) for a in answers] == [('edge', 'remote'), ('edge', 'edge')]
    assert 'the server answered 500' in told
