"""The sides, gain and loss, and the states stay apart for eyes without red or green.

The matrices are those of Machado, Oliveira and Fernandes, "A Physiologically-based
Model for Simulation of Color Vision Deficiency", IEEE TVCG 15 (2009), severity 1.0, for
linear RGB. Distances are CIE76 in CIELAB (D65).
"""

from itertools import combinations

import numpy as np
import pytest

from app.ui.theme import THEMES

EYES = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
WHITE = np.array([0.95047, 1.0, 1.08883])
SIDES = [
    ("bid", "ask"),
    ("gain", "loss"),
    ("bid_bar", "ask_bar"),
    ("bid_own", "ask_own"),
]
CELLS = [("bid_cell", "ask_cell")]
STATES = list(combinations(("view", "armed", "reduce", "killed"), 2))


def linear(colour: str) -> np.ndarray:
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    small, large = parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4
    return np.where(parts <= 0.04045, small, large)


def lab(colour: str, eye: str) -> np.ndarray:
    seen = np.clip(EYES[eye] @ linear(colour), 0, 1)
    xyz = TO_XYZ @ seen / WHITE
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distance(one: str, other: str, eye: str) -> float:
    return float(np.linalg.norm(lab(one, eye) - lab(other, eye)))


def test_distances_of_known_colours() -> None:
    assert distance("#000000", "#ffffff", "usual") == pytest.approx(100, abs=0.1)
    assert lab("#ff0000", "usual") == pytest.approx([53.24, 80.09, 67.20], abs=0.05)
    # What the eye without green confuses, the model confuses too.
    red, green = "#c06030", "#808030"
    assert distance(red, green, "deuteranopia") < distance(red, green, "usual") / 2


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize(
    ("pair", "least"),
    [
        *((pair, 25) for pair in SIDES),
        *((pair, 6) for pair in CELLS),
        *((pair, 10) for pair in STATES),
    ],
)
def test_meanings_stay_apart(
    eye: str, name: str, pair: tuple[str, str], least: float
) -> None:
    theme = THEMES[name]
    apart = distance(getattr(theme, pair[0]), getattr(theme, pair[1]), eye)
    assert apart >= least, f"{pair[0]} and {pair[1]}: {apart:.1f}"
