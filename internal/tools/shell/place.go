package shell

import (
	"context"
	"path"
	"regexp"
	"strings"

	"github.com/zklab/zklab/internal/zk/client"
)

// place is a path, with a shell on its ensemble.
type place struct {
	*Shell
	path  string
	own   bool // the path is on this shell's ensemble
	leave func()
}

// elsewhere matches a word that begins with servers: host:port,host:port/path, or the same with zk:// before it.
var elsewhere = regexp.MustCompile(`^((?i:(?:zk|zookeeper)://)?[^/]*:[0-9]+)(/.*)?$`)

// otherEnsemble returns the servers and the path of a word; ok reports whether it names servers.
func otherEnsemble(word string) (servers, at string, ok bool) {
	m := elsewhere.FindStringSubmatch(word)
	if m == nil {
		return "", "", false
	}
	return m[1], path.Clean("/" + m[2]), true
}

// place returns the place that a word names. If it is on another ensemble, place begins a session
// there. The caller calls leave.
func (s *Shell) place(ctx context.Context, word string) (place, error) {
	servers, at, other := otherEnsemble(word)
	if !other {
		at, err := s.at(word)
		return place{s, at, true, func() {}}, err
	}
	if s.Other == nil {
		return place{}, usagef("%s: this shell cannot connect to another ensemble", quote(word))
	}
	if strings.ContainsRune(at, 0) {
		return place{}, usagef("invalid path %s: a name cannot contain a zero byte", quote(word))
	}
	c, err := s.Other(ctx, servers)
	if err != nil {
		return place{}, explain(servers, err)
	}
	return place{s.of(c), at, false, c.Close}, nil
}

// of returns a shell with another session, for the commands that read and write.
func (s *Shell) of(c *client.Client) *Shell {
	return &Shell{Client: c, Out: s.Out, Progress: s.Progress}
}
