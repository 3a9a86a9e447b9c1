#!/usr/bin/env bash
# Guess: an R script that spreads its work over processes with `mclapply` fails where one piece raises an error, or where its process is killed.
# Seen: it goes on with a warning, and ends with 0. The error stands in the result as text, for each piece of the process that met it, those that went well too; of a
# killed process there is nothing. `mcmapply` does the same, and leaves the pieces of the killed one out: what follows moves up. `lapply`, and `parLapply`, raise.
# Why it matters: the kernel kills the worker of the largest country for its memory, and the night's table is written without it, and without its neighbours. `stopifnot`,
# with `inherits(x, "try-error")` and `is.null(x)` of each, finds both; so does `options(warn = 2)`, which makes an error of each warning.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian r-base-core=4.2.2.20221110-2 libblas3=3.11.0-2 liblapack3=3.11.0-2 libgfortran5=12.2.0-14+deb12u1 libquadmath0=12.2.0-14+deb12u1 \
    libreadline8=8.2-1.3 libtre5=0.8.0-7 libicu72=72.1-3+deb12u1 libgomp1=12.2.0-14+deb12u1 libtirpc3=1.3.3+ds-1
export R_HOME=$work/root/usr/lib/R R_DEFAULT_PACKAGES=NULL
rm "$R_HOME/etc/Renviron" # a link to a file that the package makes when it is configured
touch "$R_HOME/etc/Renviron"
libraries=$work/root/usr/lib/$(uname -m)-linux-gnu
export LD_LIBRARY_PATH="$R_HOME/lib:$libraries/blas:$libraries/lapack:$LD_LIBRARY_PATH"
cat > "$work/load.R" << 'R'
library(parallel)
said <- commandArgs(TRUE)
load <- function(country) {
  if (country == 2 && said[2] == "error") stop("disk full")
  if (country == 2 && said[2] == "killed") tools::pskill(Sys.getpid(), 9)
  country * 10
}
if (said[1] == "warn") options(warn = 2)
x <- switch(said[1],
  lapply = lapply(1:4, load),
  warn = ,
  mclapply = mclapply(1:4, load, mc.cores = 2),
  mcmapply = mcmapply(load, 1:4, mc.cores = 2, SIMPLIFY = FALSE),
  cluster = {
    cluster <- makeForkCluster(2)
    parLapply(cluster, 1:4, load)
  })
words <- vapply(x, function(one) {
  if (inherits(one, "try-error")) "error" else if (is.null(one)) "nothing" else as.character(one)
}, "")
cat(words, "\n")
R
run() { # the title, the function, what happens
    local code=0
    timeout 60 "$R_HOME/bin/exec/R" --no-echo --no-restore --no-save --no-environ --file="$work/load.R" --args "$2" "$3" > "$work/out" 2> "$work/err" < /dev/null || code=$?
    echo "$1, $3: exit code $code, $(sed 's/ *$//' "$work/out" | grep . || echo 'not to the end')$(grep -qi '^Warning' "$work/err" && echo ', a warning')"
}
expect 'lapply, error: exit code 1, not to the end
mclapply, none: exit code 0, 10 20 30 40
mclapply, error: exit code 0, 10 error 30 error, a warning
mclapply, killed: exit code 0, 10 nothing 30 nothing, a warning
mcmapply, error: exit code 0, 10 error 30 error, a warning
mcmapply, killed: exit code 0, 10 30, a warning
mclapply with warn = 2, error: exit code 1, not to the end
mclapply with warn = 2, killed: exit code 1, not to the end
parLapply, error: exit code 1, not to the end' "$(
    run lapply lapply error
    run mclapply mclapply none
    run mclapply mclapply error
    run mclapply mclapply killed
    run mcmapply mcmapply error
    run mcmapply mcmapply killed
    run 'mclapply with warn = 2' warn error
    run 'mclapply with warn = 2' warn killed
    run parLapply cluster error
)"
