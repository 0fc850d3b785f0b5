// go-smtp, which reads every message to its end and forgets it: PORT CERTIFICATE KEY.
package main

import (
	"crypto/tls"
	"io"
	"log"
	"os"

	"github.com/emersion/go-smtp"
)

type discard struct{}

func (discard) Login(*smtp.ConnectionState, string, string) (smtp.Session, error) {
	return session{}, nil
}

func (discard) AnonymousLogin(*smtp.ConnectionState) (smtp.Session, error) {
	return session{}, nil
}

type session struct{}

func (session) Mail(string, smtp.MailOptions) error { return nil }
func (session) Rcpt(string) error                   { return nil }
func (session) Reset()                              {}
func (session) Logout() error                       { return nil }

func (session) Data(message io.Reader) error {
	_, err := io.Copy(io.Discard, message)
	return err
}

func main() {
	if len(os.Args) != 4 {
		log.Fatal("write PORT CERTIFICATE KEY")
	}
	certificate, err := tls.LoadX509KeyPair(os.Args[2], os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	server := smtp.NewServer(discard{})
	server.Addr = "127.0.0.1:" + os.Args[1]
	server.Domain = "bench.test"
	server.MaxMessageBytes = 64 << 20
	server.MaxRecipients = 1000
	server.Strict = true
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
	log.Fatal(server.ListenAndServe())
}
