"""``python write_golden.py``: write golden.json anew, by the reference implementation; needs transformers 5.24 and numpy.

For each sound of `support.turn_audio` the features of each eightieth frame, and mean and deviation of them all.
"""

import json
import sys
from pathlib import Path

import numpy as np
from transformers import WhisperFeatureExtractor

sys.path.insert(0, str(Path(__file__).parents[3]))

from support.turn_audio import SOUNDS

WINDOW = 128_000

if __name__ == "__main__":
    extract = WhisperFeatureExtractor(chunk_length=8)
    golden = {}
    for name, pcm in SOUNDS.items():
        said = np.frombuffer(pcm, "<i2").astype(np.float32)[-WINDOW:] / np.float32(32768)
        window = np.pad(said, (WINDOW - len(said), 0))
        features = extract(
            window, sampling_rate=16_000, padding="max_length", max_length=WINDOW, truncation=True, do_normalize=True, return_tensors="np"
        ).input_features[0]
        golden[name] = {
            "mean": round(float(features.mean()), 5),
            "deviation": round(float(features.std()), 5),
            "frames": [[round(float(value), 4) for value in column] for column in features[:, 39::80].T],
        }
    Path(__file__).with_name("golden.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n", "utf-8")
