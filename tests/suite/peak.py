"""Runs a program once per file and prints the most memory that it took, in KiB, with how it ended."""

import json
import os
import signal
import subprocess
import sys
import threading

PATIENCE_SECONDS = 120

program, *files = sys.argv[1:]
told = {}
for file in files:
    arguments = [program, "check", "-c", "site.conf", "--set", "divolte.mappings.m.mapping_script_file=" + file]
    child = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    timer = threading.Timer(PATIENCE_SECONDS, os.kill, (child.pid, signal.SIGKILL))
    timer.start()
    _, status, usage = os.wait4(child.pid, 0)
    timer.cancel()
    told[file] = {"kib": usage.ru_maxrss, "code": os.waitstatus_to_exitcode(status), "seconds": usage.ru_utime}
print(json.dumps(told))
