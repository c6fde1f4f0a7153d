"""Builds the compiled engine of the codec, and presses what is shipped as YAML: into a wheel, in place for an editable
install, or in place by hand.

    python hatch_build.py

Where the engine cannot be built (no compiler, no headers of Python, no Cython) the package is built without, and runs
on the Python walker. ``ISO_GATEWAY_ENGINE=compiled`` makes that an error, ``reference`` does not try.
Only the file of the running interpreter's ABI is ever written, and none is deleted: another environment may use it.

Pressed specs and profiles are the shipped ones as plain data, which load in a tenth of the time
(`iso_gateway.catalog.pressed`). Where they cannot be pressed, or are no longer true, the sources are read.
"""

from __future__ import annotations

import contextlib
import os
import runpy
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT: Final = Path(__file__).resolve().parent
FOLDER: Final = ROOT / "iso_gateway" / "codec"
NAME: Final = f"_engine{sysconfig.get_config_var('EXT_SUFFIX')}"
ASKED: Final = os.environ.get("ISO_GATEWAY_ENGINE", "")
# Run as a file: the package itself cannot be imported where only what builds it is installed.
CHECKSUM: Final = runpy.run_path(str(ROOT / "iso_gateway" / "resources.py"))["engine_checksum"](FOLDER)


class EngineHook(BuildHookInterface[Any]):
    """Adds the engine and the pressed specs to the wheel that is built."""

    scratch: Path | None = None
    """Where they were made: outside of the checkout, so that what this wheel has is its own."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make them, in place for an *editable* version."""
        editable = version == "editable"
        self.scratch = None if editable else Path(tempfile.mkdtemp())
        self._engine(build_data)
        try:
            pressed = press(self.scratch)
        except (OSError, subprocess.CalledProcessError) as error:
            self.app.display_warning(f"without pressed specs, {type(error).__name__}: {error}")
            return
        for each in pressed:
            build_data["force_include"][str(each)] = f"iso_gateway/catalog/shipped/{each.name}"

    def _engine(self, build_data: dict[str, Any]) -> None:
        if ASKED == "reference":
            return
        try:
            if self.scratch is None:
                build_in_place()
                return
            built = compile_engine(self.scratch)
        except Exception as error:
            if ASKED == "compiled":
                self.finalize()
                raise
            self.app.display_warning(f"without the compiled engine, {type(error).__name__}: {error}")
            return
        build_data["force_include"][str(built)] = f"iso_gateway/codec/{NAME}"
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, *_: object) -> None:
        """Remove what the wheel was made of."""
        if self.scratch:
            shutil.rmtree(self.scratch, ignore_errors=True)


def build_in_place() -> bool:
    """Build the engine beside its source unless it is there and current; say whether it was built."""
    there = FOLDER / NAME
    if there.exists() and CHECKSUM.encode() in there.read_bytes():
        return False
    with tempfile.TemporaryDirectory() as scratch:
        new = FOLDER / f".{NAME}.{os.getpid()}"
        shutil.copyfile(compile_engine(Path(scratch)), new)
    new.replace(there)  # whole at once: a process that runs on the old one keeps it
    return True


def compile_engine(scratch: Path) -> Path:
    """Compile the engine in the empty folder *scratch* and return the file."""
    # Imported here: where they are missing, that is no reason to fail.
    from Cython.Build import cythonize  # noqa: PLC0415
    from setuptools import Distribution, Extension  # noqa: PLC0415

    with contextlib.chdir(ROOT):  # so that no path of this machine gets into the file
        extension = Extension(
            "iso_gateway.codec._engine",
            ["iso_gateway/codec/_engine.pyx"],
            define_macros=[("ISO_GATEWAY_ENGINE_SOURCE", f'"{CHECKSUM}"')],
            # Who gives flags of his own (a packager, make sanitize) may want to see into it.
            extra_compile_args=["-O3"] if os.environ.get("CFLAGS") else ["-O3", "-g0"],
        )
        modules = cythonize([extension], build_dir=str(scratch), force=True, quiet=True)
        command = Distribution({"ext_modules": modules}).get_command_obj("build_ext")
        command.build_lib = command.build_temp = str(scratch)
        command.ensure_finalized()
        command.run()
    return scratch / "iso_gateway" / "codec" / NAME


def press(scratch: Path | None) -> list[Path]:
    """Press specs and profiles into a folder in *scratch* and return the files; without one, those that are stale in
    place, and return nothing.

    Raises:
        subprocess.CalledProcessError: they cannot be read, or what reads them is not installed.
    """
    folder = None if scratch is None else scratch / "shipped"
    subprocess.run(  # noqa: S603 -- nothing in it is anybody's but ours
        [sys.executable, "-m", "iso_gateway.catalog.pressing", "--in-place" if folder is None else str(folder)],
        cwd=ROOT,
        # Made without it, and the same with it: where it is asked for it may not be there yet.
        env=os.environ | {"ISO_GATEWAY_ENGINE": "reference"},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return [] if folder is None else sorted(folder.iterdir())


def main() -> int:
    """Make in place what is not current, and say what cannot be made."""
    missing = []
    try:
        if ASKED != "reference":
            sys.stdout.write(f"{NAME}: {'built' if build_in_place() else 'is current'}\n")
    except Exception as error:  # noqa: BLE001 -- whatever it is, the package works without
        missing.append(f"without the compiled engine, {type(error).__name__}: {error}\n")
    try:
        press(None)
    except (OSError, subprocess.CalledProcessError) as error:
        missing.append(f"without pressed specs, {type(error).__name__}: {error}\n")
    sys.stderr.write("".join(missing))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
