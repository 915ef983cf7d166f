"""`shadow-ros say`, `stop`, `resume`, `attach`, `detach`: a running graph from a terminal."""

import time
from typing import Iterable, TYPE_CHECKING

import click

from shadow_ros.commands.exchange import Exchange, news_lines, reply_line
from shadow_ros.commands.signals import held_back, polite_ends
from shadow_ros.commands.style import paint, say_line
from shadow_ros.errors import ConfigError, RobotError
from shadow_ros.records import Event, PlanRecord

if TYPE_CHECKING:
    from shadow_ros.nodes.client import GraphClient, News

CONNECT_SECONDS = 10.0
PLAN_SECONDS = 15.0
LAST_WORDS_SECONDS = 0.2  # what the robot says may come after the end of what it does


def open_client(name: str) -> 'GraphClient':
    """Return a client of the graph, or raise ConfigError where there is no ROS."""
    try:
        from shadow_ros.nodes.client import GraphClient
    except ImportError as error:
        raise ConfigError(f'ROS 2 is needed to talk to a graph, but: {error}; source your ROS 2 '
                          "first, or on x86-64: pip install 'shadow_ros[ros]'") from None
    polite_ends()
    return GraphClient(name, held_back=held_back)


@click.command()
@click.argument('text', nargs=-1, required=True)
@click.option('--timeout', type=click.FloatRange(min=0.1), default=90.0, show_default=True,
              metavar='SECONDS', help='How long to wait for the end of the command.')
@click.pass_context
def say(ctx: click.Context, text: tuple[str, ...], timeout: float) -> None:
    """
    Give a command to a running graph and show events until it ends.

    The exit code is 0 when the command was carried out, 1 when it was refused, failed, gave way
    or is beyond the robot. A question for a yes is answered by `shadow-ros say yes`.
    """
    words = ' '.join(text).strip()
    if not words:
        raise ConfigError('expected something to say, got empty text; '
                          'try: shadow-ros say "sit down"')
    from shadow_ros.speech.stopword import is_no, is_yes
    with open_client('say') as client:
        client.connect(CONNECT_SECONDS)
        if is_yes(words) or is_no(words):
            answer(ctx, client, is_yes(words))
        exchange = converse(client, words, timeout)
    ctx.exit(0 if exchange.done else 1)


def answer(ctx: click.Context, client: 'GraphClient', yes: bool) -> None:
    """Answer the pending question through its service, and leave."""
    success, told = client.confirm(yes)
    say_line(told or ('confirmed' if yes else 'declined'), err=not success)
    ctx.exit(0 if success else 1)


def converse(client: 'GraphClient', text: str, timeout: float) -> Exchange:
    """Say it, and print what comes until the command ends, or raise RobotError."""
    list(client.listen(0.0))  # what came before is not ours
    exchange = Exchange(text, time.monotonic())
    client.say(text)
    while exchange.end is None:
        waited = time.monotonic() - exchange.begun
        if waited > (timeout if exchange.plan else min(timeout, PLAN_SECONDS)):
            raise RobotError(f'expected the end of {text[:60]!r} within {waited:.0f} s, got '
                             f'{", ".join(exchange.kinds) or "no plan"}; the robot may still be '
                             'at it: shadow-ros stop')
        _show(exchange, client.listen(0.1))
    client.wait_until(lambda: False, LAST_WORDS_SECONDS)
    _show(exchange, client.listen(0.0))
    return exchange


def _show(exchange: Exchange, heard: Iterable['News']) -> None:
    """Print what concerns the exchange."""
    from shadow_ros.nodes.client import Reply
    for news in heard:
        if isinstance(news, (PlanRecord, Event)):
            for line in news_lines(exchange, exchange.take(news, time.monotonic())):
                say_line(line)
        elif isinstance(news, Reply):
            exchange.take_reply(news.text, time.monotonic())
    for text in exchange.due_replies(time.monotonic()):
        say_line(reply_line(text))


@click.command()
@click.pass_context
def stop(ctx: click.Context) -> None:
    """Stop the robot at once and hold it until `shadow-ros resume`."""
    _trigger(ctx, 'stop')


@click.command()
@click.pass_context
def resume(ctx: click.Context) -> None:
    """Release a stop."""
    _trigger(ctx, 'resume')


@click.command()
@click.pass_context
def attach(ctx: click.Context) -> None:
    """Attach the configured backbone (intent.backbone.url), after a check of it."""
    _attach(ctx, True)


@click.command()
@click.pass_context
def detach(ctx: click.Context) -> None:
    """Detach the backbone: from now on nothing is asked beyond the robot."""
    _attach(ctx, False)


def _attach(ctx: click.Context, wanted: bool) -> None:
    """Call the service of the intent node and print what it says."""
    with open_client('attach') as client:
        success, told = client.attach(wanted)
    say_line(paint(told, 'done' if success else 'failed'), err=not success)
    ctx.exit(0 if success else 1)


def _trigger(ctx: click.Context, service: str) -> None:
    """Call a service of the action node and print what it says."""
    with open_client(service) as client:
        success, told = client.trigger(service)
    say_line(paint(told or service, 'done' if success else 'failed'), err=not success)
    ctx.exit(0 if success else 1)
