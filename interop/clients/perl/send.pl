#!/usr/bin/perl
# send.pl ORDER: sends the messages that the file ORDER lists, over one session; prints what went wrong as a JSON list.

use strict;
use warnings;

use JSON::PP;
use Net::SMTP;

# Pieces whose borders fall anywhere, also between a CR and its LF.
use constant PIECE => 1021;

sub octets {
    my ($name) = @_;
    open my $file, '<:raw', $name or die "$name: $!";
    local $/;
    return scalar <$file>;
}

my $order = decode_json(octets($ARGV[0]));
my @trust = (SSL_ca_file => $order->{ca}, SSL_verify_mode => 1);
my $session = Net::SMTP->new(
    '127.0.0.1',
    Port           => $order->{port},
    Hello          => $order->{ehlo},
    Timeout        => 20,
    ExactAddresses => 1,
    ($order->{secure} ? (SSL => 1, @trust) : ()),
) or die "no session: $@";
!$order->{starttls} or $session->starttls(@trust) or die 'no TLS: ' . $session->message;

sub send_one {
    my ($job) = @_;
    $session->mail("<$job->{from}>", $job->{is8bit} ? (Bits => '8') : ()) or return 0;
    for my $recipient (@{ $job->{to} }) {
        $session->to("<$recipient>") or return 0;
    }
    $session->data or return 0;
    my $content = octets($job->{file});
    for (my $at = 0; $at < length $content; $at += PIECE) {
        $session->datasend(substr $content, $at, PIECE) or return 0;
    }
    return $session->dataend;
}

my @faults;
for my $job (@{ $order->{jobs} }) {
    next if send_one($job);
    push @faults, "$job->{tag} ($job->{name}): " . $session->code . ' ' . $session->message;
    $session->reset;
}
$session->quit or push @faults, 'QUIT: ' . $session->message;
print encode_json(\@faults);
