#!/bin/sh
# What an exec wrapper does: sets a variable and becomes the runtime.
export WRAPPED="$AWS_LAMBDA_EXEC_WRAPPER"
exec "$@"
