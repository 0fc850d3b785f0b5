// floor PORT: the minimum work of an SMTP receiver, to compare servers with. One thread, one epoll_wait, one read and
// one write a turn. It looks only at the first letter of a command and at CRLF.CRLF. It checks no order, syntax or
// limit, and has no timeout and no TLS. It is not a correct server; it marks the physical limit.
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { END_LENGTH = 5, EVENTS = 256, OUTPUT = 4096, BACKLOG = 4096 };

static const char END[] = "\r\n.\r\n";

typedef struct {
    int socket;
    bool in_message;
    size_t line_length;
    char tail[END_LENGTH]; // the last octets of the message so far, as its end may lie across two reads
    char line[1024];
} Session;

typedef struct {
    int socket;
    char octets[OUTPUT];
    size_t length;
} Output;

static char input[262144];
static int epoll;

// Unwritten bytes are lost; the next read tells that the client is gone.
static void flush(Output *output) {
    if (output->length && write(output->socket, output->octets, output->length) < 0)
        shutdown(output->socket, SHUT_RDWR);
    output->length = 0;
}

static void say(Output *output, const char *reply) {
    size_t length = strlen(reply);
    if (output->length + length > OUTPUT)
        flush(output);
    memcpy(output->octets + output->length, reply, length);
    output->length += length;
}

// The end of the message, or NULL if it is not in these bytes.
static char *end_of_message(Session *session, char *from, size_t length) {
    size_t head = length < END_LENGTH - 1 ? length : END_LENGTH - 1;
    char seam[2 * END_LENGTH];
    memcpy(seam, session->tail, END_LENGTH);
    memcpy(seam + END_LENGTH, from, head);
    // An end inside the tail was found before, so it lies at least one byte into the new ones.
    for (size_t at = 1; at + END_LENGTH <= END_LENGTH + head; at++)
        if (!memcmp(seam + at, END, END_LENGTH))
            return from + at;
    char *end = memmem(from, length, END, END_LENGTH);
    if (end)
        return end + END_LENGTH;
    if (length >= END_LENGTH) {
        memcpy(session->tail, from + length - END_LENGTH, END_LENGTH);
    } else {
        memmove(session->tail, session->tail + length, END_LENGTH - length);
        memcpy(session->tail + END_LENGTH - length, from, length);
    }
    return NULL;
}

// Whether the session goes on after the command in `session->line`.
static bool answer(Session *session, Output *output) {
    switch (session->line[0] & ~32) {
    case 'D':
        session->in_message = true;
        memcpy(session->tail, "xxx\r\n", END_LENGTH);
        say(output, "354 go\r\n");
        return true;
    case 'E':
        say(output, "250-floor\r\n250-PIPELINING\r\n250 8BITMIME\r\n");
        return true;
    case 'Q':
        say(output, "221 bye\r\n");
        return false;
    default:
        say(output, "250 2.0.0 OK\r\n");
        return true;
    }
}

// Whether the session goes on after these bytes.
static bool take(Session *session, char *from, size_t length, Output *output) {
    char *end = from + length;
    bool goes_on = true;
    while (from < end) {
        if (session->in_message) {
            from = end_of_message(session, from, end - from);
            if (!from)
                break;
            session->in_message = false;
            say(output, "250 2.0.0 OK\r\n");
            continue;
        }
        char *line_feed = memchr(from, '\n', end - from);
        size_t part = (line_feed ? line_feed + 1 : end) - from;
        size_t room = sizeof session->line - session->line_length;
        size_t kept = part < room ? part : room;
        memcpy(session->line + session->line_length, from, kept);
        session->line_length += kept;
        from += part;
        if (line_feed) {
            session->line_length = 0;
            goes_on = answer(session, output);
        }
    }
    return goes_on;
}

static void hang_up(Session *session) {
    close(session->socket);
    free(session);
}

static void greet(int listener) {
    int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (client < 0)
        return;
    int on = 1;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Session *session = malloc(sizeof *session);
    session->socket = client;
    session->in_message = false;
    session->line_length = 0;
    struct epoll_event readable = {.events = EPOLLIN, .data.ptr = session};
    epoll_ctl(epoll, EPOLL_CTL_ADD, client, &readable);
    if (write(client, "220 floor ESMTP\r\n", 17) < 0)
        return; // The next read tells that the client is gone.
}

static void turn(Session *session) {
    ssize_t length = read(session->socket, input, sizeof input);
    if (length <= 0) {
        hang_up(session);
        return;
    }
    Output output;
    output.socket = session->socket;
    output.length = 0;
    bool goes_on = take(session, input, length, &output);
    flush(&output);
    if (!goes_on)
        hang_up(session);
}

int main(int count, char **arguments) {
    if (count != 2) {
        fputs("usage: floor PORT\n", stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(atoi(arguments[1])),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, BACKLOG)) {
        perror("floor: listening");
        return 1;
    }
    epoll = epoll_create1(0);
    struct epoll_event connecting = {.events = EPOLLIN, .data.ptr = NULL}, events[EVENTS];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &connecting);
    for (;;) {
        int happened = epoll_wait(epoll, events, EVENTS, -1);
        for (int number = 0; number < happened; number++) {
            Session *session = events[number].data.ptr;
            if (session)
                turn(session);
            else
                greet(listener);
        }
    }
}
