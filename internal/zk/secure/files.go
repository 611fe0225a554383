package secure

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
)

// Files are the TLS files of a client, in PEM. Without any, it connects without TLS.
type Files struct {
	CA        string // the authorities that signed the servers' certificates
	Cert, Key string // the client's own, for servers that require one
}

// ErrFiles marks files that do not go together.
var ErrFiles = errors.New("TLS files")

// filesError is an error that matches ErrFiles, but whose text says only what is wrong.
type filesError string

func (e filesError) Error() string        { return string(e) }
func (e filesError) Is(target error) bool { return target == ErrFiles }

// Load reads the files; nil if there are none. Its error names the flag of a file that is missing or
// invalid; it wraps [ErrFiles] if a file has to be given.
func (f Files) Load() (*tls.Config, error) {
	switch {
	case f == Files{}:
		return nil, nil
	case f.CA == "":
		return nil, filesError("--tls-cert and --tls-key need --tls-ca")
	case (f.Cert == "") != (f.Key == ""):
		return nil, filesError("--tls-cert and --tls-key go together: give both")
	}
	text, err := os.ReadFile(f.CA)
	if err != nil {
		return nil, fmt.Errorf("--tls-ca: %w", err)
	}
	config := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	if !config.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("--tls-ca %s: the file has no certificate", f.CA)
	}
	if f.Cert == "" {
		return config, nil
	}
	cert, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert %s, --tls-key %s: %w", f.Cert, f.Key, err)
	}
	config.Certificates = []tls.Certificate{cert}
	return config, nil
}

// soon is how long before the expiry of a certificate users are warned.
const soon = 14 * 24 * time.Hour

// Expiring returns each file with a certificate that has expired or soon will, and when.
func (f Files) Expiring(now time.Time) (all []string) {
	for _, file := range []struct{ flag, path string }{{"--tls-ca", f.CA}, {"--tls-cert", f.Cert}} {
		rest, err := os.ReadFile(file.path)
		if file.path == "" || err != nil {
			continue
		}
		if until := firstEnd(rest); !until.IsZero() && until.Before(now.Add(soon)) {
			all = append(all, fmt.Sprintf("%s %s %s", file.flag, file.path, ends(until, now)))
		}
	}
	return all
}

// certEnded says when the client's own certificate expired; "" if it did not.
func (f Files) certEnded(now time.Time) string {
	text, err := os.ReadFile(f.Cert)
	if until := firstEnd(text); err == nil && !until.IsZero() && until.Before(now) {
		return "--tls-cert " + f.Cert + " " + ends(until, now)
	}
	return ""
}

// firstEnd returns when the first of the certificates expires; zero if there is none.
func firstEnd(text []byte) (until time.Time) {
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return until
		}
		if cert, err := x509.ParseCertificate(block.Bytes); err == nil && (until.IsZero() || cert.NotAfter.Before(until)) {
			until = cert.NotAfter
		}
	}
}

// ends describes when a certificate expires or expired.
func ends(until, now time.Time) string {
	if until.Before(now) {
		return "expired on " + until.UTC().Format(time.DateOnly)
	}
	return "expires on " + until.UTC().Format(time.DateOnly)
}

// ServerExpiring describes when the server's certificate on a connection of [Config.Around] expires, as
// "expires on 2026-01-31". It returns "" if that is not soon, or if there is no certificate.
func ServerExpiring(c any, now time.Time) string {
	for {
		switch x := c.(type) {
		case *authConn:
			c = x.Conn
		case *tlsConn:
			until := x.ConnectionState().PeerCertificates[0].NotAfter
			if until.After(now.Add(soon)) {
				return ""
			}
			return ends(until, now)
		default:
			return ""
		}
	}
}

// Hint returns what can be done about an error of connecting with the files, or "" if the error does not
// tell.
func (f Files) Hint(err error) string {
	var name x509.HostnameError
	var untrusted *tls.CertificateVerificationError
	var invalid x509.CertificateInvalidError
	rejected := Alerted(err) || f.CA != "" && errors.Is(err, wire.ErrNoReply)
	switch ended := f.certEnded(time.Now()); {
	case rejected && ended != "":
		return ended + ": the servers reject it"
	case errors.As(err, &name):
		return "give the servers by the names in their certificates"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the servers need new certificates, or the clock of this machine is wrong"
	case errors.As(err, &untrusted):
		return "--tls-ca must name the authorities that signed the servers' certificates"
	case Alerted(err) && f.Cert == "":
		return "the servers may require a certificate: give --tls-cert and --tls-key"
	case Alerted(err):
		return "the servers reject the certificate of --tls-cert"
	case f.CA != "" && errors.Is(err, wire.ErrNoReply): // the TLS handshake succeeded
		return "servers close connections like this if they have no majority, or if they reject the certificate"
	}
	return ""
}
