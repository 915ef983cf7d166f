"""
A household teaches its robot: record, correct, retrain, prove, promote, on the virtual Go2.

    python -m benchmarks.bench_household [--words plonk] [--keep DIR] [--seed 1 2 3]

60 utterances in words that the shipped model does not know are said to a running graph in five
recordings, 40 of them are corrected. One `shadow-ros retrain` a seed follows; then the 20
utterances that were never corrected, talk that holds the same words, the standing development set
and the safety set are measured with both models. The first candidate that passed the gate is
promoted under a running graph, where a taught phrase must now move the dog, and rolled back.
Recordings that DIR has are used again. Wall and CPU seconds are those of this machine.
"""

import argparse
from contextlib import contextmanager, ExitStack
import json
import os
from pathlib import Path
import resource
import subprocess
import sys
import tempfile
import time
from typing import Any, Iterator, Optional, Sequence

from benchmarks.household import HOUSEHOLDS, Utterance, utterances
from shadow_ros.commands.domains import own_domain, own_ros
from shadow_ros.config import Config
from shadow_ros.group import Group
from shadow_ros.nodes.client import GraphClient
from shadow_ros.places import bags_folder
from shadow_ros.records import Event, Feedback, PlanRecord

SESSIONS = 5
START_SECONDS = 600.0
PLAN_SECONDS = 30.0
_CLI = (sys.executable, '-m', 'shadow_ros.cli')


@contextmanager
def graph(home: Path) -> Iterator[GraphClient]:
    """Yield a client of a running graph with the virtual Go2 and a data folder of its own."""
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
        yield client


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


def retrain(run: Path, seed: int, steps: Optional[int]) -> tuple[int, float, float]:
    """Run the command as a user does; return its exit code, wall and CPU seconds."""
    more = ['--steps', str(steps)] if steps else []
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    code = subprocess.run([*_CLI, 'retrain', '--run', str(run), '--seed', str(seed), '--cpu',
                           *more], stdout=sys.stderr).returncode
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return code, time.monotonic() - began, cpu


def unseen_of(folder: Path, name: str) -> dict[str, Any]:
    """Return what a model makes of the utterances that were never corrected, and of talk."""
    from shadow_ros.intent.engine import EdgeEngine
    from shadow_ros.learning.corpus.compose import Example
    from shadow_ros.learning.gate import exact
    from shadow_ros.learning.judge import judge
    engine, talk = EdgeEngine.load(folder, 'cpu'), HOUSEHOLDS[name].talk
    found = judge(engine, [Example(u.text, u.plan, u.lang, 'unseen')
                           for u in utterances(name) if not u.corrected])
    moved = [r for r in judge(engine, [Example(text, '', 'en', 'talk') for text in talk])
             if r.false_motion]
    return {'unseen_exact': exact(found),
            'unseen_wrong': [(r.example.text, str(r.thought.plan),
                              round(r.thought.confidence, 3)) for r in found if not r.exact],
            'talk': len(talk), 'talk_moved': [(r.example.text, str(r.plan)) for r in moved]}


def learn(run: Path, name: str, seed: int, steps: Optional[int]) -> dict[str, Any]:
    """Retrain once; return what it cost, the gate's verdict and the candidate's figures."""
    code, wall, cpu = retrain(run, seed, steps)
    if not (run / 'verdict.json').is_file():
        raise SystemExit(f'the retraining in {run} failed with exit code {code}')
    verdict = json.loads((run / 'verdict.json').read_text(encoding='utf-8'))
    return {'seed': seed, 'wall_seconds': round(wall, 1), 'cpu_seconds': round(cpu, 1),
            **{key: verdict[key] for key in ('passed', 'reasons', 'held_out', 'standing',
                                             'false_motion')},
            **unseen_of(run / 'candidate', name)}


def adopt(home: Path, run: Path, taught: Sequence[Utterance]) -> dict[str, Any]:
    """Promote a candidate under a running graph and roll it back; return what the dog does."""
    new = json.loads((run / 'verdict.json').read_text(encoding='utf-8'))['new']
    with graph(home) as client:
        phrase, before = next((u, told) for u, told in (
            (u, _done(client, u.text)) for u in taught) if told[1] != u.plan)
        subprocess.run([*_CLI, 'promote', str(run)], check=True, stdout=sys.stderr)
        seconds = _until(client, phrase.text, lambda model: model == new)
        after = _done(client, phrase.text)
        subprocess.run([*_CLI, 'models', 'rollback'], check=True, stdout=sys.stderr)
        back = _until(client, phrase.text, lambda model: model == before[0])
        return {'said': phrase.text, 'before': before, 'promoted': after,
                'rolled_back': _done(client, phrase.text),
                'swapped_after_seconds': [seconds, back]}


def _until(client: GraphClient, text: str, works: Any) -> float:
    """Return after how long the running graph answers with the model that is wanted (s)."""
    began = time.monotonic()
    while not works(_plan_of(client, text).model):
        if time.monotonic() - began > START_SECONDS:
            raise SystemExit(f'the graph has not taken on the model in {START_SECONDS:g} s')
    return round(time.monotonic() - began, 1)


def _done(client: GraphClient, text: str) -> tuple[str, str, str]:
    """Say it; return the model that answered, its plan and how that ended on the dog."""
    record = _plan_of(client, text)
    deadline = time.monotonic() + PLAN_SECONDS
    while time.monotonic() < deadline:
        for news in client.listen(0.1):
            if isinstance(news, Event) and news.plan_id == record.id and news.ends_plan:
                return record.model, _tags(record), news.kind
    return record.model, _tags(record), 'nothing'


def play(home: Path, name: str, seeds: Sequence[int], steps: Optional[int]) -> dict[str, Any]:
    """Play the whole story in a data folder of its own; return its figures."""
    from shadow_ros.intent.engine import find_shipped_model
    said = utterances(name)
    if not bags_folder().is_dir():
        with graph(home) as client:
            live(client, said)
    runs = [home / f'run{seed}' for seed in seeds]
    found = {'words': name, 'utterances': len(said),
             'before': unseen_of(find_shipped_model(), name),
             'after': [learn(run, name, seed, steps) for run, seed in zip(runs, seeds)]}
    passed = [run for run, made in zip(runs, found['after']) if made['passed']]
    if passed:
        found['adopted'] = adopt(home, passed[0], [u for u in said if u.corrected])
    return found


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or '').strip().split('\n')[0])
    parser.add_argument('--words', choices=HOUSEHOLDS, default='plonk', help='whose words')
    parser.add_argument('--seed', type=int, nargs='+', default=[1], help='of each retraining')
    parser.add_argument('--steps', type=int, help='of a retraining, other than the default')
    parser.add_argument('--keep', type=Path, help='data folder; removed at the end without it')
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = (given.keep or Path(folder)).resolve()
        os.environ['XDG_DATA_HOME'] = str(home)
        print(json.dumps(play(home, given.words, given.seed, given.steps), indent=1,
                         ensure_ascii=False))


if __name__ == '__main__':
    main()
