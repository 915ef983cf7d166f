"""A real server with a small real backbone, for the tests of both its sides."""

from pathlib import Path
from typing import Iterator

import by_heart
from cloud_serving import Serving, serving
import pytest

from shadow_ros.cloud.backbone import Backbone


@pytest.fixture(scope='session')
def heart(tmp_path_factory) -> Path:
    """Return the folder of a backbone with its shadow that knows by_heart.PAIRS."""
    return by_heart.make(tmp_path_factory.mktemp('backbone') / 'heart')


@pytest.fixture(scope='session')
def backbone(heart) -> Backbone:
    """Return it loaded."""
    return Backbone.load(str(heart))


@pytest.fixture(scope='module')
def server(backbone) -> Iterator[Serving]:
    """Yield a server that a module's tests share."""
    with serving(backbone) as found:
        yield found
