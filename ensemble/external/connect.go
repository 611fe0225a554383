package external

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// usualPort is the one that clients take where a server has none.
const usualPort = "2181"

// ErrConfig means a Config that names no ensemble; the message says why.
var ErrConfig = errors.New("external ensemble")

func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrConfig, fmt.Sprintf(format, args...))
}

// Parse reads a connect string as clients of ZooKeeper take it: servers, separated by
// commas, and perhaps the path of a chroot behind the last. The port of a server is
// 2181 where it has none. The chroot is "" for the whole tree.
func Parse(connect string) (servers []string, chroot string, err error) {
	list := connect
	if i := strings.Index(connect, "/"); i >= 0 {
		list, chroot = connect[:i], strings.TrimSuffix(connect[i:], "/")
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

// parseServer adds the usual port.
func parseServer(text string) (string, error) {
	if text == "" {
		return "", wrong("a server is empty: write host:port,host:port")
	}
	if !strings.Contains(text, ":") || strings.HasSuffix(text, "]") {
		text += ":" + usualPort
	}
	host, port, err := split(text)
	return net.JoinHostPort(host, port), err
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
