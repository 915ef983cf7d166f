"""A small real node on the base of all nodes: says again what it hears; for test_node_base."""

import os

from std_srvs.srv import SetBool, Trigger

from shadow_ros.errors import RobotError
from shadow_ros.nodes.base import Check, OK, ShadowNode
from shadow_ros.nodes.process import run


class EchoNode(ShadowNode):
    """Fails where the environment's ECHO_FAILS tells it to."""

    node_name = 'action'

    def configure(self):
        """Open the topics."""
        self.fail_at('configure')
        self.reply = self.text_publisher('reply')
        self.listen('command', lambda text: self.reply(f'heard {text}'))
        self.serve(Trigger, 'stop', lambda: (True, 'trigger'))
        self.serve(SetBool, 'confirm', lambda yes: (yes, f'set {yes}'))
        self.every(0.05, lambda: self.reply('tick'))

    def activate(self):
        """Fail when told to."""
        self.fail_at('activate')

    def deactivate(self):
        """Tell."""
        print('deactivated', flush=True)

    def cleanup(self):
        """Tell."""
        print('cleaned up', flush=True)

    def reconfigured(self, old):
        """Tell the old and the new value."""
        self.reply(f'acrobatics {old.robot.acrobatics} {self.config.robot.acrobatics}')

    def checks(self):
        """Yield one part."""
        yield Check('echo', OK, 'all is well', {'answer': 42})

    @staticmethod
    def fail_at(hook):
        """Fail on purpose or by mistake."""
        if os.environ.get('ECHO_FAILS') == hook:
            raise RobotError('expected a dog, found a cat; feed it')
        if os.environ.get('ECHO_BREAKS') == hook:
            raise KeyError('a mistake')


if __name__ == '__main__':
    run(EchoNode)
