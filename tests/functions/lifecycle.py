"""A function that says where it runs, and that fails, dies and hangs on demand, under AWS's own Python client."""
import http.client
import json
import os
import signal
import threading
import time


def say(text):
    """One write a line: what others write does not come between."""
    os.write(1, f"{text}\n".encode())


def on_sigterm():
    """Says that SIGTERM came, also while the client waits in native code for an event, and ends."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable)
    signal.signal(signal.SIGTERM, lambda *_: None)

    def wait():
        os.read(readable, 1)
        say("the runtime was told to end")
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


if "AWS_LAMBDA_MAX_CONCURRENCY" not in os.environ:
    on_sigterm()


UNKNOWN = "00000000-0000-4000-8000-000000000000"
RUNTIME, EXTENSION = "/2018-06-01/runtime", "/2020-01-01/extension"
IDENTIFIER = "Lambda-Extension-Identifier"
# What Lambda refuses, or answers beside events.
PROBES = [
    ("GET", "/2018-06-01/ping", {}),
    ("GET", "/2018-06-01/nothing", {}),
    ("POST", RUNTIME + "/invocation/next", {}),
    ("GET", RUNTIME + "/init/error", {}),
    ("POST", RUNTIME + "/init/error", {}),
    ("POST", f"{RUNTIME}/invocation/{UNKNOWN}/response", {}),
    ("POST", f"{RUNTIME}/invocation/{UNKNOWN}/error", {}),
    ("POST", EXTENSION + "/register", {}),
    ("POST", EXTENSION + "/register", {"Lambda-Extension-Name": "late"}),
    ("GET", EXTENSION + "/event/next", {}),
    ("GET", EXTENSION + "/event/next", {IDENTIFIER: "nonsense"}),
    ("GET", EXTENSION + "/event/next", {IDENTIFIER: UNKNOWN}),
    ("POST", EXTENSION + "/exit/error", {IDENTIFIER: UNKNOWN}),
    ("PUT", "/2022-07-01/telemetry", {IDENTIFIER: UNKNOWN}),
    ("PUT", "/2020-08-15/logs", {IDENTIFIER: UNKNOWN}),
]


def probe(method, path, headers):
    """The status, and what the body says of the error."""
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    api.request(method, path, '{"events":["INVOKE"]}', headers)
    answer = api.getresponse()
    body = answer.read().decode()
    try:
        body = json.loads(body)
    except ValueError:
        pass
    return [method, path, answer.status, body]


def handler(event, context):
    path = event["rawPath"]
    if path == "/raise":
        raise ValueError("the handler failed")
    if path.startswith("/exit/"):
        os._exit(int(path.removeprefix("/exit/")))
    if path == "/kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if path == "/hang":
        say("the handler is at work")
        time.sleep(600)
    if path == "/large":
        return "x" * 6_300_000
    if path == "/probe":
        return [probe(*what) for what in PROBES]
    return {"path": path, "process": os.getpid(), "runtime_api": os.environ["AWS_LAMBDA_RUNTIME_API"]}
