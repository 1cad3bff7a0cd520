"""Builds the portal once: fonts, compile, bundle, then makes the bundle independent of host, port and scheme.

Node is needed here and nowhere else. The outcome lies in `.web/build/client` and is valid while the stamp beside it equals
the hash of everything it was made from; `carillon.portal_serve` then needs no compiler and no network.
"""

import base64
import fcntl
import gzip
import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / ".web"
CLIENT = WEB / "build" / "client"
STAMP = WEB / "carillon.stamp"
INLINE = WEB / "carillon.inline.json"  # page -> hashes of its inline scripts, for the Content-Security-Policy
FONTS = ROOT / "assets" / "fonts"

# Package, version, file, first 16 hex digits of its SHA-256: what is served to people is what was looked at.
FONT_FILES = (
    ("@fontsource-variable/geist", "5.3.0", "geist-latin-wght-normal.woff2", "19f9c92546aa300c"),
    ("@fontsource-variable/geist", "5.3.0", "geist-latin-ext-wght-normal.woff2", "824f485b5d26e2f2"),
    ("@fontsource-variable/geist", "5.3.0", "geist-cyrillic-wght-normal.woff2", "6894439694946a58"),
    ("@fontsource-variable/geist-mono", "5.3.0", "geist-mono-latin-wght-normal.woff2", "684ad5b531f81d43"),
)

Report = Callable[[str], None]


class BuildFailed(RuntimeError):
    """The portal could not be built; the text says why and what to do."""


def sources(root: Path = ROOT) -> list[Path]:
    """Every file the bundle is made from, sorted; fonts are pinned by their hashes instead."""
    found = [root / "rxconfig.py", root / "carillon" / "portal_build.py"]
    for folder in ("portal", "assets", "reflex.lock"):
        found += [p for p in (root / folder).rglob("*") if p.is_file() and "__pycache__" not in p.parts and FONTS not in p.parents]
    return sorted(p for p in found if p.exists() and "external" not in p.relative_to(root).parts)


def wanted_stamp(root: Path = ROOT) -> str:
    """Hash of the sources, their names, and the versions of what compiles them."""
    digest = hashlib.sha256()
    for package in ("reflex", "reflex-base", "reflex-components-core"):
        digest.update(f"{package}={importlib.metadata.version(package)}\n".encode())
    for path in sources(root):
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _code_stamp() -> str:
    """Of the sources people write; the package manager may write the lock files anew, by a build as well."""
    return "".join(f"{path}{path.stat().st_mtime_ns}" for path in sources() if "reflex.lock" not in path.parts)


def is_built() -> bool:
    """Whether a finished bundle of exactly these sources lies in `.web`."""
    return STAMP.is_file() and STAMP.read_text() == wanted_stamp() and (CLIENT / "assets").is_dir()


def build(report: Report = print) -> bool:
    """Build if needed; True when something was built. Raises `BuildFailed`. Safe to call from several processes."""
    if is_built():
        return False
    with _alone():
        if is_built():  # another process was faster
            return False
        STAMP.unlink(missing_ok=True)
        environment = _environment()
        _fetch_fonts(environment, report)
        before = _code_stamp()
        report("Building the portal. The first time takes about a minute.")
        _export(environment)
        relocate(CLIENT)
        INLINE.write_text(json.dumps(inline_scripts(CLIENT), indent=1))
        if _code_stamp() != before:
            raise BuildFailed("The sources changed while the portal was built of them. Run it again.")
        partial = STAMP.with_suffix(".partial")
        partial.write_text(wanted_stamp())
        partial.replace(STAMP)
        report("The portal is built.")
    return True


@contextmanager
def _alone() -> Iterator[None]:
    """One build at a time; the lock dies with its process."""
    with (ROOT / "rxconfig.py").open("rb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _environment() -> dict[str, str]:
    """The child's environment: our Node first, npm rather than bun, no telemetry, no look for newer versions."""
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    npm = shutil.which("npm", path=env["PATH"])
    if npm is None:
        raise BuildFailed("The portal is not built and npm was not found. Install the build extra: pip install 'carillon[build]'")
    env |= {
        "REFLEX_USE_NPM": "1",
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
        "NPM_CONFIG_OMIT_LOCKFILE_REGISTRY_RESOLVED": "true",  # the lock file names no host
        "NPM_CONFIG_UPDATE_NOTIFIER": "false",
        "NPM_CONFIG_AUDIT": "false",
        "NPM_CONFIG_FUND": "false",
    }
    if "NPM_CONFIG_REGISTRY" not in env:
        # Reflex pings several registries unless one is named; the person's own setting is the right one.
        asked = subprocess.run([npm, "config", "get", "registry"], env=env, capture_output=True, text=True, check=False)
        if asked.returncode == 0 and asked.stdout.strip().startswith("http"):
            env["NPM_CONFIG_REGISTRY"] = asked.stdout.strip()
    return env


def _fetch_fonts(env: dict[str, str], report: Report) -> None:
    """Copy the typefaces (SIL Open Font License) out of their npm packages into `assets/fonts`."""
    if all(_right_font(FONTS / name, digest) for _, _, name, digest in FONT_FILES):
        return
    report("Fetching the typefaces.")
    with tempfile.TemporaryDirectory() as scratch:
        packages = sorted({f"{package}@{version}" for package, version, _, _ in FONT_FILES})
        _run(["npm", "install", "--prefix", scratch, "--no-save", "--ignore-scripts", "--silent", *packages], env, "fetching the typefaces")
        FONTS.mkdir(parents=True, exist_ok=True)
        for package, version, name, digest in FONT_FILES:
            source = Path(scratch) / "node_modules" / package / "files" / name
            if not _right_font(source, digest):
                raise BuildFailed(f"{package} {version} does not hold the expected {name}. Check the npm registry in use.")
            shutil.copyfile(source, FONTS / name)


def _right_font(path: Path, digest: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest().startswith(digest)


def _export(env: dict[str, str]) -> None:
    """Let Reflex compile the pages and Vite bundle them. Reflex tidies files that are not its own; they are put back.

    So are its own lock files when it merely wrote the same content in another order, or every checkout would show a change.
    """
    ignored, requirements = ROOT / ".gitignore", ROOT / "requirements.txt"
    before = ignored.read_bytes() if ignored.exists() else None
    locks = {path: path.read_bytes() for path in (ROOT / "reflex.lock").glob("*.json")}
    had_requirements = requirements.exists()
    try:
        _run([sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip"], env, "compiling the pages")
    finally:
        if before is not None and ignored.read_bytes() != before:
            ignored.write_bytes(before)
        if not had_requirements:
            requirements.unlink(missing_ok=True)
        for path, text in locks.items():
            if path.exists() and path.read_bytes() != text and json.loads(path.read_bytes()) == json.loads(text):
                path.write_bytes(text)


def _run(command: list[str], env: dict[str, str], doing: str) -> None:
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-25:])
        raise BuildFailed(
            f"Building the portal failed while {doing}.\n{tail}\nWhen it is about the network: check that the npm registry answers (npm ping), then run it again."
        )


def relocate(client: Path) -> None:
    """Make the bundle follow the address it was loaded from: Reflex bakes in the build machine's host and port."""
    changed = 0
    for chunk in client.glob("assets/reflex-env-*.js"):
        text = chunk.read_text()
        moved = re.sub(r"`http://localhost:\d+(/[^`]*)`", r"location.origin+`\1`", text)
        moved = re.sub(r"`ws://localhost:\d+(/[^`]*)`", r"location.origin.replace(/^http/,`ws`)+`\1`", moved)
        if moved != text:
            chunk.write_text(moved)
            packed = chunk.with_suffix(".js.gz")
            if packed.exists():
                packed.write_bytes(gzip.compress(moved.encode(), 9, mtime=0))
            chunk.with_suffix(".js.br").unlink(missing_ok=True)  # three hundred bytes are as well sent the other way
            changed += 1
    if not changed or any(b"localhost:" in p.read_bytes() for p in client.glob("assets/reflex-env-*.js")):
        raise BuildFailed("The bundle could not be made independent of its address: Reflex writes its settings chunk differently now.")


def inline_scripts(client: Path) -> dict[str, list[str]]:
    """Page path (`/send/index.html`) -> CSP hashes (`sha256-...`) of the inline scripts in it."""
    found: dict[str, list[str]] = {}
    for page in sorted(client.rglob("*.html")):
        scripts = re.findall(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", page.read_text(), flags=re.DOTALL)
        hashes = {base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts if s}
        found["/" + page.relative_to(client).as_posix()] = sorted(f"sha256-{h}" for h in hashes)
    return found


def main() -> None:
    """`python -m carillon.portal_build`: build when needed, say nothing otherwise."""
    try:
        build()
    except BuildFailed as failed:
        raise SystemExit(str(failed)) from None


if __name__ == "__main__":
    main()
