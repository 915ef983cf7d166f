"""`shadow-ros doctor`: looks at the machine, and says what to do."""

from dataclasses import asdict
import json
from typing import Iterator

import click

from shadow_ros.commands.checks import audio, machine, models, ports, robot, ros
from shadow_ros.commands.checks.check import Check, FAIL, Setup, WARN
from shadow_ros.commands.style import bold, paint, say_line

BODIES = ('virtual', 'go2', 'twist')


@click.command()
@click.option('--body', type=click.Choice(BODIES), default='virtual', show_default=True,
              help='What the machine is to drive; only what this body needs can fail.')
@click.option('--network-interface', metavar='NAME', default='',
              help='Where the Go2 is; found by its address (192.168.123.x) without it.')
@click.option('--dds-domain', type=click.IntRange(0, 232), default=0, show_default=True,
              metavar='N', help='DDS domain of the Go2.')
@click.option('--model', metavar='DIR', default='', help='Model folder; the shipped one without.')
@click.option('--json', 'as_json', is_flag=True, help='Print one JSON object instead of lines.')
@click.pass_context
def doctor(ctx: click.Context, body: str, network_interface: str, dds_domain: int,
           model: str, as_json: bool) -> None:
    """
    Check audio, models, CUDA, ROS, DDS, network, sport service and ports.

    Nothing moves. The exit code is 0 when nothing fails for the chosen body, else 1.
    """
    setup = Setup(body, network_interface, dds_domain, model)
    checks = []
    for check in examine(setup):
        checks.append(check)
        if not as_json:
            say_line(line(check))
    failed = [check.name for check in checks if check.status == FAIL]
    if as_json:
        say_line(json.dumps({'body': body, 'ok': not failed,
                             'checks': [asdict(check) for check in checks]},
                            ensure_ascii=False))
    else:
        say_line(verdict(checks, body))
    ctx.exit(1 if failed else 0)


def examine(setup: Setup) -> Iterator[Check]:
    """Yield every check, each as soon as it is done."""
    for room in (machine, models, audio, ros, ports, robot):
        yield from room.check(setup)


def line(check: Check) -> str:
    """Return the check as one line, and what to do about it as a second one."""
    status = paint(f'{check.status:>5}', check.status)
    advice = f'\n{"":26} {paint("→", check.status)} {check.advice}' if check.advice else ''
    return f'{status}  {check.name:<19}{check.found}{advice}'


def verdict(checks: list[Check], body: str) -> str:
    """Return the last line: what to think of it all."""
    failed = [check.name for check in checks if check.status == FAIL]
    warned = sum(check.status == WARN for check in checks)
    if failed:
        return '\n' + bold(paint(f'Not ready for body {body}: {", ".join(failed)}.', FAIL))
    notes = f' ({warned} {"note" if warned == 1 else "notes"} above)' if warned else ''
    return '\n' + bold(paint(f'Ready for body {body}{notes}.', 'ok'))
