"""The outcome of many runs: JUnit XML for machines; times are simulated, so it never varies."""

from pathlib import Path
from typing import Sequence
from xml.etree import ElementTree

from shadow_ros.simulation.play import Run, Verdict


def sentence(verdict: Verdict) -> str:
    """Return a failed claim as people read it: `step 2: posture sit, but it ends in ...`."""
    place = f'step {verdict.step}: ' if verdict.step else ''
    wanted = f'{verdict.claim} {verdict.value}'.strip()
    return f'{place}{wanted}, but {verdict.complaint}'


def junit(runs: Sequence[Run], suite: str = 'scenarios') -> str:
    """Return the runs as JUnit XML, one test case each."""
    root = ElementTree.Element('testsuites')
    top = ElementTree.SubElement(root, 'testsuite', {
        'name': suite, 'tests': str(len(runs)), 'errors': '0',
        'failures': str(sum(bool(run.complaints) for run in runs)),
        'skipped': str(sum(bool(run.skipped) for run in runs)),
        'time': f'{sum(run.seconds for run in runs):.2f}'})
    for run in runs:
        _case(top, run, suite)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding='unicode', xml_declaration=True) + '\n'


def write_junit(runs: Sequence[Run], path: Path) -> None:
    """Write the XML; its folder must exist."""
    path.write_text(junit(runs), encoding='utf-8')


def _case(top: ElementTree.Element, run: Run, suite: str) -> None:
    case = ElementTree.SubElement(top, 'testcase', {
        'classname': suite, 'name': run.scenario.name, 'time': f'{run.seconds:.2f}'})
    if run.skipped:
        ElementTree.SubElement(case, 'skipped', {'message': run.skipped})
    if run.complaints:
        lines = [sentence(verdict) for verdict in run.complaints]
        failure = ElementTree.SubElement(case, 'failure', {'message': lines[0]})
        failure.text = '\n'.join(lines)
    out = ElementTree.SubElement(case, 'system-out')
    out.text = '\n'.join([run.scenario.story, *(
        f'{at:7.2f} s  {" ".join(filter(None, (event.kind, event.action, event.reason)))}'
        for at, event in run.trace.events if event.kind != 'progress')])
