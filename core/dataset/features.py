"""Raw columns to features (see ``shipped/courtside_features.py``). Imports scikit-learn."""

from __future__ import annotations

from core.dataset import shipped_code

_module = shipped_code.load_all()[-1]

RawFeatures = _module.RawFeatures
encoded_name = _module.encoded_name
