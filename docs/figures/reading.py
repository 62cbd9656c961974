"""Pictures of docs/families.md and of the pages of `families` and `chart`.

    python docs/figures/reading.py Au147 data/Au147.h5 FOLDER [--frames Au147.quenched.h5]

Runs `nanochart families`, `chart` and `quality` into FOLDER and keeps small copies of their pictures in docs/img and their
numbers in docs/models. --frames: all quenched frames of the tempering runs, for populations; without it there is no
picture of them. --atlas takes the picture of atlas.html. --stored keeps the families beside the model (found on an earlier
student of the same teacher, say): their table and picture are made anew, the scan of bandwidths stays.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).parent.parent


def nanochart(*arguments) -> None:
    subprocess.run([sys.executable, "-m", "nanochart.cli", *map(str, arguments)], check=True)


def keep(picture: Path, name: str, width: int = 1100) -> None:
    """A small copy for the documentation."""
    image = Image.open(picture).convert("RGB")
    if image.width > width:
        image = image.resize((width, image.height * width // image.width), Image.LANCZOS)
    image.save(DOCS / "img" / name, optimize=True)  # a palette would merge the orange of icosahedral atoms with red


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", help="shipped name")
    parser.add_argument("data", type=Path, help="HDF5 data set")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--frames", type=Path, help="data set of all frames")
    parser.add_argument("--atlas", action="store_true", help="keep a picture of atlas.html")
    parser.add_argument("--stored", action="store_true", help="take the families beside the model")
    parser.add_argument("--umap", action="store_true", help="compare with UMAP too")
    parser.add_argument("--against", action="append", default=[], help="model to align with; may be repeated")
    options = parser.parse_args()
    model, data, out = options.model, options.data, options.folder
    out.mkdir(parents=True, exist_ok=True)

    if not options.stored:
        nanochart("families", model, data, "-o", out / "families", "--store")
    frames = ["--frames", options.frames] if options.frames else []
    nanochart("chart", model, data, "-o", out / "chart", *frames)
    kept = [("chart", "chart", 1100), ("chart", "rdf", 800), ("chart", "families", 1100)]
    if not options.stored:
        kept.append(("families", "bandwidths", 700))
    for folder, name, width in kept + ([("chart", "fractions", 800)] if options.frames else []):
        keep(out / folder / f"{name}.png", f"{name}_{model}.png", width)
    table, scan = DOCS / "models" / f"{model}.families.txt", out / "families" / "families.txt"
    plateau = (table if options.stored else scan).read_text().strip().split("\n")[-1]
    table.write_text((out / "chart" / "families.txt").read_text() + plateau + "\n")
    more = [word for other in options.against for word in ("--against", other)] + ["--umap"] * options.umap
    nanochart("quality", model, data, "-o", DOCS / "models" / f"{model}.quality.json", *more)
    if options.atlas:
        screenshot(out / "chart" / "atlas.html", out / "atlas.png")
        keep(out / "atlas.png", f"atlas_{model}.png")


if __name__ == "__main__":
    main()
