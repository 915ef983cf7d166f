"""The code of docs/shadow.md runs as it stands."""

from pathlib import Path
import re

from test_shadow_model import base, tokens

from shadow_ros.shadow.projected import ProjectedShadow

PAGE = Path(__file__).resolve().parents[2] / 'docs/shadow.md'


def test_the_examples_run(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    base('llama').save_pretrained('backbone')
    blocks = re.findall(r'^```python\n(.*?)^```$', PAGE.read_text('utf-8'), re.M | re.S)
    names = {'ids': tokens(1, 6).clamp(min=1)}
    for block in blocks:
        exec(block, names)
    assert len(blocks) == 5 and ProjectedShadow.load('edge').config.vocab_size == 61
    assert names['attached'].length == names['runtime'].length == 3
