#define _GNU_SOURCE
#include "connection.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { REPLY_SECONDS = 60, WRITE_AT_MOST = 65536 };

static const char EHLO[] = "EHLO client.bench.test\r\n";

bool verbose;
static int server_port;
static SSL_CTX *tls_context;
static char proxy_header[64];

void connections_go_to(int port, bool with_tls) {
    server_port = port;
    if (!with_tls)
        return;
    // Every handshake is a full one.
    tls_context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(tls_context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_session_cache_mode(tls_context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(tls_context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(tls_context, SSL_OP_IGNORE_UNEXPECTED_EOF);
}

void connections_speak_for(const char *address) {
    snprintf(proxy_header, sizeof proxy_header, "PROXY TCP4 %.15s 127.0.0.1 40000 25\r\n", address);
}

static bool connect_socket(Connection *connection, unsigned client) {
    connection->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(connection->socket, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    struct timeval patience = {.tv_sec = REPLY_SECONDS};
    setsockopt(connection->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    // 127.1.x.y: more clients than one address has ports, and servers count them separately.
    unsigned host = 0x7f010001u + client % 250 + (client / 250 % 250 << 8);
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(host)};
    struct sockaddr_in there = {
        .sin_family = AF_INET,
        .sin_port = htons(server_port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    if (bind(connection->socket, (struct sockaddr *)&here, sizeof here) ||
        connect(connection->socket, (struct sockaddr *)&there, sizeof there)) {
        perror("smtpgen: connecting");
        return false;
    }
    return true;
}

static bool start_tls(Connection *connection) {
    if (!connection_command(connection, "STARTTLS\r\n", 2))
        return false;
    connection->tls = SSL_new(tls_context);
    SSL_set_fd(connection->tls, connection->socket);
    if (SSL_connect(connection->tls) != 1) {
        ERR_print_errors_fp(stderr);
        return false;
    }
    return connection_command(connection, EHLO, 2);
}

bool connection_open(Connection *connection, unsigned client) {
    connection->read_from = connection->read_to = 0;
    connection->tls = NULL;
    bool open = connect_socket(connection, client) &&
                connection_write(connection, proxy_header, strlen(proxy_header)) && connection_reply(connection) == 220 &&
                connection_command(connection, EHLO, 2) && (!tls_context || start_tls(connection));
    if (!open)
        connection_close(connection);
    return open;
}

bool connection_write(Connection *connection, const char *octets, size_t length) {
    while (length) {
        size_t part = length < WRITE_AT_MOST ? length : WRITE_AT_MOST;
        ssize_t written = connection->tls ? SSL_write(connection->tls, octets, (int)part)
                                          : send(connection->socket, octets, part, MSG_NOSIGNAL);
        if (written <= 0)
            return false;
        octets += written;
        length -= written;
    }
    return true;
}

static bool fill(Connection *connection) {
    ssize_t got = connection->tls ? SSL_read(connection->tls, connection->input, sizeof connection->input)
                                  : read(connection->socket, connection->input, sizeof connection->input);
    connection->read_from = 0;
    connection->read_to = got > 0 ? got : 0;
    return got > 0;
}

int connection_reply(Connection *connection) {
    char line[1024];
    size_t length = 0;
    for (;;) {
        if (connection->read_from == connection->read_to && !fill(connection))
            return 0;
        char octet = connection->input[connection->read_from++];
        if (length < sizeof line - 1)
            line[length++] = octet;
        if (octet != '\n')
            continue;
        line[length] = 0;
        if (verbose)
            fprintf(stderr, "S: %s", line);
        if (length < 4 || line[3] != '-')
            return atoi(line);
        length = 0;
    }
}

bool connection_command(Connection *connection, const char *line, int wanted) {
    if (!connection_write(connection, line, strlen(line)))
        return false;
    int code = connection_reply(connection);
    if (code / 100 != wanted && verbose)
        fprintf(stderr, "smtpgen: %d answers %s", code, line);
    return code / 100 == wanted;
}

void connection_quit(Connection *connection) {
    connection_command(connection, "QUIT\r\n", 2);
    connection_close(connection);
}

void connection_close(Connection *connection) {
    SSL_free(connection->tls);
    connection->tls = NULL;
    if (connection->socket >= 0)
        close(connection->socket);
    connection->socket = -1;
}
