"""`nanochart families`, `chart`, `quality` on a small data set, and the atlas in a real browser."""

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from lammps_runner import write_model
from matplotlib.image import imread

from nanochart import ChartCV, gallery
from nanochart.chart import quality
from nanochart.chart.families import Families, beside
from nanochart.chart.points import load
from nanochart.landscape import cna, dataset
from nanochart.landscape.dataset import Frames
from nanochart.landscape.motifs import start
from nanochart.landscape.trajectories import Trajectory

MOTIFS = ("Ih", "Dh", "Fcc", "Twin")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A data set of shaken motifs at two temperatures, and a closed-form model."""
    folder = tmp_path_factory.mktemp("pictures")
    write_model(folder / "au.pt")
    dataset.create(folder / "au.h5", "Au", 147)
    rng = np.random.default_rng(0)
    for number in range(8):
        motif, n = MOTIFS[number % 4], 15
        x = start(motif, "Au", 147, 0).positions + rng.normal(size=(n, 147, 3)) * 0.02
        plan = Trajectory(number, "Au", 147, motif, 300.0 + 100 * (number // 4), number, frames=n)
        energy = -527 + 0.1 * np.arange(n)
        dataset.append(folder / "au.h5", plan, Frames(x, x, energy, np.zeros(n), np.arange(n) > 0, np.arange(n), "complete", x[0]))
    return folder


@pytest.fixture(scope="module")
def pictures(folder):
    said = []
    gallery.write(str(folder / "au.pt"), folder / "au.h5", folder / "out", families=_families(folder), say=said.append)
    return folder / "out", said


def _families(folder: Path) -> Path:
    points = load(str(folder / "au.pt"), folder / "au.h5")
    centroids = np.array([points.s[points.labels == name].mean(axis=0) for name in MOTIFS])
    path = folder / "given.json"
    Families(centroids, 1.0, MOTIFS, ChartCV(folder / "au.pt").hash).save(path)
    return path


def test_points(folder):
    points = load(str(folder / "au.pt"), folder / "au.h5")
    assert len(points) == 8 * 14  # the first frame of each trajectory did not converge
    assert list(points.row[:3]) == [1, 2, 3] and points.row[14] == 16
    assert set(points.labels) == set(MOTIFS)  # the data set had no labels
    chart = ChartCV(folder / "au.pt")
    assert np.allclose(points.s[40], chart.evaluate(points.positions[40]), atol=1e-6)
    part = points.sample(10, seed=1)
    assert len(part) == 10 and (np.diff(part.row) > 0).all()


def test_points_of_another_system(folder, tmp_path):
    write_model(tmp_path / "ag.pt", elements=("Ag",))
    with pytest.raises(ValueError, match="au.h5 holds Au147, the model .* is of 147 atoms of Ag"):
        load(str(tmp_path / "ag.pt"), folder / "au.h5")


def test_families_command(folder):
    points = load(str(folder / "au.pt"), folder / "au.h5")
    spread = float(np.sqrt(points.s.var(axis=0).mean()))
    found, text = gallery.find_families(points, folder / "fam", bandwidth=0.25 * spread)
    assert len(found) == 4 and "4 families; the charting paper found 22" in text
    assert sorted(name.split("-")[0] for name in found.names) == sorted(MOTIFS)
    again = Families.load(folder / "fam" / "families.json", points.model)
    assert again.names == found.names
    rows = json.loads((folder / "fam" / "table.json").read_text())["families"]
    assert [row["share"] for row in rows] == [0.25] * 4
    assert len(list((folder / "fam" / "structures").glob("family-*.xyz"))) == 4
    assert _painted(folder / "fam" / "families.png")


def test_chart_command_writes_pictures(pictures):
    out, said = pictures
    for name in ("chart", "rdf", "fractions", "families"):
        assert _painted(out / f"{name}.png"), name
    assert not list(out.glob("*.part")) and "wrote chart.png" in said[-1]


def _painted(path: Path) -> bool:
    """A picture with more than a few colours in it."""
    return len(np.unique((imread(path)[::3, ::3, :3] * 255).astype(int).reshape(-1, 3), axis=0)) > 50


def test_families_beside_the_model_are_used(folder, monkeypatch):
    path = beside(ChartCV(folder / "au.pt").path)
    shutil.copy(_families(folder), path)
    monkeypatch.setattr(gallery, "find_families", lambda *a, **k: pytest.fail("looked for families again"))
    monkeypatch.setattr(gallery, "write_atlas", lambda *a, **k: None)
    try:
        gallery.write(str(folder / "au.pt"), folder / "au.h5", folder / "beside", say=lambda text: None)
    finally:
        path.unlink()


def test_quality_report(folder):
    found = quality.report(str(folder / "au.pt"), folder / "au.h5", others=(str(folder / "au.pt"),))
    agreement = found["label_agreement_of_10_neighbours"]
    # Motifs shaken by 0.02 A lie far apart, and every motif has two trajectories of 14.
    assert agreement["chart"] == agreement["g"] == agreement["pca3"] == 1.0 and agreement["chance"] == 0.25
    assert found["label_agreement_on_the_chart_by_label"] == dict.fromkeys((x for x in cna.LABELS if x in MOTIFS), 1.0)
    assert found["alignment"][str(folder / "au.pt")]["r2"] == pytest.approx(1)
    json.dumps(found)


def test_atlas_needs_no_network(pictures):
    page = (pictures[0] / "atlas.html").read_text()
    assert not re.search(r"""<(script|link|img)[^>]+(src|href)\s*=\s*["']?(https?:)?//""", page)


# ---- In a real browser ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    """Chromium of this machine through playwright."""

    def missing(what: str):
        if "browser" in os.environ.get("NANOCHART_REQUIRE", ""):
            pytest.fail(what)
        pytest.skip(what)

    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright is not installed: pip install playwright")
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
    if program is None:
        missing("no chromium or chrome on this machine")
    with sync_playwright() as play:
        # WebGL by software: a test machine has no graphics card.
        opened = play.chromium.launch(executable_path=program, args=[
            "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"])
        yield opened
        opened.close()


def _page(browser):
    page = browser.new_page(viewport={"width": 1280, "height": 800}, offline=True)
    page.set_default_timeout(240_000)  # WebGL by software on a busy machine
    return page


def test_atlas_in_a_browser(pictures, browser, folder):
    """Opens offline, shows the lowest structure, shows the structure of a clicked point, switches colours, turns."""
    page = _page(browser)
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.goto((pictures[0] / "atlas.html").as_uri())
    page.wait_for_selector("body[data-ready=yes]")
    points = load(str(folder / "au.pt"), folder / "au.h5")

    def shown(name):
        return page.text_content(f"#{name}")

    def canvas():
        return page.evaluate("document.getElementById('cluster').toDataURL()")

    assert shown("energy").startswith(f"{points.energy.min():.3f} eV (0.000 above")
    embedded = page.evaluate("D.row")
    k = embedded.index(int(points.row[60]))
    before = canvas()
    page.evaluate("k => document.getElementById('chart').emit('plotly_click', {points: [{customdata: k}]})", k)
    assert f"row {points.row[60]} " in shown("row")
    assert shown("label") == points.labels[60] == shown("family")
    assert shown("temperature") == f"{points.temperature[60]:.0f} K"
    assert shown("s").split() == [f"{v:.3f}" for v in points.s[60]]
    assert canvas() != before
    # The embedded structure is that of the data set, turned.
    x = page.evaluate("Array.from(x)")
    turned, stored = np.reshape(x, (-1, 3)), points.positions[60]
    distances = [np.linalg.norm(y[:5, None] - y, axis=2) for y in (turned, stored)]
    assert np.allclose(*distances, atol=2e-3)

    traces = {}
    for by in ("label", "family", "energy", "temperature"):
        page.select_option("#colour", by)
        traces[by] = page.evaluate("document.getElementById('chart').data.map(t => [t.name, t.x.length, !!t.marker.colorscale])")
    assert {name for name, *_ in traces["label"]} == {*MOTIFS, "chosen"}
    assert sum(n for _, n, _ in traces["family"]) == len(embedded) + 1
    assert traces["energy"][0][2] and traces["temperature"][0][2]

    before, box = canvas(), page.locator("#cluster").bounding_box()
    page.mouse.move(box["x"] + 80, box["y"] + 80)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 120, steps=3)
    page.mouse.up()
    assert canvas() != before
    page.check("#peel")
    page.select_option("#atoms", "coordination")
    assert "≤ 4" in shown("key")
    assert not faults, faults
    page.close()


# Where a point of the chart is on the screen: plotly's scene keeps the matrices of its camera.
PIXEL = """k => {
  const chart = document.getElementById("chart"), scene = chart._fullLayout.scene._scene, camera = scene.glplot.cameraParams;
  let v = [0, 1, 2].map(i => D.s[i][k] * scene.dataScale[i]).concat(1);
  for (const m of [camera.model, camera.view, camera.projection])
    v = [0, 1, 2, 3].map(row => v.reduce((sum, value, column) => sum + m[4 * column + row] * value, 0));
  const box = scene.container.getBoundingClientRect();
  return [box.x + box.width * (1 + v[0] / v[3]) / 2, box.y + box.height * (1 - v[1] / v[3]) / 2];
}"""


def test_a_mouse_click_on_a_point_shows_its_structure(pictures, browser):
    """With the mouse, as a user: which point lies under a pixel is found by plotly."""
    page = _page(browser)
    page.goto((pictures[0] / "atlas.html").as_uri())
    page.wait_for_selector("body[data-ready=yes]")
    first = page.evaluate("chosen")
    # The point farthest from the middle of the others: nothing lies in front of it.
    s = np.array(page.evaluate("D.s")).T
    wanted = int(np.argmax(np.linalg.norm((s - np.median(s, axis=0)) / np.ptp(s, axis=0), axis=1)))
    x, y = page.evaluate(PIXEL, wanted)
    page.mouse.move(x + 1, y)
    page.mouse.move(x, y)
    page.wait_for_function("document.getElementById('chart')._fullLayout.scene._scene.glplot.selection.object")
    page.mouse.click(x, y, delay=1500)  # pressed while a frame is drawn, which takes long without a graphics card
    page.wait_for_function("k => chosen !== k", arg=first)
    clicked = page.evaluate("chosen")
    found, meant = (np.array(page.evaluate(PIXEL, k)) for k in (clicked, wanted))
    assert np.linalg.norm(found - meant) < 15  # pixels
    assert f"row {page.evaluate('D.row')[clicked]} " in page.text_content("#row")
    assert page.text_content("#label") == page.evaluate("k => D.labels[D.label[k]]", clicked)
    page.close()
