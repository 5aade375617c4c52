"""Background readings from a process of their own, so that whoever measures is not slowed by what it makes.

Reads `{"host", "port", "rate", "keys": {device: key}}` from stdin, prints `ready` when all devices have signed in, and
publishes until it is ended.
"""

import asyncio
import json
import sys
import time

import uvloop

from dure.sense.mqtt_client import MqttClient


async def main() -> None:
    """Publishes `rate` readings of about 20 Cel a second, over all devices in turn."""
    told = json.loads(sys.stdin.readline())
    clients = []
    for device, key in told["keys"].items():
        client = MqttClient(told["host"], told["port"], client_id=device, username=device, password=key)
        await client.connect()
        clients.append((f"city/{device}", client))
    print("ready", flush=True)
    sent, began = 0, time.perf_counter()
    while True:
        due = int((time.perf_counter() - began) * told["rate"])
        for n in range(sent, due):
            topic, client = clients[n % len(clients)]
            await client.post(topic, b'[{"n":"heat","u":"Cel","v":%d}]' % (20 + n % 5))
        sent = max(sent, due)
        await asyncio.sleep(0.002)


if __name__ == "__main__":
    uvloop.run(main())
