// smtpgen: an SMTP client that generates load for which Postfix's smtp-source has no option. Loopback only.
//
//   smtpgen send    -p PORT [-t] [-s SESSIONS] [-m MESSAGES] [-k MESSAGES-PER-CONNECTION] [-l OCTETS]
//                   [-r RECIPIENTS] [-H HEADER-FIELDS] [-P] [-o] [-w PAUSE-IN-MICROSECONDS]
//                   [-f FILE] [-c ADDRESS]
//   smtpgen idle    -p PORT [-t] -n CONNECTIONS
//   smtpgen trickle -p PORT [-t] -n CONNECTIONS [-w PAUSE-IN-MICROSECONDS]
//
// -t sends STARTTLS first, -P sends MAIL, RCPT and DATA in one write, -o opens all sessions before the clock starts, -k
// 0 sends all messages of a session on one connection, -v shows replies. -f sends the content of a file, whose lines end
// with CRLF and do not begin with a dot. -c names another client in a PROXY header.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "connection.h"
#include "modes.h"

int main(int count, char **arguments) {
    Options options = {.sessions = 1, .messages = 100, .length = 1024, .recipients = 1, .header_fields = 5};
    bool with_tls = false;
    int port = 0, option;
    optind = 2;
    while (count > 1 && (option = getopt(count, arguments, "p:s:m:k:l:r:H:w:n:f:c:tPov")) != -1) {
        switch (option) {
        case 'p': port = atoi(optarg); break;
        case 's': options.sessions = atoi(optarg); break;
        case 'm': options.messages = atol(optarg); break;
        case 'k': options.messages_per_connection = atoi(optarg); break;
        case 'l': options.length = atol(optarg); break;
        case 'r': options.recipients = atoi(optarg); break;
        case 'H': options.header_fields = atoi(optarg); break;
        case 'w': options.pause_microseconds = atoi(optarg); break;
        case 'n': options.connections = atoi(optarg); break;
        case 'f': options.file = optarg; break;
        case 'c': connections_speak_for(optarg); break;
        case 't': with_tls = true; break;
        case 'P': options.pipelined = true; break;
        case 'o': options.open_first = true; break;
        case 'v': verbose = true; break;
        default: return 2;
        }
    }
    // A server that hangs up counts as an error.
    signal(SIGPIPE, SIG_IGN);
    connections_go_to(port, with_tls);
    const char *mode = count > 1 ? arguments[1] : "";
    if (!strcmp(mode, "send"))
        return send_messages(&options);
    if (!strcmp(mode, "idle"))
        return hold_idle(&options);
    if (!strcmp(mode, "trickle"))
        return hold_trickling(&options);
    fputs("usage: smtpgen send|idle|trickle -p PORT [options]; see the head of smtpgen.c\n", stderr);
    return 2;
}
