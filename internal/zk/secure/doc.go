// Package secure connects to the servers of a secured ensemble: it speaks TLS, and authenticates each
// connection before the client's first request. A [Config] turns a function that dials into another
// one. To the program that uses them, its connections speak the client protocol without TLS and without
// credentials, so that any client can use them, and links see plain frames and no secret.
//
// The package knows no experiment and no flags, except that the errors of [Files] name the flags that
// gave them.
package secure

import (
	"crypto/tls"
	"net"
	"time"
)

// Dial opens a connection, as net.DialTimeout does.
type Dial = func(network, addr string, timeout time.Duration) (net.Conn, error)

// Config says how to reach servers. The zero value changes nothing.
type Config struct {
	TLS  *tls.Config  // nil: no TLS. A ServerName that is empty is the host's.
	Auth []Credential // given on each connection that begins a session, in this order
}

// Around returns dial with TLS and credentials. Connections without a session, such as those of
// four-letter words, only get TLS. It is safe for concurrent use if dial is.
func (c Config) Around(dial Dial) Dial {
	if c.TLS != nil {
		dial = aroundTLS(c.TLS, dial)
	}
	if len(c.Auth) > 0 {
		dial = aroundAuth(c.Auth, dial)
	}
	return dial
}
