package cli

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

// connecting has, for each command that connects to servers, arguments with which it connects and ends soon.
// SERVERS stands for the servers, and DIR for a folder.
var connecting = map[string][]string{
	"zklab shell":           {"SERVERS", "--timeout", "1s", "-c", "create /a"},
	"zklab monitor":         {"SERVERS", "--timeout", "1s", "--count", "1"},
	"zklab ensemble status": {"SERVERS"},
	"zklab ensemble check":  {"SERVERS", "--for", "1s", "--quiet", "--out", "DIR"},
	"zklab conform servers": {"SERVERS", "--timeout", "1s"},
	"zklab ensemble expire": {"/a", "--servers", "SERVERS", "--timeout", "1s"},
	"zklab lock":            {"/a", "--servers", "SERVERS", "--connect-timeout", "1s", "--", "true"},
	"zklab elect":           {"/b", "--servers", "SERVERS", "--connect-timeout", "1s", "--", "true"},
	"zklab register":        {"/a", "--address", "h:1", "--servers", "SERVERS", "--connect-timeout", "1s", "--", "true"},
	"zklab discover":        {"/a", "--servers", "SERVERS", "--connect-timeout", "1s"},
	"zklab clean":           {"--servers", "SERVERS"},
	"zklab run":             {"lock", "--ensemble", "external", "--servers", "SERVERS", "--time-limit", "1s", "--quiet", "--out", "DIR"},
	"zklab sweep":           {"lock", "--ensemble", "external", "--servers", "SERVERS", "--time-limit", "1s", "--seeds", "1", "--quiet", "--out", "DIR"},
}

// connects runs a command of the table, and returns its exit code and its output.
func connects(t *testing.T, command, servers string) (code int, said string) {
	t.Helper()
	args := append(strings.Fields(command)[1:], connecting[command]...)
	for i := range args {
		args[i] = strings.ReplaceAll(strings.ReplaceAll(args[i], "SERVERS", servers), "DIR", t.TempDir())
	}
	var out bytes.Buffer
	code = runZklab(args, &out, &out)
	return code, out.String()
}

// The table connecting has all commands that connect.
func TestConnectingCommands(t *testing.T) {
	var all []string
	var look func(*cobra.Command)
	look = func(cmd *cobra.Command) {
		if f := cmd.LocalFlags().Lookup("servers"); f != nil && !f.Hidden {
			all = append(all, cmd.CommandPath())
		}
		for _, sub := range cmd.Commands() {
			if !sub.Hidden {
				look(sub)
			}
		}
	}
	look(zklabRoot())
	slices.Sort(all)
	if table := slices.Sorted(maps.Keys(connecting)); !slices.Equal(table, all) {
		t.Errorf("the table has %q, and these have --servers: %q", table, all)
	}
}

// If an address is not a port for clients, each command that connects names what listens there.
func TestWrongPort(t *testing.T) {
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	admin := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(admin.Close)
	e := must.Get(embedded.Start(embedded.Config{Nodes: 1, TLS: &tls.Config{Certificates: secure.TLS.Certificates}}))(t)
	t.Cleanup(func() { e.Close() })
	for port, tt := range map[string]struct{ addr, want string }{
		"TLS":                {e.Addrs()[0], " speaks TLS"},
		"HTTP":               {strings.TrimPrefix(admin.URL, "http://"), " speaks HTTP, as an AdminServer"},
		"closes connections": {answering(t, func(c net.Conn) { c.Read(make([]byte, 1)) }), "a quorum port (2888) and an election port (3888) do that"},
		"says nothing":       {answering(t, func(c net.Conn) { io.Copy(io.Discard, c) }), "a quorum port (2888) and an election port (3888) do that"},
	} {
		for command := range connecting {
			t.Run(port+"/"+command, func(t *testing.T) {
				t.Parallel()
				if code, said := connects(t, command, tt.addr); code == 0 || !strings.Contains(said, tt.want) || strings.Count(said, tt.want) > 1 {
					t.Errorf("exit code %d, want %q: %s", code, tt.want, said)
				}
			})
		}
	}
}

// Each command that connects accepts addresses as Mesos and others write them, and explains how to write an IPv6
// address.
func TestWrittenServers(t *testing.T) {
	e := must.Get(embedded.Start(embedded.Config{Nodes: 1}))(t)
	t.Cleanup(func() { e.Close() })
	const badIPv6 = "write an IPv6 address in brackets: [::1]:2181"
	for command := range connecting {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			if code, said := connects(t, command, "::1:2181"); code != usage.ExitUsage || !strings.Contains(said, badIPv6) {
				t.Errorf("exit code %d, want %q: %s", code, badIPv6, said)
			}
			at := e.Addrs()[0] + "/nowhere-" + strings.ReplaceAll(command, " ", "-") // other commands may create their znodes meanwhile
			for _, scheme := range []string{"zk://", "zookeeper://"} {
				code, plain := connects(t, command, at)
				if codeOf, said := connects(t, command, scheme+at); codeOf != code || code == usage.ExitUsage && !strings.Contains(said, "/nowhere") {
					t.Errorf("%s: exit code %d, want %d: %s; without it: %s", scheme, codeOf, code, said, plain)
				}
			}
		})
	}
}

// answering serves connections with a function, and returns its address.
func answering(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer conn.Close(); serve(conn) }()
		}
	}()
	return l.Addr().String()
}

// refusing starts a server that grants sessions and answers each request with a code. It returns the
// address.
func refusing(t *testing.T, code wire.Code) string {
	const status = "Zookeeper version: 3.9.3-x, built on x\nLatency min/avg/max: 0/0.0/0\nReceived: 1\nSent: 1\nConnections: 1\nOutstanding: 0\nZxid: 0x1\nMode: standalone\nNode count: 5\n"
	var last atomic.Int64
	return answering(t, func(c net.Conn) {
		in := bufio.NewReader(c)
		if word, _ := in.Peek(4); string(word) == "srvr" {
			io.WriteString(c, status)
			return
		}
		body, err := wire.ReadFrame(in, nil, 0)
		if err != nil {
			return
		}
		ask, err := wire.DecodeConnectRequest(body)
		if err != nil {
			return
		}
		if ask.Session != 0 { // the session ended with its connection
			wire.WriteFrame(c, wire.ConnectResponse{Password: make([]byte, wire.PasswordSize), HasReadOnly: ask.HasReadOnly}.Append(nil))
			return
		}
		response := wire.ConnectResponse{Timeout: ask.Timeout, Session: last.Add(1), Password: make([]byte, wire.PasswordSize), HasReadOnly: ask.HasReadOnly}
		if wire.WriteFrame(c, response.Append(nil)) != nil {
			return
		}
		for {
			body, err := wire.ReadFrame(in, nil, 0)
			if err != nil {
				return
			}
			h, _, err := wire.DecodeRequestHeader(body)
			if err != nil {
				return
			}
			reply := wire.ReplyHeader{Xid: h.Xid, Err: code}
			if h.Op == wire.Ping || h.Op == wire.CloseSession || h.Op == wire.Auth && code != wire.AuthFailed {
				reply.Err = wire.OK
			}
			if wire.WriteFrame(c, reply.Append(nil)) != nil || code == wire.SessionClosedAuth && reply.Err != wire.OK {
				return
			}
		}
	})
}

// Each command that connects names what the servers answered, and the remedy. No command advises to remove
// what was never created (ZOOKEEPER-1634: enforce.auth.enabled).
func TestRefusedRequests(t *testing.T) {
	for _, code := range []wire.Code{wire.SessionClosedAuth, wire.AuthFailed, wire.NoAuth, wire.ThrottledOp, wire.SystemError, wire.QuotaExceeded} {
		servers := refusing(t, code)
		for command := range connecting {
			if command == "zklab ensemble status" { // this command opens no session
				continue
			}
			t.Run(code.String()+"/"+command, func(t *testing.T) {
				t.Parallel()
				want := code.Advice()
				if code == wire.NoAuth && slices.Contains([]string{"zklab run", "zklab sweep", "zklab ensemble check"}, command) {
					want = "give a chroot in which everyone may create znodes"
				}
				status, said := connects(t, command, servers)
				if status == 0 || !strings.Contains(said, want) || strings.Contains(said, "unknown error") || strings.Contains(said, "remove") {
					t.Errorf("exit code %d, want %q: %s", status, want, said)
				}
			})
		}
	}
}

// Each command with a session timeout tells which timeout the servers granted if it differs.
func TestGrantedSessionTimeout(t *testing.T) {
	e := must.Get(embedded.Start(embedded.Config{Nodes: 1, MinSession: 3 * time.Second, MaxSession: 20 * time.Second}))(t)
	t.Cleanup(func() { e.Close() })
	for command := range connecting {
		cmd, _, err := zklabRoot().Find(strings.Fields(command)[1:])
		if err != nil {
			t.Fatal(err)
		}
		if cmd.Flags().Lookup("session-timeout") == nil || cmd.Flags().Lookup("time-limit") != nil || command == "zklab ensemble check" {
			continue // runs store the timeout that was granted, and their summaries tell it
		}
		if command == "zklab monitor" {
			continue // this command ends only after a change
		}
		t.Run(command, func(t *testing.T) {
			for asked, granted := range map[string]string{"2s": "3s", "1m0s": "20s", "5s": ""} {
				args := append(strings.Fields(command)[1:], "--session-timeout", asked)
				for _, arg := range connecting[command] {
					args = append(args, strings.ReplaceAll(arg, "SERVERS", e.Addrs()[0]))
				}
				var out bytes.Buffer
				runZklab(args, &out, &out)
				want := "zklab: the servers made the session timeout " + granted + ": --session-timeout " + asked + " is not within their bounds\n"
				if told := strings.Contains(out.String(), want); told != (granted != "") || strings.Contains(out.String(), "made the session") != told {
					t.Errorf("asked for %s: %s", asked, &out)
				}
			}
		})
	}
}
