"""The function of the system tests, under AWS's own Python client."""
import json
import time


def handler(event, context):
    path = event.get("rawPath", "/")
    if path == "/raise":
        raise ValueError("the handler failed")
    if path == "/seen":
        return event
    if path == "/slow":
        time.sleep(3)
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "body": json.dumps({"path": path, "request": context.aws_request_id}),
    }
