"""The command `shadow-ros`: a thin group; each command lives in shadow_ros/commands."""

import os
from pathlib import Path
import re
import sys
from typing import Any, Optional

import click

from shadow_ros.commands.ask import ask
from shadow_ros.commands.bags import bags
from shadow_ros.commands.bench import bench
from shadow_ros.commands.demo import demo
from shadow_ros.commands.doctor import doctor
from shadow_ros.commands.evaluate import evaluate
from shadow_ros.commands.export import export
from shadow_ros.commands.feedback import feedback
from shadow_ros.commands.graph import attach, detach, resume, say, stop
from shadow_ros.commands.listen import listen
from shadow_ros.commands.models import models
from shadow_ros.commands.record import record
from shadow_ros.commands.replay import replay
from shadow_ros.commands.retrain import promote, retrain
from shadow_ros.commands.scenario import scenario
from shadow_ros.commands.serve import serve, tokens
from shadow_ros.commands.train import train
from shadow_ros.commands.up import up
from shadow_ros.commands.virtual import virtual
from shadow_ros.errors import did_you_mean, ShadowRosError

INTERRUPTED = 130
"""What a shell expects of a program that Ctrl-C ended: 128 + SIGINT."""

_EXTRAS = {module: extra for extra, modules in {
    'intent': ('torch', 'transformers', 'tokenizers', 'safetensors', 'llguidance', 'cn2an',
               'text_to_num'),
    'speech': ('soundfile', 'soxr', 'sounddevice', 'onnxruntime', 'silero_vad', 'pocketsphinx',
               'whisper'),
    'ros': ('rclpy', 'std_msgs', 'std_srvs', 'nav_msgs', 'geometry_msgs', 'diagnostic_msgs'),
    'go2': ('unitree_sdk2py', 'cyclonedds'),
    'cloud': ('fastapi', 'uvicorn', 'starlette', 'pydantic', 'prometheus_client', 'httpx2',
              'cryptography'),
    'bags': ('rosbags', 'backports', 'lz4'),
    'train': ('matplotlib', 'accelerate', 'peft', 'tqdm'),
}.items() for module in modules}
"""Which extra of the package brings a module that is not in the base install."""


class Failure(click.ClickException):
    """An error of shadow_ros as the user sees it: one sentence on stderr, exit code 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """Print the sentence."""
        click.echo(f'{click.style("shadow-ros:", fg="red")} {self.format_message()}', err=True)


class Commands(click.Group):
    """A group that names the nearest command and lets no traceback of ours through."""

    def resolve_command(
            self, ctx: click.Context, args: list[str],
    ) -> tuple[Optional[str], Optional[click.Command], list[str]]:
        """Return the command that the arguments name; an unknown one is an error with a hint."""
        name = args[0]
        if not name.startswith('-') and self.get_command(ctx, name) is None:
            ctx.fail(f'no such command {name[:40]!r}'
                     f'{did_you_mean(name[:40], self.list_commands(ctx))}')
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which a new user needs them."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; our own errors and Ctrl-C end it without a traceback."""
        try:
            return super().invoke(ctx)
        except ShadowRosError as error:
            raise Failure(' '.join(str(error).split())) from None
        except ModuleNotFoundError as error:
            extra = _EXTRAS.get((error.name or '').split('.')[0])
            if extra is None:
                raise
            raise Failure(f'{error.name} is needed for this but not installed; '
                          f"pip install 'shadow_ros[{extra}]'") from None
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    """Print the version and leave."""
    if wanted and not ctx.resilient_parsing:
        click.echo(f'shadow-ros {version()}')
        ctx.exit()


def version() -> str:
    """Return the version of the installed package, or of the checkout it runs from."""
    manifest = Path(__file__).parents[1] / 'package.xml'
    if manifest.is_file():
        found = re.search(r'<version>\s*([^<\s]+)\s*</version>', manifest.read_text('utf-8'))
        if found:
            return found[1]
    from importlib.metadata import PackageNotFoundError, version as installed
    try:
        return installed('shadow_ros')
    except PackageNotFoundError:
        return 'unknown'


@click.group(cls=Commands, context_settings={'help_option_names': ['-h', '--help']},
             epilog='Each command explains itself: shadow-ros COMMAND --help')
@click.option('--version', is_flag=True, is_eager=True, expose_value=False,
              callback=_print_version, help='Show the version and exit.')
@click.pass_context
def main(ctx: click.Context) -> None:
    """
    Say it, and the dog does it.

    Turns spoken or typed commands into motions of a Unitree Go2 (real, virtual or simulated).
    Start with `shadow-ros demo`; on a robot, start with `shadow-ros doctor --body go2`.
    """
    if os.environ.get('NO_COLOR'):
        ctx.color = False
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character shows its number; nobody wants a traceback for it.
        getattr(stream, 'reconfigure', lambda **_: None)(errors='backslashreplace')


for _command in (demo, up, say, stop, resume, ask, listen, doctor, export, virtual, scenario,
                 record, bags, feedback, retrain, promote, models, replay, train, evaluate, bench,
                 serve, tokens, attach, detach):
    main.add_command(_command)


if __name__ == '__main__':
    main(prog_name='shadow-ros')
