"""Checks of the model: that there is one, that it fits this version, and that it thinks."""

from typing import Iterator

from shadow_ros.commands.checks.check import Check, FAIL, OK, probe, Setup
from shadow_ros.errors import ModelError

_THINK = """
import json, sys
from shadow_ros.errors import ShadowRosError
from shadow_ros.intent.engine import EdgeEngine
try:
    engine = EdgeEngine.load(sys.argv[1])
except ShadowRosError as error:
    sys.exit(str(error))
thoughts = [engine.think('walk forward two meters') for _ in range(5)]
print(json.dumps({'plan': str(thoughts[-1].plan),
                  'ms': sorted(thought.timing_ms['total'] for thought in thoughts)[2]}))
"""


def check(setup: Setup) -> Iterator[Check]:
    """Yield the model that would be used, and how fast it is here."""
    from shadow_ros.intent.card import IntentCard
    from shadow_ros.intent.engine import find_shipped_model
    from shadow_ros.intent.library import Library
    try:
        folder = Library().folder(setup.model) or find_shipped_model()
        card = IntentCard.load(folder)
    except ModelError as error:
        yield Check('model', FAIL, str(error), 'give a model folder: --model DIR')
        return
    told = ', '.join(f'{name} {value:.3g}' for name, value in card.scores.items())
    yield Check('model', OK, f'{card.name} ({", ".join(card.languages)}) in {folder}'
                f'{": " + told if told else ""}')
    data, problem = probe(_THINK, str(folder), timeout=120.0)
    if problem:
        yield Check('thinking', FAIL, problem, "pip install 'shadow_ros[intent]'")
        return
    yield Check('thinking', OK, f'“walk forward two meters” is {data["plan"]}, '
                f'{data["ms"]:.0f} ms')
