// One client's connection: opening it, commands, replies, TLS.
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct {
    int socket;
    SSL *tls;
    size_t read_from, read_to;
    char input[4096];
} Connection;

// Says what is wrong on standard error, for people.
extern bool verbose;

// Before the first connection: its port, and whether each says STARTTLS.
void connections_go_to(int port, bool with_tls);

// Before the first connection: the IPv4 address that a PROXY header names as the client's.
void connections_speak_for(const char *address);

// Connects from one of many loopback addresses, chosen by `client`, and goes as far as EHLO, inside TLS if so asked.
bool connection_open(Connection *connection, unsigned client);

bool connection_write(Connection *connection, const char *octets, size_t length);

// The code of one reply, which may have many lines; 0 at the end of the stream.
int connection_reply(Connection *connection);

// Whether the reply to this line has the first digit `wanted`.
bool connection_command(Connection *connection, const char *line, int wanted);

void connection_quit(Connection *connection);

void connection_close(Connection *connection);
