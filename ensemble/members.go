package ensemble

import (
	"net"
	"net/netip"
	"strings"
)

// Members are the servers that a server knows of: the text after "server.N=" by N, from its
// answer to conf or from /zookeeper/config. Servers before 3.5 and standalone servers do
// not report it.
type Members map[string]string

// ParseMembers parses an answer to conf or the content of /zookeeper/config.
func ParseMembers(text string) Members {
	m := Members{}
	for line := range strings.Lines(text) {
		name, server, ok := strings.Cut(strings.TrimSpace(line), "=")
		if id, is := strings.CutPrefix(name, "server."); ok && is {
			m[id] = server
		}
	}
	return m
}

// Apart reports whether two servers belong to different ensembles: each knows servers, and
// they have none in common.
func (m Members) Apart(o Members) bool {
	for id, server := range m {
		if other, ok := o[id]; ok && sameMember(server, other) {
			return false
		}
	}
	return len(m) > 0 && len(o) > 0
}

// sameMember compares a:2888:3888:participant;a:2181 with another member. In a server's own
// configuration its host may be 0.0.0.0, and so may the host for clients, which can also be
// missing.
func sameMember(a, b string) bool {
	quorumA, clientA, _ := strings.Cut(a, ";")
	quorumB, clientB, _ := strings.Cut(b, ";")
	hostA, portsA, _ := strings.Cut(quorumA, ":")
	hostB, portsB, _ := strings.Cut(quorumB, ":")
	if quorumA != quorumB && (portsA != portsB || !anyHost(hostA) && !anyHost(hostB)) {
		return false
	}
	if clientA == "" || clientB == "" {
		return true
	}
	hostA, portA := hostPort(clientA)
	hostB, portB := hostPort(clientB)
	return portA == portB && (hostA == hostB || anyHost(hostA) || anyHost(hostB))
}

// hostPort is like net.SplitHostPort, but also accepts a port alone.
func hostPort(addr string) (host, port string) {
	if host, port, err := net.SplitHostPort(addr); err == nil {
		return host, port
	}
	return "", addr
}

func anyHost(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "" || err == nil && ip.IsUnspecified()
}
