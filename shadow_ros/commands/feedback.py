"""`shadow-ros feedback`: tell whether a plan was right, or what it should have been."""

import time
from typing import Optional

import click

from shadow_ros.commands.graph import CONNECT_SECONDS, open_client
from shadow_ros.commands.style import paint, say_line
from shadow_ros.errors import ConfigError, RobotError
from shadow_ros.plan import parse
from shadow_ros.records import Feedback

LAST = 'last'
_EXAMPLES = (
    '\b\n'
    '  shadow-ros feedback last --right\n'
    '  shadow-ros feedback 3f2a9c0d1e4b --should-be "[SIT]"\n'
    '  shadow-ros feedback last --should-be ""       # nothing should have moved\n')


@click.command(epilog=_EXAMPLES)
@click.argument('plan_id')
@click.option('--right', 'right', flag_value=True, type=bool, default=None,
              help='The plan was right.')
@click.option('--wrong', 'right', flag_value=False, type=bool, help='It was wrong.')
@click.option('--should-be', metavar='PLAN', help='It was wrong; this plan would have been right.')
def feedback(plan_id: str, right: Optional[bool], should_be: Optional[str]) -> None:
    """
    Tell a running graph what was right or wrong, for the recorder and the next retraining.

    PLAN_ID is the id of a plan record, as events and bags show it, or "last".
    """
    if (right is None) == (should_be is None):
        raise ConfigError('expected one of --right, --wrong and --should-be PLAN; '
                          'try: shadow-ros feedback last --right')
    plan = None if should_be is None else str(parse(should_be))
    told = Feedback(plan_id, bool(right), plan, 'cli', time=time.time())
    with open_client('feedback') as client:
        client.connect(CONNECT_SECONDS)
        if plan_id == LAST:
            told = Feedback(client.last_plan(), told.right, told.should_be, 'cli', time=told.time)
        if not client.tell(told):
            raise RobotError('expected a recorder that hears this, found none, so it would be '
                             'lost; start one with: shadow-ros record')
    say_line(paint(f'plan {told.plan_id}: {_in_words(told)}', 'done'))


def _in_words(told: Feedback) -> str:
    if told.right:
        return 'right'
    return 'wrong' if told.should_be is None else (
        f'wrong, it should be {told.should_be or "no motion"}')
