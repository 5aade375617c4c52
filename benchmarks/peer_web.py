"""The usual web service for readings: FastAPI, a pydantic model a record, PostgreSQL by COPY, on granian."""

import asyncio
import sys
import time

import psycopg
from fastapi import FastAPI
from granian.constants import Interfaces
from granian.server.embed import Server
from pydantic import BaseModel


class Record(BaseModel):
    """One SenML record."""

    n: str
    u: str | None = None
    v: float | None = None
    vb: bool | None = None
    t: float | None = None


async def main(port: int, url: str) -> None:
    """Serves until it is ended."""
    line = await psycopg.AsyncConnection.connect(url, autocommit=True)
    await line.execute("create table reading (name text, value float, at float)")
    app = FastAPI()

    @app.post("/observations", status_code=202)
    async def take(records: list[Record]) -> dict[str, int]:
        now = time.time()
        async with line.transaction(), line.cursor() as cursor, cursor.copy("copy reading from stdin") as copy:
            for one in records:
                await copy.write_row((one.n, one.v, one.t or now))
        return {"accepted": len(records)}

    server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_access=False)
    await server.serve()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
