"""Hub ids with revisions, from a cache as the hub's own client keeps it, without a network."""

import huggingface_hub
import pytest
from test_shadow_model import attached, base, tokens
import torch

from shadow_ros.errors import ModelError
from shadow_ros.shadow.hub import model_folder
from shadow_ros.shadow.model import ShadowedModel
from shadow_ros.shadow.projected import ProjectedShadow

COMMIT = '0123456789abcdef0123456789abcdef01234567'


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Return the snapshot folder of `someone/adapter`, tagged v1, in a cache of its own."""
    monkeypatch.setattr(huggingface_hub.constants, 'HF_HUB_CACHE', str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, 'HF_HUB_OFFLINE', True)
    repository = tmp_path / 'models--someone--adapter'
    (repository / 'refs').mkdir(parents=True)
    (repository / 'refs/v1').write_text(COMMIT)
    snapshot = repository / 'snapshots' / COMMIT
    snapshot.mkdir(parents=True)
    return snapshot


def test_a_hub_id_at_a_tag_or_commit(cache) -> None:
    model, ids = attached(), tokens()
    model.save_adapter(cache)
    for revision in ('v1', COMMIT):
        assert model_folder('someone/adapter', revision) == cache
    again = ShadowedModel.load(base(), 'someone/adapter', revision='v1').eval()
    with torch.no_grad():
        assert torch.equal(again(ids).logits, model(ids).logits)
    model.detach().save(cache, torch.float32)
    detached = ProjectedShadow.load('someone/adapter', revision='v1')
    with torch.no_grad():
        assert (detached(ids).logits - model(ids, mode='detached').logits).abs().max() < 1e-5


def test_what_is_not_there_gets_a_sentence(cache, tmp_path) -> None:
    with pytest.raises(ModelError, match='revision v2'):
        ShadowedModel.load(base(), 'someone/adapter', revision='v2')
    with pytest.raises(ModelError, match='revision main'):
        ProjectedShadow.load('nobody/nothing')
    with pytest.raises(ModelError, match='belongs to a hub id'):
        model_folder(str(tmp_path), 'v1')
    with pytest.raises(ModelError, match='is missing'):
        ProjectedShadow.load('no such folder/at/all')
