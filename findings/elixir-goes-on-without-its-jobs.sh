#!/usr/bin/env bash
# Guess: an Elixir or Erlang application whose supervisor gives up on its worker ends the program with an error, so that systemd or the container starts it anew.
# Seen: the supervisor gives up after three restarts, the application ends, and the program lives on without it: started by `mix run --no-halt`, by
# `elixir --no-halt`, by `erl`. It ends with 1 where the application is started as `:permanent`, as `mix run` does in a project of `mix new` with MIX_ENV=prod.
# Why it matters: the database is away for a second, and from then on no job runs, while the unit is active, the container is up, and nothing is sent.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian erlang-base=1:25.2.3+dfsg-1+deb12u4 elixir=1.14.0.dfsg-2
cd "$work"
sed -i "s#^\( *ROOTDIR=\)/usr#\1$work/root/usr#" root/usr/lib/erlang/bin/erl
export PATH="$work/root/usr/lib/erlang/bin:$PATH" HOME=$work/home MIX_HOME=$work/home
mkdir home lib
cat > mix.exs << 'ELIXIR'
defmodule Load.MixProject do
  use Mix.Project
  # `start_permanent` is as `mix new` writes it.
  def project, do: [app: :load, version: "0.1.0", start_permanent: Mix.env() == :prod]
  def application, do: [mod: {Load, []}, extra_applications: [:logger]]
end
ELIXIR
cat > lib/load.ex << 'ELIXIR'
defmodule Load do
  use Application
  def start(_, _), do: Supervisor.start_link([Load.Worker], strategy: :one_for_one)
end

defmodule Load.Worker do
  use GenServer
  def start_link(_), do: GenServer.start_link(__MODULE__, nil)

  def init(_) do
    File.write!("begun", "x", [:append])
    Process.send_after(self(), :load, 100)
    {:ok, nil}
  end

  def handle_info(:load, _), do: raise("no connection to orders")
end
ELIXIR
for environment in dev prod; do MIX_ENV=$environment timeout 120 mix compile > compile.log 2>&1; done
ends() { # the title, the command
    local title=$1 code=0 end='it lives on'
    shift
    rm -f begun
    "$@" > out 2>&1 < /dev/null &
    started+=("$!")
    within 40 grep -q 'shutdown' out
    over() { [ -z "$(jobs -r)" ]; }
    if within 7 over 2> /dev/null; then
        wait "$!" || code=$?
        end="exit code $code"
    fi
    kill -KILL "$!" 2> /dev/null || true
    echo "$title: the worker begun $(wc -c < begun) times, $end"
}
beams=$work/_build/dev/lib/load/ebin
elixirs=$work/root/usr/lib/elixir/lib
{
    ends 'mix run --no-halt' mix run --no-halt
    ends 'elixir --no-halt' elixir -pa "$beams" --no-halt -e '{:ok, _} = Application.ensure_all_started(:load)'
    ends erl erl -noshell -pa "$beams" "$elixirs/elixir/ebin" "$elixirs/logger/ebin" -eval '{ok, _} = application:ensure_all_started(load).'
    ends 'elixir --no-halt, permanent' elixir -pa "$beams" --no-halt -e '{:ok, _} = Application.ensure_all_started(:load, :permanent)'
    ends 'MIX_ENV=prod mix run --no-halt' env MIX_ENV=prod mix run --no-halt
} > "$work/seen"
expect 'mix run --no-halt: the worker begun 4 times, it lives on
elixir --no-halt: the worker begun 4 times, it lives on
erl: the worker begun 4 times, it lives on
elixir --no-halt, permanent: the worker begun 4 times, exit code 1
MIX_ENV=prod mix run --no-halt: the worker begun 4 times, exit code 1' "$(cat "$work/seen")"
