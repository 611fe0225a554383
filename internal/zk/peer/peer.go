// Package peer finds out what listens at an address that a user gave as that of a ZooKeeper server, but that
// grants no session: a port with or without TLS, a port for HTTP, or a port between servers. It is the only
// place that guesses; it sends nothing that needs a session.
package peer

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// Dial opens a connection without TLS, as net.DialTimeout does.
type Dial func(network, addr string, timeout time.Duration) (net.Conn, error)

// Client is a client that got no session.
type Client struct {
	Dial Dial // nil: TCP
	TLS  bool // the client connected with TLS
	// Flag is the flag with which the client's command uses TLS; "": the command cannot.
	Flag string
}

// patience bounds each question.
const patience = time.Second

// Guess asks what listens at the addresses, all at once, for about a second. It returns what people
// need to know, such as "zk1:2281 speaks TLS: give --tls-ca", or "" if it learned nothing new.
func (c Client) Guess(ctx context.Context, addrs ...string) string {
	hints := make([]string, len(addrs))
	var all sync.WaitGroup
	for i, addr := range addrs {
		all.Go(func() { hints[i] = c.Hint(ctx, addr) })
	}
	all.Wait()
	var texts []string
	at := make(map[string][]string)
	for i, hint := range hints {
		if hint == "" {
			continue
		}
		if at[hint] == nil {
			texts = append(texts, hint)
		}
		at[hint] = append(at[hint], addrs[i])
	}
	for i, hint := range texts {
		texts[i] = strings.Join(at[hint], ", ") + " " + hint
	}
	return strings.Join(texts, "; ")
}

// Plain reports whether ZooKeeper servers without TLS listen at all of the addresses. It asks for about a second.
func (c Client) Plain(ctx context.Context, addrs ...string) bool {
	plain := make([]bool, len(addrs))
	var all sync.WaitGroup
	for i, addr := range addrs {
		all.Go(func() {
			k := c.look(ctx, addr)
			plain[i] = k == serving || k == waiting
		})
	}
	all.Wait()
	return !slices.Contains(plain, false)
}

// Hint is like Guess, for one address, which it does not name.
func (c Client) Hint(ctx context.Context, addr string) string { return c.hint(c.look(ctx, addr)) }

// kind is the kind of program that listens at an address.
type kind int

const (
	nobody     kind = iota // no connection
	speaksTLS              // a server with TLS, even if it rejects the client
	speaksHTTP             // an AdminServer, or metrics
	waiting                // a ZooKeeper server without TLS and without a majority
	serving                // a ZooKeeper server without TLS that answers words
	full                   // it ends connections before anything is sent
	closes                 // it ends connections without an answer
	silent                 // it leaves connections open, and answers nothing
)

func (c Client) hint(k kind) string {
	const notForClients = "a quorum port (2888) and an election port (3888) do that, too: clients connect to another port, usually 2181"
	switch {
	case k == speaksTLS && !c.TLS && c.Flag == "":
		return "speaks TLS, and this command does not: give a port without TLS"
	case k == speaksTLS && !c.TLS:
		return "speaks TLS: give " + c.Flag
	case k == speaksHTTP:
		return "speaks HTTP, as an AdminServer (8080) or a port of metrics does: clients connect to another port, usually 2181"
	case (k == serving || k == waiting) && c.TLS:
		return "is a server without TLS: leave out " + c.Flag
	case k == waiting:
		return "is a server that has no majority, or is still electing"
	case k == full:
		return "ends each connection of this address at once: as many as maxClientCnxns allows (by default 60) are open, or a balancer has no server"
	case k == closes && !c.TLS:
		return "closes connections without an answer: " + notForClients
	case k == silent && !c.TLS:
		return "accepts connections, and answers nothing: a paused server does that; " + notForClients
	}
	return ""
}

// look asks by several connections at once. The surest answer counts.
func (c Client) look(ctx context.Context, addr string) kind {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	questions := []func(context.Context, string) kind{c.asNobody, c.asTLS, c.asHTTP, c.asStatus, c.asHealth}
	answers := make([]kind, len(questions))
	var all sync.WaitGroup
	for i, ask := range questions {
		all.Go(func() { answers[i] = ask(ctx, addr) })
	}
	all.Wait()
	best := answers[0]
	for _, k := range answers[1:] {
		if k != nobody && (best == nobody || k < best) {
			best = k
		}
	}
	return best
}

// asNobody sends nothing: servers wait for a client to begin. It waits for half of the time only, so that one that is slow to
// close idle connections is not taken for one that is full.
func (c Client) asNobody(ctx context.Context, addr string) kind {
	ctx, cancel := context.WithTimeout(ctx, patience/2)
	defer cancel()
	_, k := c.ask(ctx, addr, "")
	if k == closes {
		return full
	}
	return k
}

func (c Client) asTLS(ctx context.Context, addr string) kind {
	conn := c.dial(ctx, addr)
	if conn == nil {
		return nobody
	}
	defer conn.Close()
	host, _, _ := net.SplitHostPort(addr)
	//nolint:gosec // nothing is sent on this connection, so it does not matter whom it reaches
	err := tls.Client(conn, &tls.Config{ServerName: host, InsecureSkipVerify: true}).HandshakeContext(ctx)
	var alert *net.OpError
	if err == nil || errors.As(err, &alert) && alert.Op == "remote error" { // as crypto/tls calls an alert of the other side
		return speaksTLS
	}
	return unanswered(err)
}

func (c Client) asHTTP(ctx context.Context, addr string) kind {
	answer, k := c.ask(ctx, addr, "GET / HTTP/1.0\r\n\r\n")
	if bytes.HasPrefix(answer, []byte("HTTP/")) {
		return speaksHTTP
	}
	return k
}

// asStatus asks with the four-letter word that every Apache server answers by default.
func (c Client) asStatus(ctx context.Context, addr string) kind {
	answer, k := c.ask(ctx, addr, "srvr")
	switch {
	case bytes.Contains(answer, []byte("not currently serving requests")), bytes.Contains(answer, []byte("Mode: read-only")):
		return waiting
	case bytes.Contains(answer, []byte("Zookeeper version: ")), bytes.Contains(answer, []byte("not in the whitelist")):
		return serving
	}
	return k
}

// asHealth asks with the word that may be the only one that servers other than Apache's know.
func (c Client) asHealth(ctx context.Context, addr string) kind {
	answer, k := c.ask(ctx, addr, "ruok")
	if bytes.Equal(bytes.TrimSpace(answer), []byte("imok")) {
		return serving
	}
	return k
}

// ask sends a text, and returns the beginning of the answer, or the kind of peer that gives none.
func (c Client) ask(ctx context.Context, addr, text string) ([]byte, kind) {
	conn := c.dial(ctx, addr)
	if conn == nil {
		return nil, nobody
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	if _, err := io.WriteString(conn, text); err != nil {
		return nil, unanswered(err)
	}
	answer, err := io.ReadAll(io.LimitReader(conn, 1<<10))
	if len(answer) == 0 {
		return nil, unanswered(err)
	}
	return answer, closes
}

// unanswered returns whether the server stayed silent or closed the connection.
func unanswered(err error) kind {
	var slow net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &slow) && slow.Timeout() {
		return silent
	}
	return closes
}

func (c Client) dial(ctx context.Context, addr string) net.Conn {
	dial := c.Dial
	if dial == nil {
		dial = net.DialTimeout
	}
	wait := patience
	if deadline, ok := ctx.Deadline(); ok {
		wait = max(time.Until(deadline), time.Millisecond)
	}
	conn, err := dial("tcp", addr, wait)
	if err != nil {
		return nil
	}
	return conn
}
