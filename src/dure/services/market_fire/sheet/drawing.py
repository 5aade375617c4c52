"""The plan on paper: the burning stall in the middle, what is beside it, gates, shut-offs, hydrants; north is up."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from reportlab.lib import colors
from reportlab.pdfgen.pathobject import PDFPathObject
from reportlab.platypus import Flowable

from dure.documents.paper import Faces
from dure.kernel.geometry import LonLat
from dure.services.market_fire.plan.shapes import metres, middle

_RED: Final = colors.HexColor("#C3261F")
_ORANGE: Final = colors.HexColor("#FDEEDF")
_EDGE: Final = colors.HexColor("#AD4A00")
_GREY: Final = colors.HexColor("#EDEFF2")
_LINE: Final = colors.HexColor("#868F9B")
_BLUE: Final = colors.HexColor("#1D5BBF")
_GREEN: Final = colors.HexColor("#0B7265")
_INK: Final = colors.HexColor("#14181E")
ACROSS_M: Final = 84.0
"""So much of the market is shown from side to side: stalls stay large enough to read their numbers."""
_COLOURS: Final[Mapping[str, colors.Color]] = {"gate": _GREEN, "shutoff": _EDGE, "hydrant": _BLUE}


class PlanDrawing(Flowable):
    """A picture of `wide` x `high` points, drawn to scale."""

    def __init__(
        self, plan: Mapping[str, Any], wide: float, high: float, faces: Faces, words: Callable[[str], str]
    ) -> None:
        super().__init__()
        self.width, self.height = wide, high
        self._plan, self._faces, self._words = plan, faces, words
        burning = [one for one in plan["stalls"] if one["role"] == "burning"]
        self._at: LonLat = middle([list(middle(one["outline"])) for one in burning or plan["stalls"]])
        self._scale = wide / ACROSS_M

    def draw(self) -> None:
        """Called by the page."""
        canvas = self.canv
        canvas.saveState()
        frame = canvas.beginPath()
        frame.rect(0, 0, self.width, self.height)
        canvas.setFillColor(colors.white)
        canvas.setStrokeColor(_LINE)
        canvas.drawPath(frame, stroke=1, fill=1)
        canvas.saveState()
        canvas.clipPath(frame, stroke=0, fill=0)
        for role in ("other", "beside", "burning"):
            for one in self._plan["stalls"]:
                if one["role"] == role:
                    self._stall(one)
        self._halls()
        canvas.restoreState()
        outside = [one for one in self._plan["marks"] if not self._mark(one)]
        self._edges(outside)
        self._legend()
        canvas.restoreState()

    def _place(self, points: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
        return [
            (self.width / 2 + x * self._scale, self.height / 2 + y * self._scale) for x, y in metres(self._at, points)
        ]

    def _stall(self, one: Mapping[str, Any]) -> None:
        canvas, corners = self.canv, self._place(one["outline"])
        path: PDFPathObject = canvas.beginPath()
        path.moveTo(*corners[0])
        for corner in corners[1:]:
            path.lineTo(*corner)
        path.close()
        burning, beside = one["role"] == "burning", one["role"] == "beside"
        canvas.setFillColor(
            _RED if burning else _ORANGE if beside and one["hazard"] else _GREY if beside else colors.white
        )
        canvas.setStrokeColor(_INK if burning else _EDGE if one["hazard"] or one["alarm"] else _LINE)
        canvas.setLineWidth(1.6 if burning else 1.0 if one["hazard"] or one["alarm"] else 0.4)
        canvas.drawPath(path, stroke=1, fill=1)
        wide = max(x for x, _ in corners) - min(x for x, _ in corners)
        told = str(one["number"])
        size = min(9.0 if burning else 6.5, wide / max(1.4, 0.62 * len(told)))
        if size < 3.5:
            return
        x, y = self._place([list(middle(one["outline"]))])[0]
        canvas.setFillColor(colors.white if burning else _INK)
        canvas.setFont(self._faces.bold if burning or one["hazard"] else self._faces.plain, size)
        canvas.drawCentredString(x, y - size * 0.35, told)

    def _halls(self) -> None:
        """The name of each hall at the western end of what is seen of it: stalls of all halls have the same numbers."""
        canvas = self.canv
        west: dict[str, tuple[float, float]] = {}
        for one in self._plan["stalls"]:
            x, y = self._place([list(middle(one["outline"]))])[0]
            if one["zone"] and 22 <= x <= self.width - 22 and 22 <= y <= self.height - 12:
                west[one["zone"]] = min(west.get(one["zone"], (x, y)), (x, y))
        for zone, (x, y) in west.items():
            wide = canvas.stringWidth(zone, self._faces.bold, 9) + 8
            canvas.setFillColor(_INK)
            canvas.roundRect(x - wide / 2, y - 6.5, wide, 13, 2, stroke=0, fill=1)
            canvas.setFillColor(colors.white)
            canvas.setFont(self._faces.bold, 9)
            canvas.drawCentredString(x, y - 3.2, zone)

    def _mark(self, one: Mapping[str, Any]) -> bool:
        """Whether it lies within the picture, and is drawn."""
        (x, y) = self._place([[one["lon"], one["lat"]]])[0]
        if not (6 <= x <= self.width - 6 and 6 <= y <= self.height - 6):
            return False
        self._sign(one["kind"], x, y)
        return True

    def _sign(self, kind: str, x: float, y: float) -> None:
        """A gate is a triangle, a shut-off a square, a hydrant a disc: never colour alone."""
        canvas = self.canv
        canvas.setFillColor(_COLOURS[kind])
        canvas.setStrokeColor(colors.white)
        canvas.setLineWidth(0.8)
        if kind == "hydrant":
            canvas.circle(x, y, 4, stroke=1, fill=1)
        elif kind == "shutoff":
            canvas.rect(x - 3.5, y - 3.5, 7, 7, stroke=1, fill=1)
        else:
            path = canvas.beginPath()
            path.moveTo(x, y + 5)
            path.lineTo(x + 4.6, y - 3.5)
            path.lineTo(x - 4.6, y - 3.5)
            path.close()
            canvas.drawPath(path, stroke=1, fill=1)

    def _edges(self, outside: Sequence[Mapping[str, Any]]) -> None:
        """The nearest hydrants that lie beyond the picture: at its edge, with their distance."""
        canvas = self.canv
        far = sorted(
            (math.hypot(*metres(self._at, [[one["lon"], one["lat"]]])[0]), index)
            for index, one in enumerate(outside)
            if one["kind"] == "hydrant"
        )
        for distance, index in far[:3]:
            x, y = metres(self._at, [[outside[index]["lon"], outside[index]["lat"]]])[0]
            room = min((self.width / 2 - 26) / max(abs(x), 1e-6), (self.height / 2 - 9) / max(abs(y), 1e-6))
            px, py = self.width / 2 + x * room, self.height / 2 + y * room
            self._sign("hydrant", px, py)
            canvas.setFillColor(_BLUE)
            canvas.setFont(self._faces.bold, 7)
            if x > 0:
                canvas.drawRightString(px - 6, py - 2.5, f"{distance:.0f} m →")
            else:
                canvas.drawString(px + 6, py - 2.5, f"← {distance:.0f} m")

    def _legend(self) -> None:
        canvas = self.canv
        canvas.setFillColor(colors.white)
        canvas.setStrokeColor(_LINE)
        canvas.setLineWidth(0.4)
        parts = (("gate", "gate"), ("shutoff", "shutoff"), ("hydrant", "hydrant"))
        canvas.rect(0, 0, 214, 15, stroke=1, fill=1)
        canvas.rect(self.width - 20, self.height - 28, 20, 28, stroke=1, fill=1)
        x = 9.0
        for kind, word in parts:
            self._sign(kind, x, 7.5)
            canvas.setFillColor(_INK)
            canvas.setFont(self._faces.plain, 7)
            told = self._words(word)
            canvas.drawString(x + 7, 5, told)
            x += 16 + canvas.stringWidth(told, self._faces.plain, 7)
        metre = 10 * self._scale
        canvas.setStrokeColor(_INK)
        canvas.setLineWidth(1)
        canvas.line(x, 5, x + metre, 5)
        canvas.drawString(x + metre + 3, 5, "10 m")
        canvas.setFont(self._faces.bold, 8)
        canvas.drawCentredString(self.width - 10, self.height - 11, self._words("north"))
        canvas.line(self.width - 10, self.height - 24, self.width - 10, self.height - 14)
