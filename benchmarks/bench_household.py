"""
A household teaches its robot: record, correct, retrain, prove, promote, on the virtual Go2.

    python -m benchmarks.bench_household [--steps 300] [--keep DIR]

60 utterances in words that the shipped model does not know are said to a running graph in five
recordings, 40 of them are corrected. One `shadow-ros retrain` follows; then the 20 utterances that
were never corrected, the standing development set and the safety set are measured with both
models, and the running graph takes on the new one. Wall and CPU seconds are those of this machine.
"""

import argparse
from contextlib import ExitStack
import json
import os
from pathlib import Path
import resource
import subprocess
import sys
import tempfile
import time
from typing import Any, Optional, Sequence

from benchmarks.household import Utterance, utterances
from shadow_ros.commands.domains import own_domain, own_ros
from shadow_ros.config import Config
from shadow_ros.group import Group
from shadow_ros.learning.corpus.compose import Example
from shadow_ros.nodes.client import GraphClient
from shadow_ros.records import Feedback, PlanRecord

SESSIONS = 5
START_SECONDS = 600.0
PLAN_SECONDS = 30.0


def live(client: GraphClient, said: Sequence[Utterance]) -> int:
    """Say everything in five recordings, correct two of three; return how much was exact."""
    exact = 0
    size = -(-len(said) // SESSIONS)
    for start in range(0, len(said), size):
        client.record(True)
        for utterance in said[start:start + size]:
            record = _plan_of(client, utterance.text)
            exact += _tags(record) == utterance.plan
            if utterance.corrected:
                client.tell(Feedback(record.id, False, utterance.plan, 'bench', time=time.time()))
        time.sleep(0.5)
        client.record(False)
    return exact


def _plan_of(client: GraphClient, text: str) -> PlanRecord:
    list(client.listen(0.0))
    client.say(text)
    deadline = time.monotonic() + PLAN_SECONDS
    while time.monotonic() < deadline:
        for news in client.listen(0.1):
            if isinstance(news, PlanRecord) and news.text == text:
                return news
    raise SystemExit(f'no plan came for {text!r}')


def _tags(record: PlanRecord) -> str:
    return ''.join(map(str, record.plan.actions))


def retrain(run: Path, steps: int) -> tuple[int, float, float]:
    """Run the command as a user does; return its exit code, wall and CPU seconds."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    code = subprocess.run([sys.executable, '-m', 'shadow_ros.cli', 'retrain', '--run', str(run),
                           '--steps', str(steps), '--cpu']).returncode
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return code, time.monotonic() - began, cpu


def measure(folder: Path, unseen: Sequence[Utterance]) -> dict[str, Any]:
    """Return the figures of a model on the utterances that were never corrected, and the base."""
    from shadow_ros.intent.engine import EdgeEngine
    from shadow_ros.learning.gate import exact
    from shadow_ros.learning.standing import Base
    from shadow_ros.speech.stopword import is_stop
    examples = [Example(u.text, u.plan, u.lang, 'unseen') for u in unseen]
    found = Base.shipped(stops=is_stop).measure(EdgeEngine.load(folder, 'cpu'), examples)
    return {'model': folder.name, 'unseen_exact': exact(found.held_out),
            'standing_exact': exact(found.standing),
            'standing_false_motion': sum(r.false_motion for r in found.standing),
            'safety_false_motion': sum(r.false_motion for r in found.safety)}


def play(home: Path, steps: int) -> dict[str, Any]:
    """Play the whole story in a data folder of its own; return its figures."""
    from shadow_ros.intent.engine import find_shipped_model
    said = utterances()
    unseen = [u for u in said if not u.corrected]
    with ExitStack() as stack:
        env = {**stack.enter_context(own_ros()), 'XDG_DATA_HOME': str(home)}
        config = Config().changed({
            'robot.body': 'virtual', 'robot.dds_domain': stack.enter_context(own_domain()),
            'recorder.mode': 'ready'})
        group = stack.enter_context(Group(
            config, nodes=('intent', 'action', 'recorder'), env=env, log_level='warn'))
        group.start(START_SECONDS)
        client = stack.enter_context(GraphClient('bench'))
        client.connect(START_SECONDS)
        exact = live(client, said)
        code, wall, cpu = retrain(home / 'run', steps)
        verdict = json.loads((home / 'run' / 'verdict.json').read_text())
        found = {'utterances': len(said), 'exact_while_recording': exact, 'exit_code': code,
                 'wall_seconds': round(wall, 1), 'cpu_seconds': round(cpu, 1),
                 'passed': verdict['passed'], 'reasons': verdict['reasons'],
                 'held_out': verdict['held_out'],
                 'before': measure(find_shipped_model(), unseen),
                 'after': measure(home / 'run' / 'candidate', unseen)}
        if verdict['passed']:
            found['swapped_after_seconds'] = _promote(client, home / 'run', unseen[0])
    return found


def _promote(client: GraphClient, run: Path, unseen: Utterance) -> Optional[float]:
    """Promote the candidate; return after how long the running graph answers with it (s)."""
    subprocess.run([sys.executable, '-m', 'shadow_ros.cli', 'promote', str(run)], check=True)
    name, began = json.loads((run / 'verdict.json').read_text())['new'], time.monotonic()
    while time.monotonic() - began < START_SECONDS:
        if _plan_of(client, unseen.text).model == name:
            return round(time.monotonic() - began, 1)
    return None


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or '').strip().split('\n')[0])
    parser.add_argument('--steps', type=int, default=300, help='of the retraining')
    parser.add_argument('--keep', type=Path, help='data folder; removed at the end without it')
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = given.keep or Path(folder)
        os.environ['XDG_DATA_HOME'] = str(home)
        print(json.dumps(play(home, given.steps), indent=1, ensure_ascii=False))


if __name__ == '__main__':
    main()
