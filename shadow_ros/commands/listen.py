"""`shadow-ros listen`: sound to text, by the same way as in the speech node."""

import click

from shadow_ros.errors import AudioError


@click.command()
def listen() -> None:
    """Turn sound into text."""
    raise AudioError('expected the speech room, which is being built')
