"""`shadow-ros serve` and `tokens`: a backbone that robots hand their harder commands to."""

from pathlib import Path
from typing import Any

import click

from shadow_ros.commands.style import paint, say_line

_EXAMPLES = (
    '\b\n'
    '  shadow-ros serve\n'
    '  shadow-ros tokens add robot-7 --file tokens.json > robot-7.token\n'
    '  shadow-ros serve --host 0.0.0.0 --token-file tokens.json --tls certificates\n'
    '  shadow-ros serve Qwen/Qwen3-8B --shadow shadow-llm/robot-dog-shadow-peft-v2 \\\n'
    '      --stack shadow-llm/robot-dog-detached-shadow\n')
_PATH = click.Path(path_type=Path)


@click.command(epilog=_EXAMPLES)
@click.argument('model', default='', metavar='[MODEL]')
@click.option('--shadow', default='', metavar='DIR',
              help='Adapter to attach; without it MODEL holds its own.')
@click.option('--stack', default='', metavar='DIR',
              help='The detached model that an explicit shadow is made of.')
@click.option('--host', default='127.0.0.1', show_default=True, help='Address to listen on.')
@click.option('--port', default=8713, show_default=True, type=click.IntRange(0, 65535),
              help='Port; 0 takes a free one.')
@click.option('--token-file', type=_PATH, metavar='F', help='Only who bears one of these tokens.')
@click.option('--tls', type=_PATH, metavar='DIR',
              help='Encrypt with the certificate in DIR, made when there is none.')
@click.option('--certificate', type=_PATH, metavar='F', help='Encrypt with your own certificate.')
@click.option('--key', type=_PATH, metavar='F', help='The key of your own certificate.')
@click.option('--rate', default=20.0, show_default=True, type=click.FloatRange(0),
              help='Requests a second for each token; 0 is any.')
@click.option('--slots', default=32, show_default=True, type=click.IntRange(1, 1024),
              help='Plans that are written at the same time.')
@click.option('--queue', default=64, show_default=True, type=click.IntRange(1, 100_000),
              help='Commands that may wait; more are answered with 429.')
@click.option('--grace', default=10.0, show_default=True, type=click.FloatRange(1, 600),
              help='Seconds that a stopping server may take to finish.')
@click.option('--device', default='auto', show_default=True, help='auto, cpu or cuda.')
@click.option('--precision', default='', metavar='P',
              help='float32, bfloat16 or float16; what suits the device without it.')
def serve(model: str, shadow: str, stack: str, slots: int, queue: int, device: str,
          precision: str, **options: Any) -> None:
    """
    Serve MODEL (a folder or hub id; the shipped pair without it) to robots until Ctrl-C.

    Two doors: /v1/plan for `intent.backbone.url` of our robots, and /v1/chat/completions for any
    client of OpenAI's API. /healthz, /readyz, /metrics and /openapi.json are there, too.
    """
    from shadow_ros.cloud.running import bind, Options, Running
    where = Options(**options)
    rules, pair = where.rules, where.pair
    door = bind(where.host, where.port)
    say_line(paint(f'loading {model or "the shipped backbone"}', 'quiet'))
    app = _application(model, shadow, stack, device, precision, slots, queue, rules)
    scheme, host = 'https' if pair else 'http', f'[{where.host}]' if ':' in where.host \
        else where.host
    url = f'{scheme}://{host}:{door.getsockname()[1]}'

    def started() -> None:
        say_line(paint(f'serving on {url}; Ctrl-C ends', 'ok'))
        if pair:
            from shadow_ros.cloud.tls import fingerprint
            say_line(f'robots pin it with intent.backbone.certificate: '
                     f'{fingerprint(pair.certificate)}')

    Running(app, where, rules, started).run(sockets=[door])


def _application(model: str, shadow: str, stack: str, device: str, precision: str, slots: int,
                 queue: int, rules: Any) -> Any:
    """Return the application, its model loaded."""
    import torch
    from shadow_ros.cloud.app import make_app
    from shadow_ros.cloud.backbone import Backbone, is_tiny
    from shadow_ros.cloud.metrics import Metrics
    from shadow_ros.cloud.service import Service
    from transformers.utils import logging
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    backbone = Backbone.load(model, shadow, stack, device, precision)
    if is_tiny(backbone.model):
        torch.set_num_threads(1)
    metrics = Metrics(backbone.name)
    return make_app(Service(backbone, slots, queue, metrics), rules, metrics)


_FILE = click.option('--file', 'file', type=_PATH, default=Path('tokens.json'), metavar='F',
                     show_default=True, help='The token file of the server.')


@click.group()
def tokens() -> None:
    """Say who may ask a server. A running one heeds changes within a second."""


@tokens.command('add')
@click.argument('name')
@_FILE
def add_token(name: str, file: Path) -> None:
    """Make a token called NAME and print it, this once: the file holds its hash alone."""
    from shadow_ros.cloud.tokens import add
    say_line(add(file, name))


@tokens.command('remove')
@click.argument('name')
@_FILE
def remove_token(name: str, file: Path) -> None:
    """Let the token called NAME count no more."""
    from shadow_ros.cloud.tokens import remove
    remove(file, name)


@tokens.command('list')
@_FILE
def list_tokens(file: Path) -> None:
    """List the names of the tokens and when they were made."""
    from shadow_ros.cloud.tokens import names
    for name, created in names(file).items():
        say_line(f'{name}  {created}')
