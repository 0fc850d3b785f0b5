// What smtpgen can do, and the options of all its modes.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

typedef struct {
    int sessions;
    long messages;
    int messages_per_connection; // 0: all on one
    size_t length;
    int recipients;
    int header_fields;
    const char *file; // the content, instead of one that is made
    bool pipelined;
    bool open_first;
    int pause_microseconds;
    int connections;
} Options;

// Sends messages; one JSON line tells how fast.
int send_messages(const Options *options);

// Holds connections open after EHLO until standard input closes; one JSON line tells that they are there.
int hold_idle(const Options *options);

// As hold_idle, but in the middle of messages, a few octets of which come in each round.
int hold_trickling(const Options *options);

static inline double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}
