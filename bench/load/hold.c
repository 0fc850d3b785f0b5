#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "connection.h"
#include "modes.h"

// This many connections are opened at once, so that a slow greeting does not cost N times its delay.
enum { OPENERS = 64, GIVE_UP_AFTER = 50 };

static const char PIECE[] = "a few octets\r\n";

static const Options *options;
static Connection *connections;
static bool trickling;
static long ready, failures, delivered;
static _Atomic bool over;
static pthread_barrier_t all_are_open;

static bool begin_message(Connection *connection) {
    return connection_command(connection, "MAIL FROM:<sender@client.bench.test>\r\n", 2) &&
           connection_command(connection, "RCPT TO:<rcpt@bench.test>\r\n", 2) &&
           connection_command(connection, "DATA\r\n", 3) &&
           connection_write(connection, "Subject: trickling\r\n\r\n", 22);
}

static void trickle(int first) {
    while (!over) {
        usleep(options->pause_microseconds);
        for (int number = first; number < options->connections && !over; number += OPENERS)
            if (connections[number].socket >= 0 && !connection_write(&connections[number], PIECE, sizeof PIECE - 1))
                connection_close(&connections[number]);
    }
    for (int number = first; number < options->connections; number += OPENERS)
        if (connections[number].socket >= 0 && connection_command(&connections[number], "\r\n.\r\n", 2))
            __atomic_fetch_add(&delivered, 1, __ATOMIC_RELAXED);
}

static void *opener(void *argument) {
    int first = (int)(size_t)argument;
    for (int number = first; number < options->connections && failures < GIVE_UP_AFTER; number += OPENERS) {
        Connection *connection = &connections[number];
        if (connection_open(connection, number) && (!trickling || begin_message(connection)))
            __atomic_fetch_add(&ready, 1, __ATOMIC_RELAXED);
        else
            __atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);
    }
    pthread_barrier_wait(&all_are_open);
    if (trickling)
        trickle(first);
    return NULL;
}

static int hold(const Options *given) {
    options = given;
    connections = calloc(options->connections, sizeof *connections);
    for (int number = 0; number < options->connections; number++)
        connections[number].socket = -1;
    pthread_barrier_init(&all_are_open, NULL, OPENERS + 1);
    double began = seconds_now();
    pthread_t threads[OPENERS];
    for (size_t number = 0; number < OPENERS; number++)
        pthread_create(&threads[number], NULL, opener, (void *)number);
    pthread_barrier_wait(&all_are_open);
    printf("{\"ready\":%ld,\"failures\":%ld,\"seconds\":%.3f}\n", ready, failures, seconds_now() - began);
    fflush(stdout);
    char ignored;
    while (read(STDIN_FILENO, &ignored, 1) > 0)
        continue;
    over = true;
    for (int number = 0; number < OPENERS; number++)
        pthread_join(threads[number], NULL);
    if (trickling)
        printf("{\"delivered\":%ld}\n", delivered);
    return failures != 0;
}

int hold_idle(const Options *given) {
    return hold(given);
}

int hold_trickling(const Options *given) {
    trickling = true;
    return hold(given);
}
