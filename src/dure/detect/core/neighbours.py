"""Two of n: several devices near each other say the same within seconds.

Devices are compared on one line of time: the observed time while it is within 30 s of the door's, the received time of
a device whose clock is known to be wrong. A backlog takes no part. One alarm stands for a cluster; it clears when
nothing more came for the window and the clear time.
"""

from collections import defaultdict

from dure.detect.core.channel import Channel
from dure.detect.core.lanes import EPSILON_S, GRACE_S
from dure.detect.core.timers import Timers
from dure.detect.core.tracks import Out
from dure.detect.model import Cleared, Device, Neighbours, Raised, Rule, Value, group_subject
from dure.kernel.geometry import LonLat, degrees_around, distance_m

_Cell = tuple[int, int]


class Cluster:
    """An open alarm over devices near each other."""

    __slots__ = ("devices", "last", "onset", "queued", "subject", "watch")

    def __init__(self, watch: "NeighbourWatch", subject: str, devices: set[str], onset: float, last: float) -> None:
        self.watch, self.subject, self.devices, self.onset, self.last = watch, subject, devices, onset, last
        self.queued: float | None = None

    def wakes_at(self) -> float | None:
        """See `Sleeper`."""
        if self.subject not in self.watch.clusters:
            return None
        return self.last + self.watch.pattern.within_s + self.watch.rule.clear_for_s + GRACE_S

    def wake(self, now: float) -> None:
        """Clear when it has been quiet."""
        wanted = self.wakes_at()
        if wanted is not None and wanted <= now:
            self.watch.clear(self, now)


class NeighbourWatch:
    """One neighbours rule over all its devices. `true_at` holds each device's last true report."""

    busy = False

    def __init__(self, rule: Rule, pattern: Neighbours, out: Out, timers: Timers) -> None:
        self.rule, self.pattern, self.out, self.timers = rule, pattern, out, timers
        self.true_at: dict[str, float] = {}
        self.clusters: dict[str, Cluster] = {}
        self._devices: dict[str, Device] = {}
        self._near: dict[str, tuple[str, ...]] = {}
        self._cells: dict[_Cell, list[Device]] = defaultdict(list)
        self._groups: dict[str, list[str]] = defaultdict(list)

    def place(self, devices: dict[str, Device]) -> None:
        """Take the devices of the rule's kinds as they stand now."""
        self._devices = {name: device for name, device in devices.items() if self.rule.applies_to(device.kind)}
        self._near.clear()
        self._cells.clear()
        self._groups.clear()
        for device in self._devices.values():
            if device.group is not None:
                self._groups[device.group].append(device.id)
            cell = self._cell(device)
            if cell is not None:
                self._cells[cell].append(device)

    def take(self, channel: Channel, truth: bool, value: Value, at: float, skew: float) -> None:
        """A reading of one of the devices at `at`."""
        if not truth:
            return
        name = channel.device
        self.true_at[name] = max(at, self.true_at.get(name, at))
        window = self.pattern.within_s + EPSILON_S
        together = {other for other in self._around(name) if abs(at - self.true_at.get(other, float("inf"))) <= window}
        together.add(name)
        for cluster in self.clusters.values():
            if not together.isdisjoint(cluster.devices):
                cluster.devices |= together
                cluster.last = max(cluster.last, at)
                return
        if len(together) >= self.pattern.devices:
            self._raise(channel, together, value, at, skew)

    def clear(self, cluster: Cluster, at: float) -> None:
        """The cluster has been quiet long enough."""
        del self.clusters[cluster.subject]
        self.out.append(Cleared(self.rule.id, cluster.subject, at, cluster.onset))

    def adopt(self, subject: str, onset: float, last: float, devices: set[str]) -> None:
        """An alarm is open that this state does not know of."""
        cluster = self.clusters[subject] = Cluster(self, subject, devices, onset, last)
        self.timers.arm(cluster)

    def _raise(self, channel: Channel, together: set[str], value: Value, at: float, skew: float) -> None:
        first = min(together, key=lambda name: (self.true_at[name], name))
        group = self._devices[channel.device].group if channel.device in self._devices else None
        subject = group_subject(group) if self.pattern.metres is None and group is not None else first
        onset = self.true_at[first]
        self.adopt(subject, onset, at, together)
        self.out.append(
            Raised(
                rule=self.rule.id,
                subject=subject,
                device=channel.device,
                group=group,
                onset=onset,
                at=at,
                delay=max(skew, 0.0),
                property=channel.property,
                value=value,
                recent=channel.recent(),
                members=tuple(sorted(together)),
            )
        )

    def _around(self, name: str) -> tuple[str, ...]:
        near = self._near.get(name)
        if near is None:
            near = self._near[name] = self._find(name)
        return near

    def _find(self, name: str) -> tuple[str, ...]:
        device = self._devices.get(name)
        if device is None:
            return ()
        if self.pattern.metres is None:
            return tuple(other for other in self._groups.get(device.group or "", ()) if other != name)
        cell = self._cell(device)
        if cell is None or device.lon is None or device.lat is None:
            return ()
        here = LonLat(device.lon, device.lat)
        found: list[str] = []
        for x in (-1, 0, 1):
            for y in (-1, 0, 1):
                for other in self._cells.get((cell[0] + x, cell[1] + y), ()):
                    assert other.lon is not None
                    assert other.lat is not None
                    if other.id != name and distance_m(here, LonLat(other.lon, other.lat)) <= self.pattern.metres:
                        found.append(other.id)
        return tuple(found)

    def _cell(self, device: Device) -> _Cell | None:
        if self.pattern.metres is None or device.lon is None or device.lat is None:
            return None
        # One width for the whole city (at 60 degrees), so that neighbours never lie two cells apart.
        wide, high = degrees_around(LonLat(device.lon, 60.0), self.pattern.metres)
        return int(device.lon // wide), int(device.lat // high)
