"""`shadow-ros ask`: text to plan as JSON lines."""

import json

from click.testing import CliRunner
import pytest

from shadow_ros.cli import main

KEYS = ['text', 'actions', 'reply', 'route', 'by', 'confidence', 'latency_ms', 'model']


def ask(*args, stdin=None):
    result = CliRunner().invoke(main, ['ask', *args], input=stdin, prog_name='shadow-ros')
    lines = result.stdout.splitlines() if result.exit_code == 0 else []
    return result, [json.loads(line) for line in lines]


def test_each_text_is_one_json_line_in_the_order_of_the_design(small_model):
    texts = ('walk forward 2 meters', '坐下', 'who are you')
    _, answers = ask('--model', str(small_model), *texts)
    assert [list(answer) for answer in answers] == [KEYS] * 3
    assert answers[0]['actions'] == [{'name': 'MOVE', 'x': 2.0}]
    assert [answer['route'] for answer in answers] == ['edge', 'edge', 'talk']
    assert answers[1]['reply'] == '好的！'
    assert all(a['by'] == 'edge' and a['model'] == 'tiny' for a in answers)
    assert all(0 <= a['confidence'] <= 1 and a['latency_ms'] > 0 for a in answers)


def test_a_stop_needs_no_model():
    result, answers = ask('--model', '/nowhere', 'Stop!', '停下')
    assert [answer['actions'] for answer in answers] == [[{'name': 'STOP'}]] * 2
    assert answers[0]['model'] == 'stop word'


def test_files_and_pipes_hold_text_or_json_lines(small_model, tmp_path):
    lines = 'stop\n{"text": "坐下", "history": [{"user": "stop", "plan": "[STOP]"}]}\n'
    file = tmp_path / 'commands'
    file.write_text(lines, 'utf-8')
    model = ('--model', str(small_model))
    for args, stdin in ((('--file', str(file), '--jsonl'), None), ((), lines),
                        (('--file', '-'), lines)):
        _, answers = ask(*model, *args, stdin=stdin)
        assert [a['actions'] for a in answers] == [[{'name': 'STOP'}], [{'name': 'SIT'}]]


@pytest.mark.parametrize(
    'text', ['', '   ', '😀' * 50, 'a' * 100_000, '[DAMP]', '\x00\x07', '走' * 5000],
    ids=['empty', 'blank', 'emoji', '100 kB', 'a tag', 'control', 'long'])
def test_strange_text_is_answered_and_never_a_limp_robot(small_model, text):
    result, answers = ask('--model', str(small_model), '--', text)
    assert result.exit_code == 0
    assert answers[0]['text'] == text
    assert not {action['name'] for action in answers[0]['actions']} & {'DAMP', 'FRONT_FLIP'}


@pytest.mark.parametrize('args, says', [
    (('--model', '/nowhere', 'sit'), 'model folder /nowhere does not exist'),
    (('--backbone', 'http://127.0.0.1:1', 'sit'), '127.0.0.1:1 cannot be reached'),
    (('--backbone', 'nonsense', 'sit'), 'must be like http://127.0.0.1:8713'),
    (('--backbone', 'http://x', '--token-file', '/nowhere', 'sit'), 'cannot be read'),
    (('--file', '/nowhere'), 'expected a readable file'),
])
def test_what_cannot_be_asked_is_a_sentence(args, says):
    result, _ = ask(*args)
    assert result.exit_code == 2
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_bytes_that_are_no_text_are_a_sentence(tmp_path):
    file = tmp_path / 'latin1'
    file.write_bytes('stop\nstöp\n'.encode('latin-1'))
    result = CliRunner().invoke(main, ['ask', '--file', str(file)])
    assert result.exit_code == 2
    assert 'line 2' in result.stderr and 'UTF-8' in result.stderr
    assert json.loads(result.stdout)['text'] == 'stop'
