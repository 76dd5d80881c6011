"""A function that says where it runs, and that fails, dies and hangs on demand, under AWS's own Python client."""
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
    return {"path": path, "process": os.getpid(), "runtime_api": os.environ["AWS_LAMBDA_RUNTIME_API"]}
