#!/usr/bin/env bash
# Guess: a notebook that is run as a job and gives up with `exit(1)` fails, and no cell after that runs.
# Seen: papermill, `jupyter nbconvert --execute` and `jupyter execute` run the cells after it, and end with 0, as after `!false`. `sys.exit(1)` fails, as
# guessed; `sys.exit(0)`, the good end, fails in nbconvert and `jupyter execute`, and not in papermill.
# Why it matters: a notebook that checks its input and calls `exit(1)` loads the bad input all the same, and the run has worked, for whoever looks at
# the exit code. In a plain Python script the two calls are the same.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python papermill==2.7.0 nbconvert==7.17.2 nbclient==0.11.0 ipykernel==7.4.0
cd "$work"
export HOME=$work
install_by 120 python3 -m ipykernel install --user --name python3
cat > write.py << 'PYTHON'
import json, sys

def cell(name, source):
    return {"cell_type": "code", "id": name, "execution_count": None, "metadata": {}, "outputs": [], "source": source}

cells = [cell("check", sys.argv[1]), cell("load", "open('loaded', 'w').close()")]
kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
json.dump({"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}, open("job.ipynb", "w"))
PYTHON
run() { # the title, the command
    local code=0 title=$1
    shift
    rm -f loaded
    timeout 120 "$@" > out 2>&1 < /dev/null || code=$?
    printf '%s' "; $title $code, the next cell: $([ -e loaded ] && echo runs || echo no)"
}
seen=$(
    for source in 'exit(1)' '!false' 'import sys; sys.exit(1)' 'import sys; sys.exit(0)'; do
        python3 write.py "$source"
        printf '%s' "$source"
        run papermill papermill job.ipynb out.ipynb
        run nbconvert jupyter-nbconvert --to notebook --execute job.ipynb --output out
        run execute jupyter-execute job.ipynb
        echo
    done
)
expect 'exit(1); papermill 0, the next cell: runs; nbconvert 0, the next cell: runs; execute 0, the next cell: runs
!false; papermill 0, the next cell: runs; nbconvert 0, the next cell: runs; execute 0, the next cell: runs
import sys; sys.exit(1); papermill 1, the next cell: no; nbconvert 1, the next cell: no; execute 1, the next cell: no
import sys; sys.exit(0); papermill 0, the next cell: no; nbconvert 1, the next cell: no; execute 1, the next cell: no' "$seen"
