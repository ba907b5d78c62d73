"""The checkpoint file: its name for each database, its order, its errors."""

from pathlib import Path

import pytest
from flask import Flask

from clinic.audit.checkpoint import Checkpoint, checkpoint_file, load_checkpoint, save_checkpoint
from clinic.core.errors import BadConfiguration

pytestmark = pytest.mark.usefixtures("no_checkpoint", "inside")


def test_an_earlier_checkpoint_does_not_replace_a_later_one() -> None:
    save_checkpoint(Checkpoint(7, "g"))
    save_checkpoint(Checkpoint(3, "c"))

    assert load_checkpoint() == Checkpoint(7, "g")


def test_databases_of_the_same_name_have_checkpoints_of_their_own(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(app.instance_path)
    urls = [f"sqlite:///{folder}/clinic.db", f"sqlite:///{folder.parent}/clinic.db"]
    urls += [f"postgresql://{host}/clinic" for host in ("somebody:secret@here", "there")]
    files = []
    for url in urls:
        monkeypatch.setitem(app.config, "SQLALCHEMY_DATABASE_URI", url)
        files.append(checkpoint_file())
    monkeypatch.setitem(app.config, "SQLALCHEMY_DATABASE_URI", "postgresql://somebody:another@here/clinic")

    assert len({*files}) == len(urls)
    assert {file.parent for file in files} == {folder}
    assert files[0].name == "clinic-audit-head"
    assert checkpoint_file() == files[2]


def test_an_unreadable_checkpoint_is_an_error() -> None:
    checkpoint_file().write_text("nonsense")

    with pytest.raises(BadConfiguration, match="can't be read"):
        load_checkpoint()
