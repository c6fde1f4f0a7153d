"""Does what we publish work: sdist and wheel built, the wheel installed elsewhere and used from another folder.

Run by ``make check``. A checkout finds specs and fixtures beside the package and modules by the folder it is
in; a wheel has only what was put into it. This is the one check that sees the difference.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Run by the fresh Python: prints the spec and the bytes of one fixture as it came with the wheel.
ONE_FIXTURE = """
from iso_gateway.catalog import read_yaml
from iso_gateway.resources import folder

file = folder("fixtures") / "messages" / "iso87-ascii.yaml"
fixtures, _ = read_yaml(file.read_text("utf-8"), file.name)
print(fixtures["spec"], "".join(fixtures["messages"][0]["hex"].split()))
"""

ALL_SPECS = """
import iso_gateway
from iso_gateway.catalog import load_profile, load_spec, profile_names, spec_names

for name in spec_names():
    load_profile(load_spec(name).profile)
print(len(spec_names()), "specs,", len(profile_names()), "profiles from", iso_gateway.__file__)
assert len(spec_names()) >= 4
"""


def run(*command: str | Path, cwd: Path) -> str:
    """Run *command* and return what it printed; print all of it and exit where it fails."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(command, cwd=cwd, env=environment, text=True, capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}exit {done.returncode}")
    return done.stdout.strip()


def check_contents(dist: Path) -> Path:
    """Return the wheel in *dist*, once it and the sdist hold every file that they should, and no tests."""
    (wheel,) = dist.glob("*.whl")
    (sdist,) = dist.glob("*.tar.gz")
    packaged = set(zipfile.ZipFile(wheel).namelist())
    with tarfile.open(sdist) as archive:
        source = {name.partition("/")[2] for name in archive.getnames()}
    tracked = run("git", "ls-files", "iso_gateway", "specs", "fixtures", cwd=ROOT).splitlines()
    wanted = {path if path.startswith("iso_gateway/") else f"iso_gateway/{path}" for path in tracked}
    for what, missing in (("wheel", wanted - packaged), ("sdist", set(tracked) - source)):
        if missing:
            sys.exit(f"missing in the {what}: {', '.join(sorted(missing))}")
    strangers = {path.split("/")[0] for path in packaged} - {"iso_gateway"}
    if any(not name.endswith(".dist-info") for name in strangers):
        sys.exit(f"in the wheel beside the package: {', '.join(sorted(strangers))}")
    print(f"built     {wheel.name} ({len(packaged)} files), {sdist.name}")
    return wheel


def check_use(wheel: Path, fresh: Path, elsewhere: Path) -> None:
    """Install *wheel* into a venv at *fresh* and use it from the folder *elsewhere*."""
    run(sys.executable, "-m", "venv", "--without-pip", fresh, cwd=elsewhere)
    python = fresh / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python)
    run(*pip, "install", "--quiet", "--constraint", ROOT / "requirements.txt", wheel, cwd=elsewhere)
    command = fresh / "bin" / "iso-gateway"
    print("installed", run(command, "--version", cwd=elsewhere))
    print("loaded   ", run(python, "-c", ALL_SPECS, cwd=elsewhere))
    spec, raw = run(python, "-c", ONE_FIXTURE, cwd=elsewhere).split()
    table = run(command, "decode", "--spec", spec, raw, cwd=elsewhere)
    if not table:
        sys.exit("decode printed nothing")
    print(f"decoded   a fixture to {len(table.splitlines())} lines")


def main() -> None:
    """Build, look inside, install, use."""
    with tempfile.TemporaryDirectory(prefix="iso-gateway-") as name:
        folder = Path(name)
        elsewhere = folder / "elsewhere"
        elsewhere.mkdir()
        run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist", ROOT, cwd=elsewhere)
        check_use(check_contents(folder / "dist"), folder / "fresh", elsewhere)


if __name__ == "__main__":
    main()
