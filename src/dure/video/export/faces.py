"""Where faces and number plates may be in a picture, by the cascades that opencv-python-headless 4 brings along. Only
the child that makes an export imports this.

Haar cascades (Viola and Jones 2001) find faces seen from the front or the side from some 24 pixels on, and plates of
one row; they miss faces that are turned away, covered, small or dark, and most plates that are slanted or two-rowed.
Whoever hands a film on looks at it; what is missed is covered by a mask by hand.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

NAME = f"opencv {cv2.__version__} haarcascade frontalface_default, profileface, russian_plate_number"
_FOLDER = Path(cv2.__file__).with_name("data")
Grey = NDArray[np.uint8]
Box = tuple[int, int, int, int]
_STILL = 1.5
"""Mean difference of brightness below which a picture is taken for the one before."""


class Detector:
    """Looks at pictures one after another."""

    def __init__(self) -> None:
        cv2.setNumThreads(1)
        names = ("frontalface_default", "profileface", "russian_plate_number")
        self._cascades = [cv2.CascadeClassifier(str(_FOLDER / f"haarcascade_{name}.xml")) for name in names]
        if any(one.empty() for one in self._cascades):
            raise RuntimeError("the cascades are not where they should be")
        self._before: Grey | None = None
        self._boxes: list[Box] = []
        self.looked = 0
        self.found = 0

    def boxes(self, grey: Grey) -> Sequence[Box]:
        """Left, top, width and height of each place, a third wider on every side. A picture in which nothing moved is
        not looked at again.
        """
        small = cv2.resize(grey, (64, 36), interpolation=cv2.INTER_AREA).astype(np.int16)
        if self._before is not None and float(np.abs(small - self._before).mean()) < _STILL / 10:
            return self._boxes
        self._before = small.astype(np.int16)
        even = cv2.equalizeHist(grey)
        found: list[Box] = []
        for number, cascade in enumerate(self._cascades):
            least = (24, 8) if number == 2 else (20, 20)
            for x, y, wide, high in cascade.detectMultiScale(even, 1.2, 3, minSize=least):
                found.append(_wider(int(x), int(y), int(wide), int(high)))
        self.looked += 1
        self.found += len(found)
        self._boxes = found
        return found


def _wider(x: int, y: int, wide: int, high: int) -> Box:
    return x - wide // 3, y - high // 3, wide + 2 * (wide // 3), high + 2 * (high // 3)
