"""Does what we publish work: sdist and wheel built, the wheel installed elsewhere and used from another folder.

Run by ``make check``; needs a C compiler, and hides it once. ``--release DIST`` looks at the files of a release instead
(docs/release.md). A checkout finds specs and fixtures beside the package and modules by the folder it is in; a wheel
has only what was put into it. This is the one check that sees the difference.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGED = ("iso_gateway", "specs", "fixtures")
BUILD = (sys.executable, "-m", "build", "--no-isolation")
ENGINE = f"_engine{sysconfig.get_config_var('EXT_SUFFIX')}"

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
from iso_gateway.catalog import load_profile, load_spec, pressed, profile_names, spec_names

for name in spec_names():
    assert pressed.spec(name) is not None, f"{name} was not pressed"
    profile = load_spec(name).profile
    if profile:
        assert load_profile(profile) == pressed.profile(profile), f"{profile} was not pressed"
print(len(spec_names()), "specs,", len(profile_names()), "profiles from", iso_gateway.__file__)
assert len(spec_names()) >= 4
"""


def run(*command: str | Path, cwd: Path, **asked: str) -> str:
    """Run *command* and return what it printed; print all of it and exit where it fails, or a compiler warned."""
    ours = ("PYTHON", "ISO_GATEWAY_")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(ours)} | asked
    done = subprocess.run(command, cwd=cwd, env=environment, text=True, capture_output=True, check=False)
    if done.returncode or "warning:" in done.stderr:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}exit {done.returncode}")
    return done.stdout.strip()


def check_sdist(dist: Path) -> Path:
    """Build the sdist into *dist*, check that it holds every file that it should, and return it unpacked."""
    run(*BUILD, "--sdist", "--outdir", dist, ROOT, cwd=dist)
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        source = {name.partition("/")[2] for name in archive.getnames()}
        archive.extractall(dist, filter="data")
    if missing := set(run("git", "ls-files", *PACKAGED, "hatch_build.py", cwd=ROOT).splitlines()) - source:
        sys.exit(f"missing in the sdist: {', '.join(sorted(missing))}")
    if compiled := {name for name in source if name.endswith((".so", ".c", ".pressed"))}:
        sys.exit(f"compiled, in the sdist: {', '.join(sorted(compiled))}")
    print(f"built     {sdist.name} ({len(source)} files)")
    return dist / sdist.name.removesuffix(".tar.gz")


def check_wheel(source: Path, dist: Path, *, engines: list[str], tag: str, **asked: str) -> Path:
    """Build the wheel from *source* into *dist*; return it, once it has every file, and these *engines* alone."""
    run(*BUILD, "--wheel", "--outdir", dist, source, cwd=source, **asked)
    (wheel,) = dist.glob("*.whl")
    packaged = zipfile.ZipFile(wheel).namelist()
    tracked = run("git", "ls-files", *PACKAGED, cwd=ROOT).splitlines()
    wanted = {path if path.startswith("iso_gateway/") else f"iso_gateway/{path}" for path in tracked}
    if missing := wanted - set(packaged):
        sys.exit(f"missing in the wheel: {', '.join(sorted(missing))}")
    strangers = {path.split("/")[0] for path in packaged} - {"iso_gateway"}
    if any(not name.endswith(".dist-info") for name in strangers):
        sys.exit(f"in the wheel beside the package: {', '.join(sorted(strangers))}")
    if (found := [path.rpartition("/")[2] for path in packaged if path.endswith(".so")]) != engines:
        sys.exit(f"engines in the wheel: expected {engines}, found {found}")
    if not wheel.stem.endswith(f"-{tag}"):
        sys.exit(f"{wheel.name}: expected the tag {tag}")
    print(f"built     {wheel.name} ({len(packaged)} files)")
    return wheel


def check_use(wheel: Path, fresh: Path, elsewhere: Path, *, engine: str) -> None:
    """Install *wheel* into the venv at *fresh* and use it from the folder *elsewhere*; it runs on *engine*."""
    python = fresh / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python)
    constraint = ("--constraint", ROOT / "requirements.txt")
    run(*pip, "install", "--quiet", "--force-reinstall", *constraint, wheel, cwd=elsewhere)
    command = fresh / "bin" / "iso-gateway"
    version = run(command, "--version", cwd=elsewhere)
    print("installed", version.replace("\n", ", "))
    if f"engine: {engine}" not in version:
        sys.exit(f"expected the engine to be {engine}")
    print("loaded   ", run(python, "-c", ALL_SPECS, cwd=elsewhere))
    spec, raw = run(python, "-c", ONE_FIXTURE, cwd=elsewhere).split()
    table = run(command, "decode", "--spec", spec, raw, cwd=elsewhere)
    if not table:
        sys.exit("decode printed nothing")
    print(f"decoded   a fixture to {len(table.splitlines())} lines")


def check_release(dist: Path) -> None:
    """Check the files of *dist*, which are to be published: the sdist, and wheels that the public index takes."""
    names = sorted(path.name for path in dist.iterdir())
    wheels = [name for name in names if name.endswith(".whl")]
    sdists = [name for name in names if name.endswith(".tar.gz")]
    wrong = [f"{name}: neither sdist nor wheel" for name in names if name not in wheels + sdists]
    # pip prefers any wheel to compiling, so a pure one would keep the engine from all who have a compiler.
    wrong += [f"{name}: a wheel without the engine" for name in wheels if name.endswith("-none-any.whl")]
    wrong += [f"{name}: a tag that the index refuses" for name in wheels if "-linux_" in name]
    wrong += [] if len(sdists) == 1 and wheels else ["expected one sdist, and wheels"]
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"may be released: {', '.join(names)}")


def main() -> None:
    """Build, look inside, install, use: with the engine, and as where no compiler is."""
    if len(sys.argv) == 3 and sys.argv[1] == "--release":
        check_release(Path(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory(prefix="iso-gateway-") as name:
        folders = {part: Path(name) / part for part in ("dist", "compiled", "pure", "elsewhere")}
        for folder in folders.values():
            folder.mkdir()
        source = check_sdist(folders["dist"])
        # What another Python's build, or ours of last week, left in the folder gets into no wheel.
        for foreign in ("_engine.cpython-399-x86_64-linux-gnu.so", ENGINE):
            (source / "iso_gateway" / "codec" / foreign).write_text("not of this build")
        python = f"cp{sys.version_info.major}{sys.version_info.minor}"
        tag = f"{python}-{python}-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
        whole = check_wheel(source, folders["compiled"], engines=[ENGINE], tag=tag, ISO_GATEWAY_ENGINE="compiled")
        pure = check_wheel(source, folders["pure"], engines=[], tag="py3-none-any", CC="/bin/false")
        fresh = Path(name) / "fresh"
        run(sys.executable, "-m", "venv", "--without-pip", fresh, cwd=folders["elsewhere"])
        check_use(whole, fresh, folders["elsewhere"], engine="compiled")
        check_use(pure, fresh, folders["elsewhere"], engine="reference (no compiled one here")


if __name__ == "__main__":
    main()
