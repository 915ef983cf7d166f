"""How Gazebo's parts are called: `ignition` until Fortress, `gz` from Garden on."""

from dataclasses import dataclass
from typing import Mapping


@dataclass(frozen=True)
class Names:
    """
    The names of one line of Gazebo.

    `command` starts it, `resources` is the environment variable with the models' folders,
    `messages` the prefix of message types, `distros` the ROS 2 releases that come with it.
    """

    command: str
    prefix: str
    namespace: str
    messages: str
    resources: str
    distros: tuple[str, ...]

    def file(self, system: str) -> str:
        """Return the library of a system such as `physics`."""
        return f'{self.prefix}-{system}-system'

    def system(self, name: str) -> str:
        """Return the class of a system such as `Physics`."""
        return f'{self.namespace}::systems::{name}'

    def message(self, name: str) -> str:
        """Return the full name of a message type such as `Twist`."""
        return f'{self.messages}.{name}'


FLAVOURS: Mapping[str, Names] = {
    'fortress': Names('ign gazebo', 'ignition-gazebo', 'ignition::gazebo', 'ignition.msgs',
                      'IGN_GAZEBO_RESOURCE_PATH', ('humble',)),
    'gz': Names('gz sim', 'gz-sim', 'gz::sim', 'gz.msgs', 'GZ_SIM_RESOURCE_PATH',
                ('jazzy', 'kilted', 'lyrical', 'rolling')),
}
"""Fortress (Humble); Harmonic (Jazzy), Ionic (Kilted) and Jetty (what comes after)."""


def flavour_of(distro: str) -> str:
    """Return the flavour that a ROS 2 release comes with; an unknown one is newer than these."""
    return next((name for name, names in FLAVOURS.items() if distro in names.distros), 'gz')
