package external

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// usualPort is the port that clients use if an address has none.
const usualPort = "2181"

// ErrConfig means a Config that names no ensemble; the message says why.
var ErrConfig = errors.New("external ensemble")

func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrConfig, fmt.Sprintf(format, args...))
}

// Parse reads a connect string as clients of ZooKeeper take it: servers, separated by
// commas, and perhaps the path of a chroot behind the last. The port of a server is
// 2181 where it has none. The chroot is "" for the whole tree. Parse also takes the address with
// zk:// or zookeeper:// before it, as Mesos, Marathon and others write it.
func Parse(connect string) (servers []string, chroot string, err error) {
	list, err := withoutScheme(connect)
	if err != nil {
		return nil, "", err
	}
	if i := strings.Index(list, "/"); i >= 0 {
		list, chroot = list[:i], strings.TrimSuffix(list[i:], "/")
	}
	if strings.Contains(chroot, ",") {
		return nil, "", wrong("%q: write the chroot once, after the last server: host:port,host:port/chroot", connect)
	}
	if strings.TrimSpace(list) == "" {
		return nil, "", wrong("no servers: give host:port,host:port, followed by /chroot if there is one")
	}
	for text := range strings.SplitSeq(list, ",") {
		addr, err := parseServer(strings.TrimSpace(text))
		if err != nil {
			return nil, "", err
		}
		servers = append(servers, addr)
	}
	return servers, chroot, validate(servers, chroot)
}

// withoutScheme returns an address without its scheme, if that is one of ZooKeeper's.
func withoutScheme(connect string) (string, error) {
	scheme, rest, ok := strings.Cut(connect, "://")
	switch {
	case !ok || strings.ContainsAny(scheme, "/,"):
		return connect, nil
	case !strings.EqualFold(scheme, "zk") && !strings.EqualFold(scheme, "zookeeper"):
		return "", wrong("%q: give host:port,host:port, without %s://", connect, scheme)
	case strings.Contains(strings.SplitN(rest, "/", 2)[0], "@"):
		return "", wrong("the address has a user and a password: leave out what is before the @; commands with --auth take digest:user:password there")
	case strings.Contains(rest, "?"):
		return "", wrong("%q: leave out the question mark and what follows, and give all servers as host:port,host:port", connect)
	}
	return rest, nil
}

// parseServer adds the usual port.
func parseServer(text string) (string, error) {
	if text == "" {
		return "", wrong("a server is empty: write host:port,host:port")
	}
	if host := bareIPv6(text); host != "" {
		return "", wrong("%q: write an IPv6 address in brackets: %s", text, host)
	}
	if !strings.Contains(text, ":") || strings.HasSuffix(text, "]") {
		text += ":" + usualPort
	}
	host, port, err := split(text)
	return net.JoinHostPort(host, port), err
}

// bareIPv6 returns how to write an IPv6 address that lacks its brackets; "" if the text is not an IPv6
// address. In ::1:2181 the last number is meant as the port.
func bareIPv6(text string) string {
	i := strings.LastIndex(text, ":")
	if strings.Count(text, ":") < 2 || text[0] == '[' {
		return ""
	}
	if _, err := strconv.ParseUint(text[i+1:], 10, 16); err == nil && len(text[i+1:]) > 2 && isIPv6(text[:i]) {
		return net.JoinHostPort(text[:i], text[i+1:])
	}
	if isIPv6(text) {
		return net.JoinHostPort(text, usualPort)
	}
	return ""
}

func isIPv6(text string) bool {
	addr, err := netip.ParseAddr(text)
	return err == nil && addr.Is6()
}

// longestHost is how long a name of a host can be (RFC 1035).
const longestHost = 253

// A host is a name or an address. Nothing in it means anything to a shell, as it may
// stand in a command.
var hostPattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$|^[0-9A-Fa-f:.]+(%[A-Za-z0-9_.-]+)?$`)

func split(addr string) (host, port string, err error) {
	host, port, err = net.SplitHostPort(addr)
	switch n, numberErr := strconv.ParseUint(port, 10, 16); {
	case err != nil:
		return "", "", wrong("%q is not host:port", addr)
	case len(host) > longestHost:
		return "", "", wrong("%.40q… is not a host: a name has at most %d characters", host, longestHost)
	case !hostPattern.MatchString(host):
		return "", "", wrong("%q is not a host: give a name or an address", host)
	case numberErr != nil || n == 0:
		return "", "", wrong("server %s: there is no port %q", addr, port)
	}
	return host, port, nil
}

func validate(servers []string, chroot string) error {
	if len(servers) == 0 {
		return wrong("no servers")
	}
	for i, addr := range servers {
		if _, _, err := split(addr); err != nil {
			return err
		}
		if slices.Contains(servers[:i], addr) {
			return wrong("server %s is given twice", addr)
		}
	}
	return validateChroot(chroot)
}

// validateChroot wants what the client libraries of ZooKeeper take for a path.
func validateChroot(path string) error {
	switch {
	case path == "":
		return nil
	case path[0] != '/' || strings.HasSuffix(path, "/"):
		return wrong("chroot %q: write a path such as /test", path)
	case strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return wrong("chroot %q has a character that is not allowed in znode names", path)
	}
	for name := range strings.SplitSeq(path[1:], "/") {
		if name == "" || name == "." || name == ".." {
			return wrong("chroot %q has a part %q, which is not a znode name", path, name)
		}
	}
	if path == "/zookeeper" || strings.HasPrefix(path, "/zookeeper/") {
		return wrong("chroot %s is ZooKeeper's own", path)
	}
	return nil
}
