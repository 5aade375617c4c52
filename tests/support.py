"""What tests share beyond fixtures."""

from dataclasses import dataclass

from dure.engine.servers.nkeys import KeyPair


@dataclass(frozen=True)
class NatsServer:
    """A running nats-server: where dure's own processes and devices reach it, and the key that answers its callout."""

    url: str
    mqtt_host: str
    mqtt_port: int
    issuer: KeyPair
