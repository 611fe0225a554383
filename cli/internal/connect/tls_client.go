package connect

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/peer"
	"github.com/zklab/zklab/internal/zk/wire"
)

// TLS are the TLS files of a client. Without any, it connects without TLS.
type TLS struct {
	ca, cert, key string
	config        *tls.Config // from the files, after load
}

// AddTo declares the flags.
func (f *TLS) AddTo(flags *pflag.FlagSet) {
	flags.StringVar(&f.ca, "tls-ca", "", "file with the authorities that signed the servers' certificates, in PEM (connects with TLS)")
	flags.StringVar(&f.cert, "tls-cert", "", "file with the client certificate for servers that require one, in PEM")
	flags.StringVar(&f.key, "tls-key", "", "file with the key of --tls-cert, in PEM")
}

// Load reads the files. Its error names the flag of a file that is missing or invalid.
func (f *TLS) Load() error {
	switch {
	case f.ca == "" && f.cert == "" && f.key == "":
		return nil
	case f.ca == "":
		return usage.Errorf("--tls-cert and --tls-key need --tls-ca")
	case (f.cert == "") != (f.key == ""):
		return usage.Errorf("--tls-cert and --tls-key go together: give both")
	}
	pem, err := os.ReadFile(f.ca)
	if err != nil {
		return fmt.Errorf("--tls-ca: %w", err)
	}
	f.config = &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	if !f.config.RootCAs.AppendCertsFromPEM(pem) {
		return fmt.Errorf("--tls-ca %s: the file has no certificate", f.ca)
	}
	if f.cert == "" {
		return nil
	}
	cert, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return fmt.Errorf("--tls-cert %s, --tls-key %s: %w", f.cert, f.key, err)
	}
	f.config.Certificates = []tls.Certificate{cert}
	return nil
}

// Dial returns the function that connects to a server with TLS, nil if there are no files.
func (f *TLS) Dial() ensemble.DialFunc {
	if f.config == nil {
		return nil
	}
	return func(network, addr string, timeout time.Duration) (net.Conn, error) {
		return tls.DialWithDialer(&net.Dialer{Timeout: timeout}, network, addr, f.config)
	}
}

// Peer is the client that finds out what listens at an address.
func (f *TLS) Peer() peer.Client { return peer.Client{TLS: f.config != nil, Flag: "--tls-ca"} }

// WayOut adds to an error of connecting to servers what can be done about it: from the error, if it
// tells enough, or from what listens at the addresses.
func (f *TLS) WayOut(ctx context.Context, servers []string, err error) error {
	var code wire.Code
	if err == nil || ctx.Err() != nil || errors.As(err, &code) { // a server that answers by a code is the right one
		return err
	}
	hint := f.hint(err)
	if hint == "" {
		hint = f.Peer().Guess(ctx, servers...)
	}
	if hint != "" {
		return fmt.Errorf("%w: %s", err, hint)
	}
	return err
}

// hint is about errors of TLS.
func (f *TLS) hint(err error) string {
	var name x509.HostnameError
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &name):
		return "give the servers by the names in their certificates"
	case errors.As(err, &untrusted):
		return "--tls-ca must name the authorities that signed the servers' certificates"
	case client.TLSRefused(err) && f.cert == "":
		return "the servers may require a certificate: give --tls-cert and --tls-key"
	case client.TLSRefused(err):
		return "the servers reject the certificate of --tls-cert"
	case f.config != nil && errors.Is(err, wire.ErrNoReply): // the TLS handshake succeeded
		return "servers close connections like this if they have no majority, or if they reject the certificate"
	}
	return ""
}
