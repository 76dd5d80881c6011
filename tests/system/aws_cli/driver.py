"""AWS's command line, again and again in one process: starting it takes longer than what it is asked.

A line in is a JSON list of its arguments; a line out is a JSON object of what came of it.
"""

import contextlib
import io
import json
import sys

from awscli.clidriver import create_clidriver


def run(arguments):
    told, out, err = {"status": None, "error": None}, io.StringIO(), io.StringIO()

    def answered(http_response, parsed, **_):
        told["status"] = http_response.status_code
        told["error"] = parsed.get("Error", {}).get("Code")

    driver = create_clidriver()
    driver.session.register("after-call.*.*", answered)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            told["code"] = driver.main(arguments)
        except SystemExit as wrong_usage:
            told["code"] = wrong_usage.code
    said = out.getvalue().strip()
    told.update(answer=json.loads(said) if said else None, told=err.getvalue().strip())
    return told


for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), flush=True)
