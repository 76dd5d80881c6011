#!/usr/bin/env python3
"""Another's proxy of the Runtime API, as an extension: bytes pass as they come. RELAY_PORT, and RELAY_UPSTREAM if not Lambda."""
import asyncio
import http.client
import json
import os
import sys

LAMBDA = os.environ["AWS_LAMBDA_RUNTIME_API"]


async def copy(reader, writer):
    while piece := await reader.read(65536):
        writer.write(piece)
        await writer.drain()


async def relay(reader, writer):
    """One connection for each; either side's end is the other's."""
    print("relays a connection", flush=True)
    host, port = os.environ.get("RELAY_UPSTREAM", LAMBDA).split(":")
    upstream_reader, upstream_writer = await asyncio.open_connection(host, int(port))
    copies = [asyncio.create_task(copy(*way)) for way in ((reader, upstream_writer), (upstream_reader, writer))]
    await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
    for end in (writer, upstream_writer):
        end.close()
    for task in copies:
        task.cancel()


def ask_for_events():
    """Registers, and waits until Lambda says that it is over."""
    api = http.client.HTTPConnection(LAMBDA)
    name = {"Lambda-Extension-Name": os.path.basename(sys.argv[0])}
    api.request("POST", "/2020-01-01/extension/register", json.dumps({"events": ["SHUTDOWN"]}), name)
    registered = api.getresponse()
    registered.read()
    identifier = {"Lambda-Extension-Identifier": registered.headers["Lambda-Extension-Identifier"]}
    api.request("GET", "/2020-01-01/extension/event/next", headers=identifier)
    api.getresponse().read()


async def main():
    await asyncio.start_server(relay, "127.0.0.1", int(os.environ["RELAY_PORT"]))
    await asyncio.to_thread(ask_for_events)


asyncio.run(main())
