#!/bin/sh
# Runs the measurements of an earlier commit and of this tree in turn, and prints one table: the medians of all turns.
# usage: sh benches/before.sh [commit] [turns] [folder on tmpfs] [folder on a disk]
set -eu
cd "$(dirname "$0")/.."
commit=${1:-706daaa}
turns=${2:-11}
folder=$(mktemp -d)
trap 'git worktree remove --force "$folder/tree" 2> /dev/null; rm -rf "$folder"' EXIT
git worktree add --quiet --detach "$folder/tree" "$commit"

# build NAME TREE: the programs of a tree, in a folder of their own.
build() {
    (cd "$2" && CARGO_TARGET_DIR="$folder/$1" cargo bench --quiet --no-run -p pipeline-notify-benches --bench silent)
    find "$folder/$1/release/deps" -name 'silent-*' -perm -u+x -type f -exec cp {} "$folder/silent-$1" \;
}

# median FILE: of the numbers in a file, one a line.
median() {
    sort -n "$1" | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'
}

build before "$folder/tree"
build now "$PWD"
turn=0
while [ "$turn" -lt "$turns" ]; do
    turn=$((turn + 1))
    for place in "tmpfs ${3:-/dev/shm}" "disk ${4:-${TMPDIR:-/tmp}}"; do
        for which in before now; do
            BENCH_PLACE=${place%% *} BENCH_FOLDER=${place#* } CRITERION_HOME=$folder/results/$which-$turn \
                "$folder/silent-$which" --bench > /dev/null
        done
    done
done
echo "| place | what | before, ns | now, ns | ratio |"
echo "|---|---|---|---|---|"
for place in tmpfs disk; do
    for what in ok-nested ok-outermost error-nested error-outermost; do
        for which in before now; do
            for file in "$folder"/results/"$which"-*/figures/"$place-$what-library-median"; do
                cat "$file"
                echo
            done > "$folder/$which"
        done
        echo "$(median "$folder/before") $(median "$folder/now")" \
            | awk -v row="| $place | $what" '{ printf "%s | %.0f | %.0f | %.2f |\n", row, $1, $2, $2 / $1 }'
    done
done
