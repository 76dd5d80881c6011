"""Ends each invocation as its path asks, under AWS's own Python client."""
import os
import time

from snapshot_restore_py import register_after_restore

if "FAIL_INIT" in os.environ:
    raise RuntimeError("init failed")


@register_after_restore
def restored():
    if "FAIL_RESTORE" in os.environ:
        raise ConnectionError("the hook failed")


def handler(event, context):
    path = event["rawPath"]
    if path == "/handler-error":
        raise ValueError("the handler failed")
    if path == "/crash":
        os._exit(7)
    if path == "/timeout":
        time.sleep(600)
    return {"statusCode": 200, "body": path}
