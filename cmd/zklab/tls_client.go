package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/zklab/zklab/ensemble"
)

// clientTLS are the files of a client that speaks TLS with servers; without any it
// does not.
type clientTLS struct {
	ca, cert, key string
	config        *tls.Config // of the files, once loaded
}

func (f *clientTLS) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&f.ca, "tls-ca", "", "authorities, in PEM, whose certificates servers must show: they are spoken to with TLS then")
	flags.StringVar(&f.cert, "tls-cert", "", "certificate to show to servers that want one, in PEM")
	flags.StringVar(&f.key, "tls-key", "", "its key, in PEM")
}

// load reads the files, and says which flag names one that is of no use.
func (f *clientTLS) load() error {
	switch {
	case f.ca == "" && f.cert == "" && f.key == "":
		return nil
	case f.ca == "":
		return usageError("--tls-cert and --tls-key are of no use without --tls-ca")
	case (f.cert == "") != (f.key == ""):
		return usageError("--tls-cert and --tls-key go together: give both")
	}
	pem, err := os.ReadFile(f.ca)
	if err != nil {
		return fmt.Errorf("--tls-ca: %w", err)
	}
	f.config = &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	if !f.config.RootCAs.AppendCertsFromPEM(pem) {
		return fmt.Errorf("--tls-ca %s: there is no certificate in it", f.ca)
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

// dial is how a server is reached; nil for TCP alone.
func (f *clientTLS) dial() ensemble.DialFunc {
	if f.config == nil {
		return nil
	}
	return func(network, addr string, timeout time.Duration) (net.Conn, error) {
		return tls.DialWithDialer(&net.Dialer{Timeout: timeout}, network, addr, f.config)
	}
}
