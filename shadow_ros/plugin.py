"""A class by its name: one of ours, or `package.module:Class` of a package of your own."""

import importlib
from typing import Any, Mapping, Type

from shadow_ros.errors import did_you_mean, ShadowRosError, shorten


def find_class(name: str, what: str, known: Mapping[str, str],
               error: Type[ShadowRosError] = ShadowRosError) -> Any:
    """
    Return the class of that name, imported now, or raise `error`.

    `known` holds the `module:Class` of each short name, `what` says what it is: 'recogniser'.
    """
    module, _, attribute = known.get(name, name).partition(':')
    if not module or not attribute:
        raise error(f'unknown {what} {shorten(name)}{did_you_mean(name[:40], known)}; one of '
                    'your own is named package.module:Class')
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as reason:
        raise error(f'the {what} {shorten(name)} cannot be imported: {reason}') from None
