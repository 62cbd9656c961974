"""Pictures of docs/families.md and of the pages of `project` and `chart`.

    python docs/figures/reading.py Au147 Au147.h5 FOLDER

Runs `nanochart families`, `chart`, `quality` and `project` into FOLDER and keeps small copies of their pictures in docs/img
and their numbers in docs/models. The trajectory is number 99 of the data set of recipes/Au147.py: a melt that froze, at 460 K.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
from ase import Atoms
from ase.io import write
from PIL import Image

DOCS = Path(__file__).parent.parent
TRAJECTORY, TIMESTEP = 99, 0.005  # ps


def nanochart(*arguments) -> None:
    subprocess.run([sys.executable, "-m", "nanochart.cli", *map(str, arguments)], check=True)


def keep(picture: Path, name: str, width: int = 1100) -> None:
    """A small copy for the documentation."""
    image = Image.open(picture).convert("RGB")
    if image.width > width:
        image = image.resize((width, image.height * width // image.width), Image.LANCZOS)
    image.save(DOCS / "img" / name, optimize=True)  # a palette would merge the orange of icosahedral atoms with red


def write_trajectory(data: str, path: Path) -> None:
    with h5py.File(data) as file:
        rows = np.flatnonzero(file["replica"][:] == TRAJECTORY)
        steps = file["step"][:]
        write(path, [Atoms(f"Au{x.shape[0]}", x, info={"time": steps[r] * TIMESTEP, "temperature": file["temperature"][r]})
                     for r in rows[np.argsort(steps[rows])] for x in [file["positions_thermal"][r]]], format="extxyz")  # fmt: skip


def screenshot(page: Path, path: Path) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=[
            "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"])  # fmt: skip
        opened = browser.new_page(viewport={"width": 1280, "height": 760}, offline=True)
        opened.set_default_timeout(600_000)
        opened.goto(page.absolute().as_uri())
        opened.wait_for_selector("body[data-ready=yes]")
        opened.wait_for_timeout(3000)
        opened.screenshot(path=path)
        browser.close()


def main(model: str, data: str, folder: str) -> None:
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    if not (out / "families" / "families.json").exists():
        nanochart("families", model, data, "-o", out / "families")
    nanochart("chart", model, data, "-o", out / "chart", "--families", out / "families" / "families.json")
    write_trajectory(data, out / "Au147-460K.xyz")
    for name, more in (("hot", ()), ("quenched", ("--quench",))):
        nanochart("project", model, out / "Au147-460K.xyz", "-o", out / name, "--window", 5,
                  "--families", out / "families" / "families.json", *more)  # fmt: skip
        keep(out / name / "COLVAR.png", f"transition_{name}.png")
    keep(out / "chart" / "chart.png", f"chart_{model}.png")
    keep(out / "chart" / "rdf.png", f"rdf_{model}.png", 800)
    keep(out / "chart" / "fractions.png", f"fractions_{model}.png", 800)
    keep(out / "families" / "families.png", f"families_{model}.png")
    if (out / "families" / "bandwidths.png").exists():
        keep(out / "families" / "bandwidths.png", f"bandwidths_{model}.png", 700)
    shutil.copy(out / "families" / "families.txt", DOCS / "models" / f"{model}.families.txt")
    nanochart("quality", model, data, "-o", DOCS / "models" / f"{model}.quality.json")
    screenshot(out / "chart" / "atlas.html", out / "atlas.png")
    keep(out / "atlas.png", "atlas.png")


if __name__ == "__main__":
    main(*sys.argv[1:4])
