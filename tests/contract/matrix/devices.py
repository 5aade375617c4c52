"""What devices may do over MQTT, tried with a client that is not ours (paho)."""

import itertools
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

PATIENCE_S = 20
_values: Iterator[int] = itertools.count(100)


@dataclass
class Device:
    """One connection."""

    host: str
    port: int
    name: str
    key: str
    code: int | None = None
    heard: list[str] = field(default_factory=list)
    granted: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._told = threading.Event()
        self._subscribed = threading.Event()
        self._settled = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"{self.name}-{next(_values)}")
        self._client.username_pw_set(self.name, self.key)
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = lambda *_: self._told.set()
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = lambda *_: self._settled.set()
        self._client.on_message = lambda _client, _data, message: self.heard.append(message.topic)
        self._client.on_subscribe = self._on_subscribe

    def _on_connect(self, _client: object, _data: object, _flags: object, code: object, _more: object) -> None:
        self.code = int(getattr(code, "value", 0))
        self._told.set()

    def _on_disconnect(self, *_: object) -> None:
        self._told.set()
        self._settled.set()

    def _on_subscribe(
        self, _client: object, _data: object, _number: object, codes: list[object], _more: object
    ) -> None:
        self.granted += [int(getattr(code, "value", 128)) < 128 for code in codes]
        self._subscribed.set()

    def let_in(self) -> bool:
        """Sign in; whether the door opened."""
        self._client.connect(self.host, self.port, keepalive=30)
        self._client.loop_start()
        assert self._told.wait(PATIENCE_S)
        return self.code == 0

    def publish(self, topic: str, value: int, *, retain: bool = False) -> None:
        """Say a value; whether it was taken shows only in what the city has."""
        self._settled.clear()
        self._client.publish(topic, json.dumps([{"n": "heat", "u": "Cel", "v": value}]), qos=1, retain=retain)
        if self._client.is_connected():
            self._settled.wait(0.5)  # some refusals are silent

    def subscribe(self, topic: str) -> None:
        """Ask to hear; what is granted or not is in `granted`, what comes in `heard`."""
        self._subscribed.clear()
        self._client.subscribe(topic, qos=1)
        self._subscribed.wait(1)

    def leave(self) -> None:
        """Hang up."""
        self._client.disconnect()
        self._client.loop_stop()


def value() -> int:
    """A value that nothing else says."""
    return next(_values)
