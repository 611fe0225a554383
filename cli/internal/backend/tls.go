package backend

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"github.com/zklab/zklab/cli/internal/usage"
)

// tlsFiles names the TLS files of servers. Without any, clients connect without TLS.
type tlsFiles struct {
	cert, key, clientCA string
	config              *tls.Config // from the files, after load
}

func (f *tlsFiles) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&f.cert, "tls-cert", "", "file with the certificate of an embedded ensemble's servers, in PEM (clients must then use TLS)")
	flags.StringVar(&f.key, "tls-key", "", "file with the key of --tls-cert, in PEM")
	flags.StringVar(&f.clientCA, "tls-client-ca", "", "file with the authorities that must have signed clients' certificates, in PEM (default: clients need none)")
}

// load reads the files. Its error names the flag of a file that is missing or invalid.
func (f *tlsFiles) load(b Backend) error {
	switch {
	case f.cert == "" && f.key == "" && f.clientCA == "":
		return nil
	case f.cert == "" && f.key == "":
		return usage.Errorf("--tls-client-ca needs --tls-cert and --tls-key")
	case f.cert == "" || f.key == "":
		return usage.Errorf("--tls-cert and --tls-key go together: give both")
	case b.Kind == InContainers:
		return usage.Errorf("--tls-cert is for embedded servers: leave out --ensemble %s", InContainers)
	}
	cert, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return fmt.Errorf("--tls-cert %s, --tls-key %s: %w", f.cert, f.key, err)
	}
	f.config = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	if f.clientCA == "" {
		return nil
	}
	pem, err := os.ReadFile(f.clientCA)
	if err != nil {
		return fmt.Errorf("--tls-client-ca: %w", err)
	}
	f.config.ClientCAs, f.config.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
	if !f.config.ClientCAs.AppendCertsFromPEM(pem) {
		return fmt.Errorf("--tls-client-ca %s: the file has no certificate", f.clientCA)
	}
	return nil
}
