"""The shipped model: floors on the development set, what must never move, what must be right."""

from pathlib import Path

import pytest

from shadow_ros.actions import TABLE_VERSION
from shadow_ros.intent.engine import EdgeEngine, find_shipped_model
from shadow_ros.intent.router import route
from shadow_ros.learning.data import read_examples
from shadow_ros.learning.evaluate import report
from shadow_ros.learning.history import history
from shadow_ros.learning.judge import acrobatic, judge, moves
from shadow_ros.learning.recipe import Recipe
from shadow_ros.learning.rounds import rounds
from shadow_ros.plan import parse

DEV = Path(__file__).parents[1] / 'data' / 'dev_commands.jsonl'
LARGEST = 16_000_000  # bytes of a shipped shadow
FLOOR = {'exact_en': 0.93, 'exact_zh': 0.93, 'remote_recall': 0.9, 'false_motion': 0.01}

DEMO = {
    'walk forward two meters': '[MOVE x=2.0]',
    'turn left ninety degrees': '[TURN yaw=90]',
    'sit down': '[SIT]',
    'stand up': '[STAND]',
    'go back one meter and sit': '[MOVE x=-1.0][SIT]',
    'stretch': '[STRETCH]',
    'dance for me': '[DANCE]',
    'step to the left a bit': '[MOVE y=0.3]',
    'do a front flip': '[FRONT_FLIP]',
    'stop': '[STOP]',
    'who are you': '',
    'what is the weather in Paris': '[REMOTE]',
    'come here': '[REMOTE]',
    'find my keys': '[REMOTE]',
    'walk in a big circle': '[REMOTE]',
    '先走两步再坐下': '[MOVE x=0.6][SIT]',
    '向前走两米': '[MOVE x=2.0]',
    '左转九十度': '[TURN yaw=90]',
    '趴下': '[LIE]',
    '打个招呼': '[HELLO]',
    '后空翻': '[BACK_FLIP]',
    '别动': '[STOP]',
    '你是谁': '',
}


@pytest.fixture(scope='module')
def engine():
    """Return the shipped model's engine."""
    return EdgeEngine.load(None, 'cpu')


@pytest.fixture(scope='module')
def results(engine):
    """Return the thoughts about the whole development set."""
    return judge(engine, read_examples(DEV))


@pytest.mark.parametrize('text', DEMO)
def test_what_the_demo_says_is_understood(engine, text):
    decision = route(engine.think(text), text, engine.card.threshold)
    assert decision.plan.actions == parse(DEMO[text]).actions


def test_the_scores_stay_above_their_floors(results):
    found = report(results)
    assert found['exact_en'] >= FLOOR['exact_en']
    assert found['exact_zh'] >= FLOOR['exact_zh']
    assert found['remote_recall'] >= FLOOR['remote_recall']
    assert found['false_motion'] <= FLOOR['false_motion']


def test_no_acrobatics_without_being_asked(results):
    assert [r.example.text for r in results
            if acrobatic(r.plan) and not moves(r.wanted)] == []


def test_the_model_folder_is_whole_and_small():
    folder = find_shipped_model()
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert size <= LARGEST
    assert {'config.json', 'model.safetensors', 'tokenizer.json', 'shadow_intent.json',
            'recipe.json', 'rounds.json', 'README.md'} <= {path.name for path in folder.iterdir()}


def test_the_readme_tells_how_the_weights_came_to_be():
    """Written anew by `shadow-ros evaluate MODEL --save`."""
    for folder in (path.parent for path in find_shipped_model().parent.glob('*/recipe.json')):
        text, made = (folder / 'README.md').read_text('utf-8'), rounds(folder)
        assert history(folder) in text and '## Scores' in text
        assert made[-1].recipe == Recipe.load(folder)
        assert made[0].recipe.start_from == '' and all(each.cpu_hours > 0 for each in made)


def test_the_card_belongs_to_this_version(engine):
    assert engine.card.table_version == TABLE_VERSION
    assert engine.card.scores['exact_en'] > 0.5
