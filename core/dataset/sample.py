"""A synthetic shooter: the same columns and the same story as the reference case.

Two-point shots for development, three-point shots as production, some rows without a label, some
repeated rows, seasons along time. Deterministic: the same seed gives the same files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

DEV_ROWS = 9_000
PROD_ROWS = 2_400
SEED = 2024
THREE_POINT_FEET = 23.75
_OPPONENTS = (
    "ATL",
    "BOS",
    "CHI",
    "DAL",
    "DEN",
    "DET",
    "GSW",
    "HOU",
    "MIA",
    "MIL",
    "MIN",
    "NYK",
    "ORL",
    "PHI",
    "SAC",
)
_HOME_LATITUDE, _HOME_LONGITUDE = 34.0443, -118.2698


def generate(seed: int = SEED) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Development table (two-pointers) and production table (three-pointers)."""
    rng = np.random.default_rng(seed)
    dev = _shots(rng, _two_point_distance(rng, DEV_ROWS), first_id=1)
    prod = _shots(rng, _three_point_distance(rng, PROD_ROWS), first_id=DEV_ROWS + 1)
    return _with_repeats(dev, rng), _with_repeats(prod, rng)


def _two_point_distance(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Feet: layups, short jumpers and mid-range shots, none beyond the arc."""
    rim = np.abs(rng.normal(0.0, 2.2, rows))
    jumper = rng.normal(15.0, 4.2, rows)
    feet = np.where(rng.random(rows) < 0.34, rim, jumper)
    return np.clip(np.abs(feet), 0.0, 22.8)


def _three_point_distance(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Feet: mostly just behind the arc, a few heaves."""
    feet = THREE_POINT_FEET + rng.exponential(1.6, rows)
    heaves = rng.random(rows) < 0.015
    return np.where(heaves, rng.uniform(32.0, 60.0, rows), feet)


def make_probability(
    feet: np.ndarray, angle: np.ndarray, minutes: np.ndarray, playoffs: np.ndarray
) -> np.ndarray:
    """Chance that a shot goes in, shape (n,): falls with distance, a little with pressure."""
    score = (
        0.75
        - 0.075 * feet
        + 0.0011 * np.minimum(feet, 24.0) ** 2
        + 0.18 * np.cos(angle - 0.4)
        + 0.012 * (minutes - 5.5)
        - 0.08 * playoffs
    )
    return 1.0 / (1.0 + np.exp(-score))


def _shots(rng: np.random.Generator, feet: np.ndarray, first_id: int) -> pd.DataFrame:
    import pandas as pd

    rows = len(feet)
    angle = np.pi * rng.beta(1.6, 1.6, rows)
    x = np.round(10 * feet * np.cos(angle)).astype(np.int64)
    y = np.round(10 * feet * np.sin(angle)).astype(np.int64)
    distance = np.floor(np.hypot(x, y) / 10).astype(np.int64)
    when = np.sort(rng.integers(0, 10 * 180, rows))
    season = 2000 + when // 180
    date = pd.to_datetime([f"{s}-11-01" for s in season]) + pd.to_timedelta(when % 180, unit="D")
    minutes = rng.integers(0, 12, rows)
    playoffs = ((when % 180) > 155).astype(np.int64)
    probability = make_probability(feet, angle, minutes.astype(float), playoffs)
    made = (rng.random(rows) < probability).astype(float)
    made[rng.random(rows) < 0.16] = np.nan
    opponent = rng.choice(_OPPONENTS, rows)
    three = distance >= 23
    return pd.DataFrame(
        {
            "action_type": np.where(feet < 4, "Layup Shot", "Jump Shot"),
            "combined_shot_type": np.where(feet < 4, "Layup", "Jump Shot"),
            "game_event_id": rng.integers(2, 600, rows),
            "game_id": 20_000_000 + when * 10,
            "lat": np.round(_HOME_LATITUDE - y / 1000, 4),
            "loc_x": x,
            "loc_y": y,
            "lon": np.round(_HOME_LONGITUDE + x / 1000, 4),
            "minutes_remaining": minutes,
            "period": rng.choice([1, 2, 3, 4, 5], rows, p=[0.25, 0.23, 0.27, 0.24, 0.01]),
            "playoffs": playoffs,
            "season": [f"{s}-{(s + 1) % 100:02d}" for s in season],
            "seconds_remaining": rng.integers(0, 60, rows),
            "shot_distance": distance,
            "shot_made_flag": made,
            "shot_type": np.where(three, "3PT Field Goal", "2PT Field Goal"),
            "shot_zone_area": _area(angle),
            "shot_zone_basic": _zone(feet),
            "shot_zone_range": _range(feet),
            "team_id": 1,
            "team_name": "Sample City Shooters",
            "game_date": date.strftime("%Y-%m-%d"),
            "matchup": [f"SMP vs. {name}" for name in opponent],
            "opponent": opponent,
            "shot_id": np.arange(first_id, first_id + rows),
        }
    )


def _area(angle: np.ndarray) -> np.ndarray:
    names = np.array(
        [
            "Right Side(R)",
            "Right Side Center(RC)",
            "Center(C)",
            "Left Side Center(LC)",
            "Left Side(L)",
        ]
    )
    return names[np.minimum((angle / np.pi * 5).astype(int), 4)]


def _zone(feet: np.ndarray) -> np.ndarray:
    return np.select(
        [feet < 4, feet < 16, feet < THREE_POINT_FEET - 0.75],
        ["Restricted Area", "In The Paint (Non-RA)", "Mid-Range"],
        "Above the Break 3",
    )


def _range(feet: np.ndarray) -> np.ndarray:
    return np.select(
        [feet < 8, feet < 16, feet < 24],
        ["Less Than 8 ft.", "8-16 ft.", "16-24 ft."],
        "24+ ft.",
    )


def _with_repeats(
    frame: pd.DataFrame, rng: np.random.Generator, share: float = 0.01
) -> pd.DataFrame:
    """The table with a few rows entered twice, as real exports have them."""
    import pandas as pd

    repeated = frame.sample(frac=share, random_state=int(rng.integers(2**31)))
    return pd.concat([frame, repeated]).sort_values("shot_id", kind="stable").reset_index(drop=True)
