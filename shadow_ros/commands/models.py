"""`shadow-ros models`: which models there are, where they come from, and the way back."""

from typing import Optional

import click

from shadow_ros.commands.style import bold, paint, say_line
from shadow_ros.intent.card import IntentCard
from shadow_ros.intent.library import Library, SHIPPED


@click.group(invoke_without_command=True)
@click.pass_context
def models(ctx: click.Context) -> None:
    """List the models; `use`, `rollback` and `lineage` choose among them and explain them."""
    if ctx.invoked_subcommand is None:
        list_models()


@models.command('list')
def list_command() -> None:
    """List the models, the current one marked."""
    list_models()


def list_models() -> None:
    """Print a line for the shipped model and for each of the library."""
    library = Library()
    current = library.pointer().current
    say_line(_line(SHIPPED, _shipped(), not current))
    for name, card in library.cards():
        say_line(_line(name, card, name == current))
    say_line(paint(f'in {library.root}; intent.model takes a name', 'quiet'))


@models.command()
@click.argument('name')
def use(name: str) -> None:
    """Make a model that is in the library current, without measuring it again."""
    library = Library()
    library.use(name, 'chosen by hand')
    _say_current(library)


@models.command()
def rollback() -> None:
    """Make the model before the current one current again."""
    library = Library()
    library.roll_back('rolled back by hand')
    _say_current(library)


@models.command()
@click.argument('name', required=False)
def lineage(name: Optional[str]) -> None:
    """Show from which model NAME (or the current one) was made, and each change of the model."""
    library = Library()
    cards = dict(library.cards())
    step = name or library.pointer().current or SHIPPED
    if step != SHIPPED:
        library.folder(step)
    while step in cards:
        card = cards[step]
        say_line(_line(step, card, False))
        step = card.parent if card else ''
    shipped = _shipped()
    if shipped and step in ('', SHIPPED, shipped.name):
        say_line(_line(SHIPPED, shipped, False))
    for entry in library.pointer().history:
        say_line(f'{entry.at}  {entry.name or SHIPPED}  {paint(entry.why, "quiet")}')


def _say_current(library: Library) -> None:
    name = library.pointer().current or SHIPPED
    say_line(paint(f'{name} is the current model', 'done'))


def _shipped() -> Optional[IntentCard]:
    from shadow_ros.intent.engine import find_shipped_model
    return IntentCard.load(find_shipped_model())


def _line(name: str, card: Optional[IntentCard], current: bool) -> str:
    """Return one model on one line."""
    mark = paint('*', 'done') if current else ' '
    if card is None:
        return f'{mark} {bold(name)}  {paint("does not fit this version", "failed")}'
    exact = card.scores.get('exact')
    told = [f'of {card.parent}' if card.parent else '', card.created,
            f'exact {exact:.1%}' if exact is not None else '']
    return f'{mark} {bold(name)}  ' + paint('  '.join(part for part in told if part), 'quiet')
