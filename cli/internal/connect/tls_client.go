package connect

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/spf13/pflag"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/peer"
	"github.com/zklab/zklab/internal/zk/secure"
	"github.com/zklab/zklab/internal/zk/wire"
)

// TLS names the TLS files of a client. Without any, it connects without TLS.
type TLS struct {
	files  secure.Files
	config *tls.Config // from the files, after load
}

// AddTo declares the flags.
func (f *TLS) AddTo(flags *pflag.FlagSet) {
	AddTLSFiles(flags, &f.files.CA, &f.files.Cert, &f.files.Key)
}

// AddTLSFiles declares the flags of a client's TLS files.
func AddTLSFiles(flags *pflag.FlagSet, ca, cert, key *string) {
	flags.StringVar(ca, "tls-ca", "", "file with the authorities that signed the servers' certificates, in PEM (connects with TLS)")
	flags.StringVar(cert, "tls-cert", "", "file with the client certificate for servers that require one, in PEM")
	flags.StringVar(key, "tls-key", "", "file with the key of --tls-cert, in PEM")
}

// Load reads the files. Its error names the flag of a file that is missing or invalid.
func (f *TLS) Load() (err error) {
	if f.config, err = f.files.Load(); errors.Is(err, secure.ErrFiles) {
		return usage.Errorf("%v", err)
	}
	return err
}

// Dial returns the function that connects to a server with TLS, nil if there are no files.
func (f *TLS) Dial() ensemble.DialFunc {
	if f.config == nil {
		return nil
	}
	return secure.Config{TLS: f.config}.Around(net.DialTimeout)
}

// Peer returns the client that finds out what listens at an address.
func (f *TLS) Peer() peer.Client { return peer.Client{TLS: f.config != nil, Flag: "--tls-ca"} }

// enoughTried is how long a client with TLS tries before it asks whether the servers have TLS at all.
const enoughTried = time.Second

// Within is like the function [Within]. A client with TLS gives up early if all servers turn out to be without it.
func (f *TLS) Within(ctx context.Context, c client.Config, bound time.Duration) (*client.Client, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if f.config != nil {
		go func() {
			if await.Sleep(ctx, enoughTried) == nil && f.Peer().Plain(ctx, c.Servers...) {
				cancel(fmt.Errorf("no connection within %s", enoughTried))
			}
		}()
	}
	return Within(ctx, c, bound)
}

// WayOut adds advice to an error of connecting to servers. The advice follows from the error, if that
// says enough, or else from what listens at the addresses.
func (f *TLS) WayOut(ctx context.Context, servers []string, err error) error {
	var code wire.Code
	if err == nil || ctx.Err() != nil || errors.As(err, &code) { // a server that answers with a code speaks the protocol
		return err
	}
	hint := f.files.Hint(err)
	if hint == "" {
		hint = f.Peer().Guess(ctx, servers...)
	}
	if hint != "" {
		return fmt.Errorf("%w: %s", err, hint)
	}
	return err
}
