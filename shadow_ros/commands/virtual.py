"""`shadow-ros virtual`: the virtual Go2 as a program of its own."""

import os
import sys

import click


@click.command(
    add_help_option=False,
    context_settings={'ignore_unknown_options': True, 'allow_extra_args': True})
@click.pass_context
def virtual(ctx: click.Context) -> None:
    """
    Serve a virtual Go2 on DDS, for shadow_ros or any Unitree SDK client.

    All options go to `python -m shadow_ros.robot.virtual`; --help lists them.
    """
    # exec: signals and the exit code are then those of the program itself.
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, '-m', 'shadow_ros.robot.virtual', *ctx.args])
