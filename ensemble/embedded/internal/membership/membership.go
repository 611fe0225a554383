// Package membership is the text of /zookeeper/config: which servers an ensemble
// has, and where they are ("ZooKeeper Dynamic Reconfiguration", Retrieving the
// current dynamic configuration). A line for each server
//
//	server.1=127.0.0.1:2888:3888:participant;127.0.0.1:2181
//
// by id, and last the version, which is the zxid of the reconfiguration that made
// it, in hexadecimal.
package membership

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// ErrFormat means a text that describes no servers.
var ErrFormat = errors.New("not a description of servers")

// Members are servers by their ids.
type Members map[int]Member

// Member is one server.
type Member struct {
	Host         string
	Quorum, Vote int // ports for the other servers
	Observer     bool
	Client       string // host:port for clients; "" if not given
}

// String is what stands behind "server.1=".
func (m Member) String() string {
	role := "participant"
	if m.Observer {
		role = "observer"
	}
	s := fmt.Sprintf("%s:%d:%s", net.JoinHostPort(m.Host, strconv.Itoa(m.Quorum)), m.Vote, role)
	if m.Client != "" {
		s += ";" + m.Client
	}
	return s
}

// Text gives the whole text.
func (m Members) Text(version int64) string {
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(&b, "server.%d=%s\n", id, m[id])
	}
	fmt.Fprintf(&b, "version=%x", version)
	return b.String()
}

// Voters counts the servers that are no observers.
func (m Members) Voters() (n int) {
	for _, s := range m {
		if !s.Observer {
			n++
		}
	}
	return n
}

// Parse reads lines, or what commas divide. The version is 0 if there is none.
func Parse(text string) (m Members, version int64, err error) {
	m = Members{}
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == ',' }) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		switch {
		case key == "":
			continue
		case key == "version":
			version, err = strconv.ParseInt(value, 16, 64)
		case ok:
			err = m.add(key, value)
		default:
			err = ErrFormat
		}
		if err != nil {
			return nil, 0, fmt.Errorf("%w: %q", ErrFormat, line)
		}
	}
	return m, version, nil
}

// add reads one server. A later one with the same id takes the place of the earlier.
func (m Members) add(key, value string) error {
	number, ok := strings.CutPrefix(strings.TrimSpace(key), "server.")
	id, err := strconv.Atoi(number)
	if !ok || err != nil {
		return ErrFormat
	}
	member, err := parseMember(strings.TrimSpace(value))
	if err != nil {
		return err
	}
	m[id] = member
	return nil
}

// parseMember reads host:port:port, with :participant or :observer, and with
// ;port or ;host:port for clients. A host with colons is in brackets.
func parseMember(s string) (Member, error) {
	servers, client, hasClient := strings.Cut(s, ";")
	host, rest, err := splitHost(servers)
	if err != nil {
		return Member{}, err
	}
	fields := strings.Split(rest, ":")
	if len(fields) < 2 || len(fields) > 3 {
		return Member{}, ErrFormat
	}
	m := Member{Host: host}
	if m.Quorum, err = strconv.Atoi(fields[0]); err != nil {
		return Member{}, err
	}
	if m.Vote, err = strconv.Atoi(fields[1]); err != nil || m.Vote == m.Quorum {
		return Member{}, ErrFormat
	}
	if len(fields) == 3 {
		if m.Observer, err = parseRole(fields[2]); err != nil {
			return Member{}, err
		}
	}
	if hasClient {
		m.Client, err = parseClient(client)
	}
	return m, err
}

func splitHost(s string) (host, rest string, err error) {
	inner, bracket := strings.CutPrefix(s, "[")
	end := ":"
	if bracket {
		end = "]:"
	}
	host, rest, ok := strings.Cut(inner, end)
	if !ok || host == "" || strings.ContainsFunc(host, noHost) {
		return "", "", ErrFormat
	}
	return host, rest, nil
}

// noHost is what would not be read again as it was written.
func noHost(r rune) bool { return r == '[' || r == ']' || unicode.IsSpace(r) }

func parseRole(s string) (observer bool, err error) {
	switch strings.ToLower(s) {
	case "observer":
		return true, nil
	case "participant":
		return false, nil
	}
	return false, ErrFormat
}

func parseClient(s string) (string, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = "0.0.0.0", s
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", ErrFormat
	}
	return net.JoinHostPort(host, port), nil
}
