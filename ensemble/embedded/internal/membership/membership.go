// Package membership is the text of /zookeeper/config: which servers an ensemble
// has, and where they are ("ZooKeeper Dynamic Reconfiguration", Retrieving the
// current dynamic configuration). It may not change the ensemble: it reads and
// writes that text. A line for each server
//
//	server.1=127.0.0.1:2888:3888:participant;127.0.0.1:2181
//
// and last the version, which is the zxid of the reconfiguration that made it, in
// hexadecimal. The lines are in the order of a Java hash map, which is by
// id for the first few.
package membership

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/zklab/zklab/ensemble/embedded/internal/javahash"
)

// First is the version of a configuration that was never changed: the zxid with which the first leader
// of an ensemble begins, in its first epoch.
const First = 1 << 32

// ErrFormat means a text that describes no servers, ErrNumber one with an id, a
// version or a port that cannot be.
var (
	ErrFormat = errors.New("not a description of servers")
	ErrNumber = errors.New("not a number of a server, a version or a port")
)

// Members are servers, no two with the same id, in the order of their lines.
type Members []Member

// Member is one server.
type Member struct {
	ID           int64
	Host         string
	Quorum, Vote int // ports for the other servers
	Observer     bool
	ClientHost   string // "" if no address for clients is given
	ClientPort   int
}

// String returns the server's line.
func (m Member) String() string {
	role := "participant"
	if m.Observer {
		role = "observer"
	}
	s := fmt.Sprintf("server.%d=%s:%d:%d:%s", m.ID, hostText(m.Host), m.Quorum, m.Vote, role)
	if m.ClientHost != "" {
		s += fmt.Sprintf(";%s:%d", hostText(m.ClientHost), m.ClientPort)
	}
	return s
}

// hostText prints a host as Java does: all eight groups of IPv6, in brackets.
func hostText(host string) string {
	a, err := netip.ParseAddr(host)
	if err != nil || !a.Is6() {
		return host
	}
	b := a.As16()
	groups := make([]string, 8)
	for i := range groups {
		groups[i] = strconv.FormatUint(uint64(b[2*i])<<8|uint64(b[2*i+1]), 16)
	}
	return "[" + strings.Join(groups, ":") + "]"
}

// Text returns the whole text.
func (m Members) Text(version int64) string {
	var b strings.Builder
	for _, s := range m {
		fmt.Fprintf(&b, "%s\n", s)
	}
	fmt.Fprintf(&b, "version=%x", uint64(version))
	return b.String()
}

// Voters returns the ids of the servers that are no observers.
func (m Members) Voters() []int64 {
	var ids []int64
	for _, s := range m {
		if !s.Observer {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// set puts a server at the end, in place of one with the same id.
func (m Members) set(s Member) Members { return append(m.without(s.ID), s) }

func (m Members) without(id int64) Members {
	return slices.DeleteFunc(m, func(s Member) bool { return s.ID == id })
}

// ordered sorts like a Java hash map with that number of buckets, to which the servers were added in
// their present order.
func (m Members) ordered(buckets int) Members {
	javahash.Sort(m, buckets, func(s Member) uint32 { return javahash.Long(s.ID) })
	return m
}

// Parse reads servers that are divided by line breaks or commas. The version is 0 if there is none.
func Parse(text string) (m Members, version int64, err error) {
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == ',' }) {
		key, value, _ := strings.Cut(line, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if key == "" && value == "" {
			continue
		}
		if key == "version" {
			if version, err = strconv.ParseInt(value, 16, 64); err != nil {
				return nil, 0, fmt.Errorf("%w: %q", ErrNumber, line)
			}
			continue
		}
		id, ok := strings.CutPrefix(key, "server.")
		if !ok {
			return nil, 0, fmt.Errorf("%w: %q", ErrFormat, line)
		}
		s, err := parseMember(id, value)
		if err != nil {
			return nil, 0, fmt.Errorf("%w: %q", err, line)
		}
		m = m.set(s)
	}
	return m, version, nil
}

// parseMember reads the id after "server." and the value after the equals sign: host:port:port, with
// :participant or :observer, and with ;port or ;host:port for clients. A host with colons is in
// brackets; an empty one is localhost.
func parseMember(id, value string) (m Member, err error) {
	if m.ID, err = strconv.ParseInt(id, 10, 64); err != nil {
		return m, ErrNumber
	}
	servers, client, hasClient := strings.Cut(value, ";")
	if hasClient && client != "" {
		if m.ClientHost, m.ClientPort, err = parseClient(client); err != nil {
			return m, err
		}
	}
	host, fields, err := splitHost(servers)
	if err != nil || len(fields) < 2 || len(fields) > 3 {
		return m, ErrFormat
	}
	m.Host = host
	if m.Quorum, err = parsePort(fields[0]); err != nil {
		return m, err
	}
	if m.Vote, err = parsePort(fields[1]); err != nil {
		return m, err
	}
	if m.Vote == m.Quorum {
		return m, ErrFormat
	}
	if len(fields) == 3 {
		m.Observer, err = parseRole(fields[2])
	}
	return m, err
}

// splitHost returns the host, localhost if it is empty, and the fields behind it.
func splitHost(s string) (host string, fields []string, err error) {
	inner, bracket := strings.CutPrefix(s, "[")
	if bracket {
		host, rest, ok := strings.Cut(inner, "]:")
		a, err := netip.ParseAddr(host)
		if !ok || err != nil || !a.Is6() || a.Zone() != "" {
			return "", nil, ErrFormat
		}
		return a.String(), strings.Split(rest, ":"), nil
	}
	host, rest, ok := strings.Cut(s, ":")
	switch {
	case !ok || strings.ContainsFunc(host, noHost):
		return "", nil, ErrFormat
	case host == "":
		host = "localhost"
	}
	return host, strings.Split(rest, ":"), nil
}

// noHost reports whether a rune would not be read again as it was written.
func noHost(r rune) bool { return r == '[' || r == ']' || r == '=' || unicode.IsSpace(r) }

func parseRole(s string) (observer bool, err error) {
	switch strings.ToLower(s) {
	case "observer":
		return true, nil
	case "participant":
		return false, nil
	}
	return false, ErrFormat
}

// parseClient reads port or host:port.
func parseClient(s string) (host string, port int, err error) {
	host, text := "0.0.0.0", s
	if strings.Contains(s, ":") {
		var fields []string
		if host, fields, err = splitHost(s); err != nil || len(fields) != 1 {
			return "", 0, ErrFormat
		}
		text = fields[0]
	}
	port, err = parsePort(text)
	return host, port, err
}

// parsePort parses a port. It returns ErrFormat for text that is not a number, and ErrNumber for a
// number that is not a port.
func parsePort(s string) (int, error) {
	n, err := strconv.ParseInt(s, 10, 32)
	switch {
	case err != nil:
		return 0, ErrFormat
	case n < 0 || n > 65535:
		return 0, ErrNumber
	}
	return int(n), nil
}
