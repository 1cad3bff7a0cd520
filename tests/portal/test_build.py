"""The build: when it is stale, what it refuses, and that its lock file names no registry."""

import gzip
import json
import re
import shutil
from pathlib import Path

import pytest

from carillon import portal_build
from carillon.portal_build import ROOT, BuildFailed, inline_scripts, relocate, wanted_stamp


@pytest.fixture
def copy(tmp_path):
    for name in ("portal", "assets", "reflex.lock", "carillon"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "fonts"))
    shutil.copy(ROOT / "rxconfig.py", tmp_path)
    return tmp_path


def test_the_stamp_follows_every_source_and_nothing_else(copy):
    first = wanted_stamp(copy)
    assert wanted_stamp(copy) == first
    (copy / "portal" / "__pycache__").mkdir()
    (copy / "portal" / "__pycache__" / "x.pyc").write_bytes(b"1")
    assert wanted_stamp(copy) == first
    for name in ("portal/words/de.py", "assets/carillon.css", "rxconfig.py", "reflex.lock/package.json", "carillon/portal_build.py"):
        path = copy / name
        before = path.read_bytes()
        path.write_bytes(before + b"\n")
        assert wanted_stamp(copy) != first, name
        path.write_bytes(before)
    assert wanted_stamp(copy) == first
    (copy / "portal" / "words" / "de.py").rename(copy / "portal" / "words" / "dee.py")
    assert wanted_stamp(copy) != first


def test_the_lock_files_name_no_registry():
    lock = json.loads((ROOT / "reflex.lock" / "package-lock.json").read_text())
    assert len(lock["packages"]) > 50
    assert not [name for name, entry in lock["packages"].items() if "resolved" in entry]
    assert not [name for name, entry in lock["packages"].items() if name and not entry.get("link") and "integrity" not in entry]


def test_moving_the_bundle_rewrites_the_settings_and_their_compressed_copy(tmp_path):
    chunk = tmp_path / "assets" / "reflex-env-abc.js"
    chunk.parent.mkdir()
    chunk.write_text("var e={PING:`http://localhost:8000/ping`,EVENT:`ws://localhost:8000/_event`};")
    (tmp_path / "assets" / "reflex-env-abc.js.gz").write_bytes(b"old")
    (tmp_path / "assets" / "reflex-env-abc.js.br").write_bytes(b"old")
    relocate(tmp_path)
    assert not (tmp_path / "assets" / "reflex-env-abc.js.br").exists()
    assert chunk.read_text() == "var e={PING:location.origin+`/ping`,EVENT:location.origin.replace(/^http/,`ws`)+`/_event`};"
    assert gzip.decompress((tmp_path / "assets" / "reflex-env-abc.js.gz").read_bytes()).decode() == chunk.read_text()


@pytest.mark.parametrize("text", [None, "var e={}", 'var e={EVENT:"ws://localhost:8000/_event"}'])
def test_a_bundle_that_cannot_be_moved_is_an_error_not_a_surprise(tmp_path, text):
    (tmp_path / "assets").mkdir()
    if text is not None:
        (tmp_path / "assets" / "reflex-env-abc.js").write_text(text)
    with pytest.raises(BuildFailed, match="independent of its address"):
        relocate(tmp_path)


def test_inline_scripts_are_hashed_per_page(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "index.html").write_text(
        "<script>alert(1)</script><script type='module' async=''>b</script><script src='/x.js'></script>"
    )
    hashes = ["sha256-PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0=", "sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI="]
    assert inline_scripts(tmp_path) == {"/a/index.html": hashes}


def test_without_npm_the_error_names_the_extra(monkeypatch, tmp_path):
    monkeypatch.setattr(portal_build.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildFailed, match=re.escape("pip install 'carillon[build]'")):
        portal_build._environment()


def test_a_registry_that_is_named_is_used_and_never_written(monkeypatch):
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "http://packages.example/")
    assert portal_build._environment()["NPM_CONFIG_REGISTRY"] == "http://packages.example/"
    for path in (*Path(ROOT / "reflex.lock").glob("*"), ROOT / "rxconfig.py"):
        assert "registry" not in path.read_text().lower(), path
