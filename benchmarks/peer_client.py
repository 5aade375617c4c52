"""The home-made judge: paho in, the rule's state in a dict, readings committed to PostgreSQL each 50 ms."""

import json
import sys
import threading
import time

import paho.mqtt.client as paho
import psycopg


def main(port: int, url: str) -> None:
    """Judges until it is ended; prints `ready`, then `judged N` after each commit."""
    line = psycopg.connect(url, autocommit=True)
    line.execute("create table reading (device text, value float, at float)")
    line.execute("create table alarm (device text, onset float)")
    since: dict[str, float] = {}
    rows: list[tuple[str, float, float]] = []
    alarms: list[tuple[str, float]] = []
    guard = threading.Lock()

    def judge(_client: paho.Client, _userdata: object, message: paho.MQTTMessage) -> None:
        now = time.time()
        for one in json.loads(message.payload):
            hot = one["v"] >= 60 if one["n"] == "heat" else one.get("vb") is True
            if not hot:
                since.pop(message.topic, None)
            elif now - since.setdefault(message.topic, now) >= 5.0:
                alarms.append((message.topic, since[message.topic]))
            with guard:
                rows.append((message.topic, one["v"], now))

    def subscribe(client: paho.Client, *_: object) -> None:
        client.subscribe("city/#", qos=1)
        print("ready", flush=True)

    client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="judge")
    client.on_connect = subscribe
    client.on_message = judge
    client.connect("127.0.0.1", port)
    client.loop_start()
    judged = 0
    while True:
        time.sleep(0.05)
        with guard:
            taken, rows = rows, []
        if not taken:
            continue
        with line.transaction():
            with line.cursor().copy("copy reading from stdin") as copy:
                for row in taken:
                    copy.write_row(row)
            for alarm in alarms:
                line.execute("insert into alarm values (%s, %s)", alarm)
            alarms.clear()
        judged += len(taken)
        print(f"judged {judged}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
