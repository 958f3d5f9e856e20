"""The smallest change that a count shown with three significant digits can show."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_UNITS: Floats = np.power(10.0, np.arange(307))


def truncation(counts: Floats) -> Floats:
    """The unit of the third significant digit; 1 below 1,000 and where nothing was read."""
    digits = np.floor(np.log10(np.fmax(counts, 1.0)) + 1e-12)
    unit: Floats = _UNITS[np.fmax(digits - 2, 0.0).astype(np.int64)]
    return unit
