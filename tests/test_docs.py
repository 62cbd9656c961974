"""What README and docs tell a reader to type is run here."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
DOCS = ("rdf.md", "outside.md", "engines/ase.md", "free-energies.md")
PAGES = [ROOT / "README.md", *(ROOT / "docs" / name for name in DOCS)]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "lammps_inputs").symlink_to(ROOT / "lammps_inputs")
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_python_examples(page, folder):
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(), re.S)
    assert blocks
    for code in blocks:
        done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        for shown in re.findall(r"# s = (\[.*?\])", code):
            printed = re.search(r"\[.*?\]", done.stdout).group()
            numbers = [[float(word) for word in text.strip("[]").split()] for text in (shown, printed)]
            assert numbers[0] == pytest.approx(numbers[1], abs=2e-3)


def test_the_deck_of_the_readme(folder):
    """The diff shown is chart.lmp, the commands run, and COLVAR starts as shown."""
    diff = re.search(r"```diff\n(.*?)```", README, re.S).group(1).splitlines()
    deck = "\n".join(line[1:] for line in diff)
    assert deck in (ROOT / "lammps_inputs" / "chart.lmp").read_text()
    plain = "\n".join(line[1:] for line in diff if not line.startswith("+"))
    assert plain in (ROOT / "lammps_inputs" / "plain.lmp").read_text()

    commands = re.search(r"```\n\n((?:    .*\n)+)\nprints", README).group(1)
    commands = commands.replace(".venv/bin", str(Path(sys.executable).parent))
    done = subprocess.run(["sh", "-ec", commands], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    shown = re.search(r"```\n(#! FIELDS.*?)```", README, re.S).group(1).splitlines()
    printed = done.stdout.splitlines()[-len(shown) :]
    assert printed[0] == shown[0]
    first = [[float(word) for word in line.split()] for line in (shown[1], printed[1])]
    assert first[0] == pytest.approx(first[1], abs=1e-4)


def test_the_deck_of_the_lammps_page(folder):
    page = (ROOT / "docs" / "engines" / "lammps.md").read_text()
    (folder / "metad.lmp").write_text(re.search(r"```lammps\n(.*?)```", page, re.S).group(1))
    commands = re.search(r"```\n\n((?:    .*\n)+)\nleaves", page).group(1).replace("steps 100000", "steps 1000")
    commands = commands.replace("    nanochart ", f"    {sys.executable} -m nanochart.cli ")
    commands = commands.replace("    lmp ", f"    {Path(sys.executable).parent}/lmp ")
    done = subprocess.run(["sh", "-ec", commands], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    header, *rows = (folder / "COLVAR").read_text().splitlines()
    assert header.split()[-3:] == ["high.bias", "meta.bias", "meta.rct"] and len(rows) == 11
    assert len([line for line in (folder / "HILLS").read_text().splitlines() if line[0] != "#"]) == 2


def test_links_lead_somewhere():
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("lammps_inputs/*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name} links to {target}"
