"""What is fixed about 한빛시: districts, great roads, river, railway, hills. Metres of the straight plan."""

from typing import NamedTuple

from dure.city.sample.plane import XY

CITY_NAME = "한빛시"
CITY_CODE = "99110"
"""시군구 code. No province of Korea has 99: what is made here can never be taken for a real place."""

HALF_WIDTH, HALF_HEIGHT = 3_750.0, 2_950.0
URBAN_WIDTH, URBAN_HEIGHT = 3_060.0, 2_260.0


class District(NamedTuple):
    """One dong: name, seed point, how far its seed reaches against others, and what is built there, by share."""

    name: str
    seed: XY
    reach: float
    zones: tuple[tuple[str, float], ...]


DISTRICTS = (
    District("중앙동", (20, -20), 0.62, (("core", 1.0),)),
    District("역전동", (-820, 330), 0.9, (("old", 0.7), ("core", 0.3))),
    District("동문동", (860, 240), 0.9, (("old", 0.8), ("core", 0.2))),
    District("송림동", (-120, 1_150), 1.0, (("villa", 0.7), ("apartment", 0.3))),
    District("새솔동", (1_500, 1_350), 1.05, (("apartment", 0.65), ("villa", 0.35))),
    District("하늘동", (-1_750, 1_350), 1.1, (("villa", 0.6), ("apartment", 0.4))),
    District("월평동", (2_350, 180), 1.05, (("villa", 0.5), ("industry", 0.25), ("apartment", 0.25))),
    District("한들동", (-2_350, -120), 1.05, (("industry", 0.65), ("old", 0.35))),
    District("남산동", (-180, -1_050), 0.9, (("old", 0.85), ("villa", 0.15))),
    District("빛내동", (1_250, -950), 1.0, (("villa", 0.6), ("apartment", 0.4))),
    District("은샘동", (-1_400, -1_250), 1.05, (("villa", 0.45), ("old", 0.3), ("apartment", 0.25))),
    District("샛별동", (700, -1_950), 1.1, (("apartment", 0.7), ("villa", 0.3))),
)


class GreatRoad(NamedTuple):
    """A road across the plan: name, width, two ends, and whether it is drawn over the river."""

    name: str
    width_m: float
    start: XY
    end: XY


RIVER_NORTH, RIVER_SOUTH = -150.0, -372.0
"""The two riverside roads; between them lie banks, paths and water."""
WATER_NORTH, WATER_SOUTH = -196.0, -318.0
RIVER_NAME = "빛내천"
RIVERSIDE_PARK = "빛내천 둔치공원"

NORTH_SOUTH = (
    GreatRoad("한들로", 20, (-2_560, -2_000), (-2_560, 1_650)),
    GreatRoad("월성로", 18, (-1_620, -2_450), (-1_620, 2_950)),
    GreatRoad("역전로", 18, (-800, -1_700), (-800, 2_250)),
    GreatRoad("중앙로", 22, (-130, -2_950), (-130, 2_950)),
    GreatRoad("동문로", 18, (130, -150), (130, 2_050)),
    GreatRoad("은행로", 18, (860, -2_450), (860, 2_350)),
    GreatRoad("새솔대로", 28, (1_690, -2_350), (1_690, 2_250)),
    GreatRoad("월평로", 18, (2_560, -1_900), (2_560, 1_900)),
)
WEST_EAST = (
    GreatRoad("하늘로", 18, (-2_700, 2_050), (2_300, 2_050)),
    GreatRoad("하늘대로", 28, (-3_750, 1_370), (3_300, 1_370)),
    GreatRoad("북문로", 18, (-3_100, 730), (3_300, 730)),
    GreatRoad("송림로", 16, (-1_620, 190), (1_690, 190)),
    GreatRoad("한빛대로", 30, (-3_750, 0), (3_750, 0)),
    GreatRoad("빛내로", 14, (-3_400, RIVER_NORTH), (3_500, RIVER_NORTH)),
    GreatRoad("남천로", 14, (-3_400, RIVER_SOUTH), (3_500, RIVER_SOUTH)),
    GreatRoad("남산로", 20, (-3_200, -960), (3_200, -960)),
    GreatRoad("샛별대로", 26, (-2_700, -1_690), (3_750, -1_690)),
    GreatRoad("순환로", 18, (-1_700, -2_290), (1_900, -2_290)),
)
SLANTED = (
    GreatRoad("월송로", 18, (-800, 730), (-2_950, 1_980)),
    GreatRoad("은샘로", 16, (-800, -372), (-2_700, -1_560)),
    GreatRoad("솔내로", 16, (860, -372), (2_560, -1_690)),
    GreatRoad("새빛로", 16, (860, 730), (1_690, 1_370)),
)
NO_BRIDGE = frozenset({"동문로"})

RAIL_AT: XY = (-345, 178)
RAIL_ANGLE_DEG = 35.0
RAIL_HALF_WIDTH = 13.0
RAIL_NAME = "한빛선"


class Hill(NamedTuple):
    """A wooded hill: name, middle, half widths."""

    name: str
    at: XY
    width: float
    height: float


HILLS = (
    Hill("남산", (-330, -1_330), 330, 230),
    Hill("구름산", (2_500, 2_250), 1_250, 800),
    Hill("한울산", (-2_950, 2_350), 1_250, 800),
    Hill("매봉산", (250, 2_850), 1_450, 560),
    Hill("두루산", (-2_900, -2_050), 1_050, 950),
    Hill("안산", (2_650, -2_350), 1_050, 700),
    Hill("달맞이산", (3_420, 900), 480, 560),
    Hill("와룡산", (-100, -2_950), 1_500, 460),
    Hill("서산", (-3_650, 550), 420, 620),
    Hill("국사봉", (3_550, -1_050), 480, 520),
    Hill("솔봉", (-1_020, 1_640), 190, 250),
)


class Zone(NamedTuple):
    """How a zone is cut and built: longest and widest block, lane width, lot fronts (m), how far cuts lean (rad)."""

    longest: float
    widest: float
    lane_m: float
    lean: float
    front: tuple[float, float]


ZONES = {
    "core": Zone(86, 50, 7.0, 0.035, (12, 22)),
    "old": Zone(96, 45, 4.6, 0.13, (12, 19.5)),
    "villa": Zone(128, 50, 6.4, 0.03, (16.5, 24)),
    "apartment": Zone(300, 210, 9.0, 0.03, (0, 0)),
    "industry": Zone(220, 120, 9.0, 0.02, (38, 70)),
}
COLLECTOR_LONGEST, COLLECTOR_WIDEST = 430.0, 330.0
COLLECTOR_M = 12.0
