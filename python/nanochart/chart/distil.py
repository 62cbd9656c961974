"""Distillation: a small smooth network in place of a trained encoder, for MD."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nanochart import _core
from nanochart.chart.agreement import agreement
from nanochart.chart.export import export, read_metadata
from nanochart.chart.outside import fit as fit_outside
from nanochart.chart.samples import parts_of
from nanochart.chart.student import StudentSettings, stride, student_grid, train_student
from nanochart.chart.student_inputs import structures
from nanochart.descriptor import RdfGrid, rdf
from nanochart.landscape.dataset import Dataset
from nanochart.landscape.dataset_file import TRAINING, VALIDATION

MOST_UNSEEN = 4000


def distil(
    teacher: str | Path,
    data: str | Path,
    output: str | Path,
    name: str,
    settings: StudentSettings = StudentSettings(),
    progress: bool = True,
    other_data: bool = False,
) -> dict[str, Any]:
    """Distil a model file into a small one, `output`; returns its "losses", the agreement on frames
    that the student did not see (`agreement`), by kind of structure.

    teacher : shipped name or path. data : the data set it was trained on, so that the teacher did not
    see those frames either; with ``other_data`` another one of the same clusters.
    Raises ValueError for another data set, or a teacher that is distilled itself.
    """
    path = _core.find_model(str(teacher))
    about = read_metadata(path)
    frames = Dataset(data)
    _check(about, path, frames, other_data)
    grid = RdfGrid(**about["grid"])
    coarse, step = student_grid(grid), stride(grid)
    part = parts_of(frames, about["training"]["split"])
    hot, cold = frames.positions_thermal, frames.positions_quenched
    network = torch.jit.load(path).eval()
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    learn, unseen = part == TRAINING, part == VALIDATION
    student, history = train_student(network, hot[learn], cold[learn], grid, settings, progress)
    count = min(4 * np.count_nonzero(unseen), MOST_UNSEEN)
    losses = agreement(network, lambda g: student(g[:, :, ::step]),
                       *structures(hot[unseen], cold[unseen], count, settings.seed + 1), grid)  # fmt: skip
    known, new = (np.concatenate([rdf(x[rows], coarse) for x in (hot, cold)]) for rows in (learn, unseen))
    training = {key: about["training"][key] for key in ("inputs", "target", "split") if key in about["training"]}
    training |= {"data_hash": frames.hash, "structures": len(frames), "potential": frames.potential,
                 "temperatures": sorted(set(np.asarray(frames.temperature).tolist())),
                 "teacher": about["name"], "teacher_hash": about["hash"],
                 "teacher_data_hash": about["training"].get("data_hash"),
                 "teacher_validation": about["losses"].get("validation"), **asdict(settings)}  # fmt: skip
    export(student, output, name=name, grid=coarse, elements=about["elements"], atoms=about["atoms"],
           inputs=known, standardise=False, training=training, losses=losses | {"training_loss": history[-1]},
           outside=fit_outside(known, new))  # fmt: skip
    return losses


def _check(about: dict[str, Any], path: str, frames: Dataset, other_data: bool) -> None:
    if "dense" in about:
        raise ValueError(f"{path} is a distilled model, must be a trained encoder")
    system, mine = ([x[key] for key in ("elements", "atoms")] for x in
                    (about, {"elements": [frames.element], "atoms": frames.atoms}))  # fmt: skip
    if system != mine:
        raise ValueError(f"{path} is of {system[1]} atoms of {' '.join(system[0])}, {frames.path} of {mine[1]} of {mine[0][0]}")
    if about["training"].get("data_hash") != frames.hash and not other_data:
        raise ValueError(f"{path} was trained on the data set {about['training'].get('data_hash', 'unknown')[:12]}.., "
                         f"{frames.path} is {frames.hash[:12]}..: give the same, or say --other-data: then the teacher "
                         "may have seen the frames that judge the student")  # fmt: skip
