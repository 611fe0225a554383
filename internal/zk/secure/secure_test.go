package secure_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/securefront"
	"github.com/zklab/zklab/internal/testkit/testmain"
	"github.com/zklab/zklab/internal/zk/secure"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

func TestMain(m *testing.M) { testmain.Main(m) }

func server(t *testing.T) string {
	t.Helper()
	e := must.Get(embedded.Start(embedded.Config{Nodes: 1}))(t)
	t.Cleanup(func() { e.Close() })
	return e.Addrs()[0]
}

func parsed(t *testing.T, lines ...string) []secure.Credential {
	t.Helper()
	if len(lines) == 0 {
		return nil
	}
	return must.Get(secure.ParseCredentials(strings.Join(lines, "\n")))(t)
}

// A connection is authenticated before the client's first request, by digest, SASL or both; a wrong credential is an
// AuthError that wraps the code and has no password.
func TestAuthentication(t *testing.T) {
	addr := server(t)
	users := map[string]string{"bob": "hidden"}
	for _, tt := range []struct {
		name  string
		front securefront.Config
		auth  []string
		want  string // part of the error
	}{
		{"digest", securefront.Config{Schemes: []string{"digest"}}, []string{"digest:joe:hidden"}, ""},
		{"SASL", securefront.Config{Schemes: []string{"sasl"}, SASL: users}, []string{"sasl:bob:hidden"}, ""},
		{"SASL, then digest", securefront.Config{Schemes: []string{"digest"}, SASL: users}, []string{"sasl:bob:hidden", "digest:joe:hidden"}, ""},
		{"none", securefront.Config{Schemes: []string{"digest"}}, nil, wire.SessionClosedAuth.Advice()},
		{"another", securefront.Config{Schemes: []string{"sasl"}, SASL: users}, []string{"digest:joe:hidden"}, wire.SessionClosedAuth.Advice()},
		{"wrong password", securefront.Config{SASL: users}, []string{"sasl:bob:hiddem"}, "authenticate as sasl user bob: the server rejects it"},
		{"wrong user", securefront.Config{SASL: users}, []string{"sasl:eve:hidden"}, "authenticate as sasl user eve: the server rejects it"},
		{"wrong digest", securefront.Config{Users: []string{"joe:hidden"}}, []string{"digest:joe:hiddem"}, "authenticate as digest user joe: the server rejects it"},
		{"no SASL", securefront.Config{}, []string{"sasl:bob:hidden"}, "the server does not offer SASL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dial := secure.Config{Auth: parsed(t, tt.auth...)}.Around(net.DialTimeout)
			err := exists(t.Context(), dial, securefront.Listen(t, addr, tt.front))
			if got := text(err); (tt.want == "") != (err == nil) || !strings.Contains(got, tt.want) || strings.Contains(got, "hidde") {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			var code wire.Code
			if err != nil && (!errors.As(err, &code) || code != wire.AuthFailed && code != wire.SessionClosedAuth) {
				t.Errorf("%v wraps no code", err)
			}
		})
	}
}

func text(err error) string {
	var code wire.Code
	switch {
	case err == nil:
		return ""
	case errors.As(err, &code) && code == wire.SessionClosedAuth:
		return code.Advice()
	}
	return err.Error()
}

// exists checks for a znode in a new session.
func exists(ctx context.Context, dial secure.Dial, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	conn, err := zkclient.Connect(ctx, zkclient.Config{Dial: zkclient.To(dial, addr)})
	if err != nil {
		return err
	}
	defer conn.Close()
	reply, err := conn.Do(ctx, wire.Exists, &wire.ReadRequest{Path: "/zookeeper"})
	if err == nil && reply.Header.Err != wire.OK {
		err = reply.Header.Err
	}
	return err
}

// Bytes that the client sends before the connect response wait for the credentials, an expired deadline in between
// loses nothing, and a client whose bytes come in pieces is served as well.
func TestInterrupted(t *testing.T) {
	t.Run("plain", func(t *testing.T) { interrupted(t, nil, nil) })
	t.Run("TLS", func(t *testing.T) {
		certified := httptest.NewTLSServer(http.NotFoundHandler())
		defer certified.Close()
		pool := x509.NewCertPool()
		pool.AddCert(certified.Certificate())
		interrupted(t, &tls.Config{Certificates: certified.TLS.Certificates}, &tls.Config{RootCAs: pool})
	})
}

func interrupted(t *testing.T, serverTLS, clientTLS *tls.Config) {
	addr := securefront.Listen(t, server(t), securefront.Config{TLS: serverTLS, Schemes: []string{"sasl"}, SASL: map[string]string{"bob": "p"}})
	conn := must.Get(secure.Config{TLS: clientTLS, Auth: parsed(t, "sasl:bob:p")}.Around(net.DialTimeout)("tcp", addr, time.Minute))(t)
	defer conn.Close()
	first := wire.AppendFrame(nil, wire.ConnectRequest{Timeout: 10 * time.Second, Password: make([]byte, wire.PasswordSize)}.Append(nil))
	early := append(wire.RequestHeader{Xid: 1, Op: wire.Exists}.Append(nil), wire.ReadRequest{Path: "/zookeeper"}.Append(nil)...)
	sent := wire.AppendFrame(first, early)
	for i := range sent {
		if n, err := conn.Write(sent[i : i+1]); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	var got []byte
	interruptions := 0
	for one := make([]byte, 1); len(got) < 41+4+16; {
		past := time.Now().Add(time.Duration(interruptions%2) * time.Minute) // every other read has time left
		conn.SetReadDeadline(past)
		n, err := conn.Read(one)
		interruptions++
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
		case err != nil:
			t.Fatalf("%v after %d bytes", err, len(got))
		}
		got = append(got, one[:n]...)
	}
	response, err := wire.DecodeConnectResponse(got[4:40])
	if err != nil || response.Refused() {
		t.Errorf("%+v, %v", response, err)
	}
	h, _, err := wire.DecodeReplyHeader(got[44:])
	if err != nil || h.Xid != 1 || h.Err != wire.OK {
		t.Errorf("%+v, %v", h, err)
	}
}

// Four-letter words need no credentials.
func TestWords(t *testing.T) {
	addr := securefront.Listen(t, server(t), securefront.Config{Schemes: []string{"digest"}})
	dial := secure.Config{Auth: parsed(t, "digest:joe:p")}.Around(net.DialTimeout)
	status, err := ensemble.AskStatus(t.Context(), dial, addr)
	if err != nil || status.Role != ensemble.Standalone {
		t.Errorf("%+v, %v", status, err)
	}
}

// Each wrong line of a file of credentials is named by its number, and not repeated.
func TestWrongCredentials(t *testing.T) {
	for text, want := range map[string]string{
		"":                                 "it has no credential: give a line such as digest:user:password",
		"# digest:a:b\n\n":                 "it has no credential: give a line such as digest:user:password",
		"digest:a:b\nhidden":               "line 2: give scheme:credential, such as digest:user:password",
		"digest:hidden":                    "line 1: give digest:user:password",
		"sasl::hidden":                     "line 1: give sasl:user:password",
		"digest:a:b\r\nsasl:bob:two words": "",
		"x:hidden":                         "",
	} {
		if _, err := secure.ParseCredentials(text); want != "" && (err == nil || err.Error() != want) || want == "" && err != nil {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}
