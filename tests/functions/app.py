"""The function of the system tests, under AWS's own Python client."""
import json
import os
import socket
import time


def resolve(name):
    """Where a name leads, or why nowhere, and what this process has preloaded."""
    try:
        found = {"address": socket.getaddrinfo(name, 80)[0][4][0]}
    except socket.gaierror as error:
        found = {"error": error.errno}
    return {**found, "preloaded": os.environ.get("LD_PRELOAD")}


def handler(event, context):
    path = event.get("rawPath", "/")
    if path.startswith("/raise"):
        raise ValueError("the handler failed")
    if path == "/seen":
        return event
    if path.startswith("/resolve/"):
        return resolve(path.split("/")[-1])
    if path == "/slow":
        # Works until the test lets it go.
        while not os.path.exists(os.environ["LET_GO"]):
            time.sleep(0.02)
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "body": json.dumps({"path": path, "request": context.aws_request_id}),
    }
