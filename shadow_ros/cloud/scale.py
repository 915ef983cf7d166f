"""
The same application on Ray Serve: replicas, scaled by how much is asked, behind one address.

    pip install 'shadow_ros[scale]'
    serve run shadow_ros.cloud.scale:build replicas=2 model=models/backbone
    serve deploy cluster.yaml                         # a cluster, see docs/cloud.md

Each replica is a whole server of its own: model, batcher, gate. Robots keep no state there, so
any replica may answer any request. Tokens are read from a file that all machines see.
"""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Mapping

from shadow_ros.errors import ConfigError, did_you_mean


@dataclass(frozen=True)
class Scale:
    """
    What `serve run` may set.

    `replicas` is a fixed number; 0 scales from `least` to `most`, by `busy` requests that a
    replica has in hand. `slots`, `queue` and `rate` are each replica's own.
    """

    model: str = ''
    shadow: str = ''
    stack: str = ''
    device: str = 'auto'
    precision: str = ''
    replicas: int = 0
    least: int = 1
    most: int = 8
    busy: float = 24.0
    slots: int = 32
    queue: int = 64
    rate: float = 20.0
    token_file: str = ''
    cpus: float = 1.0
    gpus: float = 0.0
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> 'Scale':
        """Return the settings of `key=value` arguments, or raise ConfigError."""
        known = {f.name: f for f in fields(cls)}
        values: dict[str, Any] = {}
        for key, value in given.items():
            if key not in known:
                raise ConfigError(f'unknown argument {key!r}{did_you_mean(key, known)}')
            kind = type(known[key].default)
            try:
                values[key] = kind(value) if kind in (int, float, str) else value
            except ValueError:
                raise ConfigError(f'{key} must be a number, got {value!r}') from None
        return cls(**values)

    @property
    def deployment(self) -> dict[str, Any]:
        """Return what Ray is told about replicas and their resources."""
        count: dict[str, Any] = {'num_replicas': self.replicas} if self.replicas else {
            'autoscaling_config': {
                'min_replicas': self.least, 'max_replicas': self.most,
                'target_ongoing_requests': self.busy}}
        return {**count, 'max_ongoing_requests': self.slots + self.queue,
                'ray_actor_options': {'num_cpus': self.cpus, 'num_gpus': self.gpus,
                                      'runtime_env': {'env_vars': dict(self.environment)}}}


def replica(scale: Scale) -> Any:
    """Return the application of one replica, its model loaded."""
    import torch
    from shadow_ros.cloud.app import make_app
    from shadow_ros.cloud.backbone import Backbone, is_tiny
    from shadow_ros.cloud.gate import Rules
    from shadow_ros.cloud.limits import RateLimit
    from shadow_ros.cloud.metrics import Metrics
    from shadow_ros.cloud.service import Service
    from shadow_ros.cloud.tokens import TokenFile
    backbone = Backbone.load(scale.model, scale.shadow, scale.stack, scale.device,
                             scale.precision)
    if is_tiny(backbone.model):
        torch.set_num_threads(1)
    metrics = Metrics(backbone.name)
    tokens = TokenFile(Path(scale.token_file)) if scale.token_file else None
    rules = Rules(tokens, RateLimit(scale.rate if tokens else 0.0))
    return make_app(Service(backbone, scale.slots, scale.queue, metrics), rules, metrics)


def build(arguments: Mapping[str, Any]) -> Any:
    """Return the Ray Serve application for `serve run` and `serve deploy`."""
    from ray import serve
    scale = Scale.parse(arguments)

    made: Any = serve.deployment(name='Backbone', **scale.deployment)(
        serve.ingress(lambda: replica(scale))())
    return made.bind()
