#!/usr/bin/env bash
# Guess: fugit, which reads schedules for Ruby's sidekiq-cron, GoodJob and rufus-scheduler, runs "every 90 minutes"
# each 90 minutes, or refuses what a cron line cannot say, as it refuses "every 2 weeks".
# Seen: it makes `*/90 * * * *` of it, which is each hour; of "every 36 hours" each midnight; of "every 45 minutes"
# runs 45 and 15 minutes apart.
# Why it matters: the job runs half as often again as was written, without a word. Whoever expects it at the
# written times finds runs that nobody has planned, and misses those that were.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian ruby3.1=3.1.7+really3.1.2-0+deb12u1 libruby3.1=3.1.7+really3.1.2-0+deb12u1 libyaml-0-2=0.2.5-1 ruby-fugit=1.5.2-1 \
    ruby-raabro=1.4.0-1 ruby-et-orbi=1.2.2-1 ruby-tzinfo=2.0.5-1 ruby-concurrent=1.1.6+dfsg-5
lib=$work/root/usr/lib
gems=$work/root/usr/share/rubygems-integration/all/gems
RUBYLIB=$lib/ruby/3.1.0:$lib/$(uname -m)-linux-gnu/ruby/3.1.0:$lib/ruby/vendor_ruby
for part in "$gems"/{fugit,raabro,tzinfo}-*/lib "$gems"/concurrent-ruby-1*/lib/concurrent-ruby; do RUBYLIB+=:$part; done
export RUBYLIB
cat > "$work/due.rb" << 'RUBY'
require "fugit"

["every 30 minutes", "every 45 minutes", "every 90 minutes", "every 36 hours", "every 2 weeks"].each do |text|
  read = Fugit.parse(text)
  next puts "#{text}: refused" unless read
  at = EtOrbi.parse("2026-01-01 00:00 UTC")
  due = Array.new(4) { (at = read.next_time(at)).strftime("%d. %H:%M") }
  puts "#{text}: #{read.original} = #{due.join(', ')}"
end
RUBY
expect 'every 30 minutes: */30 * * * * = 01. 00:30, 01. 01:00, 01. 01:30, 01. 02:00
every 45 minutes: */45 * * * * = 01. 00:45, 01. 01:00, 01. 01:45, 01. 02:00
every 90 minutes: */90 * * * * = 01. 01:00, 01. 02:00, 01. 03:00, 01. 04:00
every 36 hours: 0 */36 * * * = 02. 00:00, 03. 00:00, 04. 00:00, 05. 00:00
every 2 weeks: refused' "$(timeout 60 ruby3.1 --disable-gems "$work/due.rb")"
