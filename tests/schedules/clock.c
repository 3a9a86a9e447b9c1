/* A clock in the test's hand, for the real cron: a sleep is over at once, and the clock shows that it was slept.
 * A job is written to CLOCK_LOG with the time at which it began, and not run. From CLOCK_FROM to CLOCK_TO. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static time_t now, end;

static void begin(void) {
    if (now == 0) {
        now = atoll(getenv("CLOCK_FROM"));
        end = atoll(getenv("CLOCK_TO"));
    }
}

time_t time(time_t *result) {
    begin();
    if (result) *result = now;
    return now;
}

unsigned sleep(unsigned seconds) {
    begin();
    if (now >= end) {
        while (wait(NULL) > 0) {}
        _exit(0);
    }
    now += seconds;
    return 0;
}

/* cron's child calls it with the shell, its name, `-c`, the command: its memory has the time of the fork. */
int execle(const char *path, const char *name, ...) {
    va_list rest;
    (void)path, (void)name;
    va_start(rest, name);
    va_arg(rest, char *);
    const char *command = va_arg(rest, char *);
    char line[512];
    int length = snprintf(line, sizeof line, "%lld %s\n", (long long)now, command);
    FILE *log = fopen(getenv("CLOCK_LOG"), "a");
    if (log) {
        fwrite(line, 1, length, log);
        fclose(log);
    }
    va_end(rest);
    _exit(log ? 0 : 1);
}
