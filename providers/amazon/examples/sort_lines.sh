#!/bin/sh
# Sorts the lines of the first file into the second one.
sort "$1" > "$2"
