#!/usr/bin/env python3
"""The release binary as a person uses it, with releases in a folder; the binary is named by C2."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import arguments
import commands
import deploying
import installing
from machine import finish, run_cases

finish(run_cases(arguments.CASES), run_cases(deploying.CASES), run_cases(commands.CASES), run_cases(installing.CASES))
