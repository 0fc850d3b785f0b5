#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "connection.h"
#include "modes.h"

enum { GIVE_UP_AFTER = 20, STACK = 128 << 10 };

static const char MAIL[] = "MAIL FROM:<sender@client.bench.test>\r\n";
static const char DATA[] = "DATA\r\n";

static const Options *options;
static char *message, *envelope;
static size_t message_length, envelope_length;
static long next_message, delivered, failures;
static float *latencies;
static pthread_barrier_t all_are_open;
// Holds sessions open before the clock starts, and opens them one at a time. If a hundred come at once, a server with a
// short backlog (OpenSMTPD's is 5) misses most until their SYN is sent again, seconds or a minute later.
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;

// The content of a file; the final dot.
static bool read_message(void) {
    FILE *file = fopen(options->file, "rb");
    if (!file || fseek(file, 0, SEEK_END)) {
        perror(options->file);
        return false;
    }
    size_t length = ftell(file);
    rewind(file);
    message = malloc(length + 4);
    bool whole = fread(message, 1, length, file) == length;
    fclose(file);
    memcpy(message + length, ".\r\n", 3);
    message_length = length + 3;
    return whole;
}

// Header fields, then lines of 72 characters that do not begin with a dot; the final dot.
static void make_message(void) {
    size_t room = options->length + 128 * (size_t)options->header_fields + 512;
    message = malloc(room);
    size_t at = sprintf(message, "From: <sender@client.bench.test>\r\nTo: <rcpt@bench.test>\r\nSubject: bench\r\n"
                                 "Message-Id: <1@client.bench.test>\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\n");
    for (int field = 5; field < options->header_fields; field++)
        at += sprintf(message + at, "X-Bench-%d: a field of no importance\r\n", field);
    at += sprintf(message + at, "\r\n");
    while (at + 2 < options->length) {
        size_t line = options->length - 2 - at;
        if (line > 72)
            line = 72;
        memset(message + at, 'x', line);
        memcpy(message + at + line, "\r\n", 2);
        at += line + 2;
    }
    memcpy(message + at, ".\r\n", 3);
    message_length = at + 3;
}

static void make_envelope(void) {
    envelope = malloc(sizeof MAIL + 64 * (size_t)options->recipients + sizeof DATA);
    envelope_length = sprintf(envelope, "%s", MAIL);
    for (int recipient = 0; recipient < options->recipients; recipient++)
        envelope_length += sprintf(envelope + envelope_length, "RCPT TO:<rcpt%d@bench.test>\r\n", recipient);
    envelope_length += sprintf(envelope + envelope_length, "%s", DATA);
}

static bool send_envelope_at_once(Connection *connection) {
    if (!connection_write(connection, envelope, envelope_length))
        return false;
    for (int reply = 0; reply <= options->recipients; reply++)
        if (connection_reply(connection) != 250)
            return false;
    return connection_reply(connection) == 354;
}

static bool send_envelope(Connection *connection) {
    if (!connection_command(connection, MAIL, 2))
        return false;
    for (int recipient = 0; recipient < options->recipients; recipient++) {
        char line[64];
        snprintf(line, sizeof line, "RCPT TO:<rcpt%d@bench.test>\r\n", recipient);
        if (!connection_command(connection, line, 2))
            return false;
    }
    return connection_command(connection, DATA, 3);
}

static bool send_message(Connection *connection) {
    bool envelope_taken =
        options->pipelined ? send_envelope_at_once(connection) : send_envelope(connection);
    return envelope_taken && connection_write(connection, message, message_length) &&
           connection_reply(connection) == 250;
}

static void *session(void *argument) {
    unsigned client = (unsigned)(size_t)argument;
    Connection connection = {.socket = -1};
    bool open = false;
    int sent_on_connection = 0, failed = 0;
    if (options->open_first) {
        pthread_mutex_lock(&opening);
        open = connection_open(&connection, client);
        pthread_mutex_unlock(&opening);
        pthread_barrier_wait(&all_are_open);
    }
    while (failed < GIVE_UP_AFTER) {
        long number = __atomic_fetch_add(&next_message, 1, __ATOMIC_RELAXED);
        if (number >= options->messages)
            break;
        if (!open) {
            open = connection_open(&connection, client);
            sent_on_connection = 0;
        }
        if (options->pause_microseconds)
            usleep(options->pause_microseconds);
        double began = seconds_now();
        if (!open || !send_message(&connection)) {
            connection_close(&connection);
            open = false;
            failed++;
            __atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);
            continue;
        }
        latencies[number] = seconds_now() - began;
        __atomic_fetch_add(&delivered, 1, __ATOMIC_RELAXED);
        if (options->messages_per_connection && ++sent_on_connection >= options->messages_per_connection) {
            connection_quit(&connection);
            open = false;
        }
    }
    if (open)
        connection_quit(&connection);
    return NULL;
}

static int ascending(const void *left, const void *right) {
    float a = *(const float *)left, b = *(const float *)right;
    return (a > b) - (a < b);
}

static double quantile(long count, double part) {
    return count ? latencies[(long)(part * (count - 1))] : 0;
}

static void tell(double seconds) {
    long count = 0;
    for (long number = 0; number < options->messages; number++)
        if (latencies[number] > 0)
            latencies[count++] = latencies[number];
    qsort(latencies, count, sizeof *latencies, ascending);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    printf("{\"delivered\":%ld,\"failures\":%ld,\"seconds\":%.6f,\"octets\":%zu,\"cpu\":%.3f,\"p50\":%.6f,"
           "\"p99\":%.6f,\"p999\":%.6f,\"max\":%.6f}\n",
           delivered, failures, seconds, message_length, cpu, quantile(count, .5), quantile(count, .99),
           quantile(count, .999), quantile(count, 1));
}

int send_messages(const Options *given) {
    options = given;
    if (!options->file)
        make_message();
    else if (!read_message())
        return 1;
    make_envelope();
    latencies = calloc(options->messages + 1, sizeof *latencies);
    pthread_t *threads = calloc(options->sessions, sizeof *threads);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    pthread_barrier_init(&all_are_open, NULL, options->sessions + 1);
    double began = seconds_now();
    for (int number = 0; number < options->sessions; number++) {
        if (pthread_create(&threads[number], &attributes, session, (void *)(size_t)number)) {
            fputs("smtpgen: no more threads\n", stderr);
            return 1;
        }
    }
    if (options->open_first) {
        pthread_barrier_wait(&all_are_open);
        began = seconds_now();
    }
    for (int number = 0; number < options->sessions; number++)
        pthread_join(threads[number], NULL);
    tell(seconds_now() - began);
    return failures != 0;
}
