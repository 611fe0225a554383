package external

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/zk/peer"
	"github.com/zklab/zklab/internal/zk/secure"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
	"github.com/zklab/zklab/internal/zk/zkconn"
)

// security reads the files and the variables that the Config names.
func (c Config) security() (s secure.Config, err error) {
	for _, text := range c.Credentials {
		credential, err := secure.ParseCredential(text)
		if err != nil {
			return s, wrong("credential: %v", err)
		}
		s.Auth = append(s.Auth, credential)
	}
	for _, from := range c.Access.Auth {
		all, err := credentials(from)
		if err != nil {
			return s, err
		}
		s.Auth = append(s.Auth, all...)
	}
	if s.TLS, err = files(c.Access).Load(); err != nil {
		if errors.Is(err, secure.ErrFiles) {
			return s, wrong("%v", err)
		}
		return s, err
	}
	if c.TLS != nil {
		s.TLS = c.TLS
	}
	return s, nil
}

func files(a ensemble.Access) secure.Files {
	return secure.Files{CA: a.TLSCA, Cert: a.TLSCert, Key: a.TLSKey}
}

// credentials reads @FILE or env:VARIABLE. Its errors never repeat text that may be a secret.
func credentials(from string) ([]secure.Credential, error) {
	var text string
	if path, ok := strings.CutPrefix(from, "@"); ok && path != "" {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("--auth: %w", err)
		}
		text = string(b)
	} else if name, ok := strings.CutPrefix(from, "env:"); ok && name != "" {
		if text, ok = os.LookupEnv(name); !ok {
			return nil, wrong("--auth %s: the environment variable is not set", from)
		}
	} else {
		return nil, wrong("--auth takes @FILE or env:VARIABLE: other users can read command lines, and a stored run has its settings")
	}
	all, err := secure.ParseCredentials(text)
	if err != nil {
		return nil, wrong("--auth %s: %v", from, err)
	}
	return all, nil
}

// secured notes for the report how clients connect.
func (e *cluster) secured(s secure.Config) {
	p := &e.profile
	if s.TLS != nil {
		text := "clients use TLS"
		if len(s.TLS.Certificates) > 0 || s.TLS.GetClientCertificate != nil {
			text += ", with a certificate"
		}
		p.Settings = append(p.Settings, text)
	}
	for _, c := range s.Auth {
		p.Settings = append(p.Settings, "clients authenticate as "+c.Who())
	}
	if e.config.Access.Given() {
		p.Access = &e.config.Access
	}
}

// admits sees that each server accepts the credentials, and that it requires no others. It warns of certificates
// that expire soon.
func (e *cluster) admits(ctx context.Context) error {
	now := time.Now()
	due := files(e.config.Access).Expiring(now)
	expiring := make([]string, len(e.servers))
	g, ctx := errgroup.WithContext(ctx)
	for i, s := range e.servers {
		g.Go(func() (err error) {
			if expiring[i], err = e.admitted(ctx, s.addr, now); err != nil {
				return fmt.Errorf("server %d at %s: %w", s.id, s.addr, err)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i, text := range expiring { // most servers have certificates that end together
		if text == "" || slices.Contains(expiring[:i], text) {
			continue
		}
		var of []string
		for j, other := range expiring {
			if other == text {
				of = append(of, e.servers[j].addr)
			}
		}
		due = append(due, fmt.Sprintf("that of %s %s", strings.Join(of, ", "), text))
	}
	if len(due) > 0 {
		e.profile.Warnings = append(e.profile.Warnings, "TLS certificates to renew: "+strings.Join(due, "; "))
	}
	return nil
}

// admitted asks one server whether a znode exists, for which no permission is needed. It returns when the server's
// certificate expires, if that is soon.
func (e *cluster) admitted(ctx context.Context, addr string, now time.Time) (expiring string, err error) {
	conn, err := zkclient.Connect(ctx, zkclient.Config{
		Session: wire.Session{Timeout: shortSession},
		Dial: func(ctx context.Context) (net.Conn, error) {
			c, err := zkclient.To(e.Dial, addr)(ctx)
			if err == nil {
				expiring = secure.ServerExpiring(c, now)
			}
			return c, err
		},
	})
	if err != nil {
		return "", err
	}
	defer conn.Close()
	reply, err := conn.Do(ctx, wire.Exists, &wire.ReadRequest{Path: e.config.Chroot + "/zookeeper"})
	if err != nil {
		return "", err
	}
	if code := reply.Header.Err; code == wire.SessionClosedAuth || code == wire.AuthFailed {
		return "", zkconn.Explained(code)
	}
	_, err = conn.Do(ctx, wire.CloseSession, nil)
	return expiring, err
}

// guessed adds to an error what to do: what the error shows about TLS, or what listens at the addresses
// that open no session.
func (e *cluster) guessed(ctx context.Context, err error) error {
	var code wire.Code
	if ctx.Err() != nil || electing(err) || errors.As(err, &code) {
		return err
	}
	hint := files(e.config.Access).Hint(err)
	if hint == "" {
		hint = (peer.Client{Dial: e.plain, TLS: e.security.TLS != nil, Flag: "--tls-ca"}).Guess(ctx, e.config.Servers...)
	}
	if hint != "" {
		return fmt.Errorf("%w: %s", err, hint)
	}
	return err
}
