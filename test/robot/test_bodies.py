"""A body is chosen by its name, also one from a package of your own; else it is a sentence."""

import pytest

from shadow_ros.config import Config
from shadow_ros.errors import RobotError
from shadow_ros.robot.bodies import make_body
from shadow_ros.robot.go2.body import Go2Body
from shadow_ros.robot.twist import TwistBody

OWN = """
class Cart:
    name = 'cart'


class Needy:
    def __init__(self, port):
        pass
"""


def body_of(name):
    """Return the body of a configured name."""
    config = Config().changed({'robot.body': name})
    return make_body(config.robot, lambda vx, vy, wz: None)


def test_the_bodies_that_come_along():
    assert isinstance(body_of('twist'), TwistBody)
    assert isinstance(body_of('go2'), Go2Body) and body_of('go2').name == 'go2'
    assert isinstance(body_of('virtual'), Go2Body) and body_of('virtual').name == 'virtual'


def test_a_body_of_your_own(tmp_path, monkeypatch):
    (tmp_path / 'my_carts.py').write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    assert body_of('my_carts:Cart').name == 'cart'
    with pytest.raises(RobotError, match='my_carts:Needy.* must be made without arguments'):
        body_of('my_carts:Needy')
    with pytest.raises(RobotError, match="cannot be imported: .*no attribute 'Kart'"):
        body_of('my_carts:Kart')
    with pytest.raises(RobotError, match="cannot be imported: No module named 'nowhere'"):
        body_of('nowhere:Cart')
