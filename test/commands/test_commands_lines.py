"""Commands from files and pipes: text lines, JSON lines, and all that is neither."""

import pytest

from shadow_ros.commands.lines import from_bytes, from_file, Question
from shadow_ros.errors import ConfigError


def read(data):
    return list(from_bytes(data, 'F'))


@pytest.mark.parametrize('data, questions', [
    (b'', []),
    (b'\n  \n', []),
    (b'sit\r\nstand up\n', [Question('sit'), Question('stand up')]),
    ('\ufeff坐下\n😀'.encode(), [Question('坐下'), Question('😀')]),
    (b'{"text": "sit"}\nsit', [Question('sit'), Question('sit')]),
    (b'{"text": ""}', [Question('')]),
    (b'{"text": "more", "history": [{"user": "walk", "plan": "[MOVE x=1.0]"}], "id": 7}',
     [Question('more', (('walk', '[MOVE x=1.0]'),))]),
], ids=['empty', 'blank', 'text', 'BOM, Chinese, emoji', 'both', 'empty text', 'history'])
def test_questions_of_a_file(data, questions):
    assert read(data) == questions


@pytest.mark.parametrize('data, says', [
    (b'sit\n\xff\xfe', ['line 2 of F', 'UTF-8', '0xff', 'column 1']),
    (b'{"text": "sit"', ['line 1 of F', 'is not']),
    (b'{"txt": "sit"}', ['needs "text"']),
    (b'{"text": 5}', ['needs "text"']),
    (b'{"text": "a", "history": "b"}', ['a list as history']),
    (b'{"text": "a", "history": [{"user": "b"}]}', ['user and plan']),
    (b'{' * 100_000, ['line 1 of F']),
], ids=['bytes', 'half', 'no text', 'number', 'history is text', 'half a turn', 'deep'])
def test_what_is_no_question_names_its_line(data, says):
    with pytest.raises(ConfigError) as caught:
        read(data)
    for part in says:
        assert part in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path):
    for path in (tmp_path, tmp_path / 'none'):
        with pytest.raises(ConfigError, match='expected a readable file'):
            list(from_file(path))
