"""How lines look."""

import click
import pytest

from shadow_ros.commands.style import one_line, pad, part_line


@pytest.mark.parametrize('text, width, padded', [
    ('sit', 5, 'sit  '), ('坐下', 5, '坐下 '), ('sit down', 5, 'sit …'), ('坐下坐下', 5, '坐下…'),
    ('坐下坐下', 6, '坐下… '), ('', 2, '  '),
])
def test_columns_are_filled_also_by_chinese(text, width, padded):
    assert pad(text, width) == padded


def test_a_log_line_keeps_what_matters():
    plain = click.unstyle(part_line('speech', '[ERROR] [1795326504.59] [shadow.speech]: no sound'))
    assert plain == 'speech │ no sound'
    assert click.unstyle(part_line('dog', 'a [b] c')) == '   dog │ a [b] c'


def test_one_line_is_one_line():
    assert one_line('a\nb\x1b[31m') == 'a b [31m'
    assert one_line('走' * 100_000) == '走' * 200 + '…'
