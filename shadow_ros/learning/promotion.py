"""
Promotion: a candidate that has passed the gate becomes the model that works.

    name = promote_run(run, library)          # a finished retraining
    name = promote_folder(folder, library)    # any model: it may not be worse than the current one

Both raise ModelError with the figures when the gate refuses.
"""

import json
from pathlib import Path
from typing import Any, Callable, Optional

from shadow_ros.errors import ModelError
from shadow_ros.intent.engine import EdgeEngine, find_shipped_model
from shadow_ros.intent.library import Library
from shadow_ros.intent.self_test import self_test
from shadow_ros.learning.candidate import CANDIDATE, fingerprint
from shadow_ros.learning.gate import judge_pair
from shadow_ros.learning.outcome import VERDICT
from shadow_ros.learning.standing import Base

Tell = Callable[[str], None]


def current_folder(library: Library) -> Path:
    """Return the folder of the model that works now."""
    return library.current or find_shipped_model()


def is_run(folder: Path) -> bool:
    """Return whether a folder is that of a retraining."""
    return (folder / CANDIDATE).is_dir()


def promote_run(run: Path, library: Library) -> str:
    """Make the candidate of a retraining the current model; return its name."""
    candidate = run / CANDIDATE
    verdict = _verdict(run)
    if not verdict['passed']:
        raise ModelError(f'{verdict["new"]} does not pass the gate: '
                         f'{"; ".join(verdict["reasons"])}')
    if fingerprint(candidate) != verdict['candidate_sha256']:
        raise ModelError(f'the weights in {candidate} are not those that were measured; run '
                         'shadow-ros retrain again')
    if fingerprint(current_folder(library)) != verdict['parent_sha256']:
        raise ModelError(f'{verdict["new"]} was measured against {verdict["old"]}, but another '
                         'model works now; retrain from that one, or roll back first')
    self_test(EdgeEngine.load(candidate, 'cpu'), candidate)
    return library.promote(candidate, f'retrained: held-out lessons '
                           f'{verdict["held_out"]["before"]:.1%} to '
                           f'{verdict["held_out"]["after"]:.1%}')


def promote_folder(folder: Path, library: Library, base: Optional[Base] = None,
                   tell: Tell = lambda line: None) -> str:
    """Make any model current that is no worse than the one that works; return its name."""
    engine = EdgeEngine.load(folder, 'cpu')
    self_test(engine, folder)
    base = base or Base.shipped()
    tell(f'measuring {engine.card.name}')
    new = base.measure(engine)
    tell('measuring the current model')
    old = base.measure(EdgeEngine.load(current_folder(library), 'cpu'))
    verdict = judge_pair(old, new, proof=False)
    if not verdict.passed:
        raise ModelError(f'{engine.card.name} does not pass the gate: '
                         f'{"; ".join(verdict.reasons)}')
    found = verdict.figures['standing']
    return library.promote(folder, f'measured: standing set {found["before"]:.1%} to '
                           f'{found["after"]:.1%}')


def _verdict(run: Path) -> dict[str, Any]:
    """Return the verdict of a run, or raise ModelError where it is not finished."""
    try:
        data = json.loads((run / VERDICT).read_text(encoding='utf-8'))
    except (OSError, ValueError):
        raise ModelError(f'{run} holds no finished retraining; run the same shadow-ros retrain '
                         'again to finish it') from None
    assert isinstance(data, dict)
    return data
