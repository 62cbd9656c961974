"""Every instruction set that this processor runs computes the same g and the same pull-back."""

import os
import subprocess
import sys

import numpy as np
import pytest

from nanochart import _core

SCRIPT = """
import sys, numpy as np
sys.path.insert(0, {tests!r})
from rdf_cases import CHARTING, ICOSAHEDRON, hot, random_cluster
from nanochart import _core, rdf, rdf_pullback
out = dict(isa=_core.current_isa(), seldom=_core.current_isa(seldom=True))
for name, x, species in [("ih", hot(ICOSAHEDRON), None),
                         ("mixed", hot(ICOSAHEDRON), ["Ag"] * 50 + ["Cu"] * 97),
                         ("wide", random_cluster(400, 2) * 1.8, None)]:
    g = rdf(x, CHARTING, species=species)
    dv_dg = np.random.default_rng(1).normal(size=g.shape)
    out[name + "_g"] = g
    out[name + "_dv_dx"] = rdf_pullback(x, CHARTING, dv_dg, species=species)
kernel = _core.Rdf(CHARTING.start, CHARTING.step, CHARTING.bins, CHARTING.bandwidth)
out["rows_g"] = kernel.value_rows(hot(ICOSAHEDRON)[None], None, 5, 90)
np.savez({file!r}, **out)
"""


def run(isa, file):
    script = SCRIPT.format(tests=os.path.dirname(__file__), file=str(file))
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True,
                          env={**os.environ, "NANOCHART_ISA": isa})


def test_all_agree(tmp_path):
    isas = _core.available_isas()
    assert isas[0] == "baseline"
    results = {}
    for isa in isas:
        done = run(isa, tmp_path / f"{isa}.npz")
        assert done.returncode == 0, done.stderr
        results[isa] = np.load(tmp_path / f"{isa}.npz")
        assert results[isa]["isa"] == results[isa]["seldom"] == isa
    for isa in isas[1:]:
        for name, values in results[isa].items():
            if name not in ("isa", "seldom"):
                reference = results["baseline"][name]
                np.testing.assert_allclose(values, reference, rtol=0,
                                           atol=1e-12 * np.abs(reference).max())


def test_seldom_work_leaves_the_clock_alone(tmp_path):
    done = run("", tmp_path / "free.npz")
    assert done.returncode == 0, done.stderr
    found = np.load(tmp_path / "free.npz")
    assert found["isa"] == _core.available_isas()[-1]
    assert found["seldom"] == [isa for isa in _core.available_isas() if isa != "avx512"][-1]


@pytest.mark.parametrize("isa", ["sse9", "AVX2"])
def test_unknown_name_is_refused(isa, tmp_path):
    done = run(isa, tmp_path / "none.npz")
    assert done.returncode != 0
    assert f"NANOCHART_ISA is '{isa}', must be one of" in done.stderr
    assert "baseline" in done.stderr
