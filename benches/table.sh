# What the scripts of this folder share; sourced by them.

# The load average of the last minute: other programs on the machine move every time.
load() {
    uptime | sed 's/.*load average[s]*: *//; s/,* .*//'
}

# Numbers on standard input, one a line: "median lowest highest".
spread() {
    sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)], value[1], value[NR] }'
}

# "median lowest highest" in milliseconds, for people.
seconds() {
    awk '{ printf "%.2f s (%.2f to %.2f)\n", $1 / 1000, $2 / 1000, $3 / 1000 }'
}
