package ensemble

import (
	"net"
	"net/netip"
	"strings"
)

// Members are the servers that a server knows of: what stands behind "server.N=" by N, in its answer
// to conf and in /zookeeper/config. Before 3.5 servers do not tell it, nor do standalone ones.
type Members map[string]string

// ParseMembers reads them from either text.
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

// Apart says that two servers are of two ensembles: each knows servers, and they know none in common.
func (m Members) Apart(o Members) bool {
	for id, server := range m {
		if other, ok := o[id]; ok && sameMember(server, other) {
			return false
		}
	}
	return len(m) > 0 && len(o) > 0
}

// sameMember compares a:2888:3888:participant;a:2181 with another one. In the configuration of a
// server its own host may be 0.0.0.0, and so may that for clients, which can also be missing.
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

// hostPort takes a port alone, too.
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
