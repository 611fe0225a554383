package shell

import (
	"context"
	"path"
	"regexp"
	"strings"

	"github.com/zklab/zklab/internal/zk/client"
)

// place is a path, and a shell of the ensemble that it is of.
type place struct {
	*Shell
	path  string
	own   bool // of this shell's ensemble
	leave func()
}

// elsewhere is a word that begins with servers: host:port,host:port/path.
var elsewhere = regexp.MustCompile(`^([^/]*:[0-9]+)(/.*)?$`)

// otherEnsemble says which servers and which path a word names, if it does.
func otherEnsemble(word string) (servers, at string, ok bool) {
	m := elsewhere.FindStringSubmatch(word)
	if m == nil {
		return "", "", false
	}
	return m[1], path.Clean("/" + m[2]), true
}

// place is where a word says, after a session of another ensemble has begun if it says so.
// The caller leaves it.
func (s *Shell) place(ctx context.Context, word string) (place, error) {
	servers, at, other := otherEnsemble(word)
	if !other {
		at, err := s.at(word)
		return place{s, at, true, func() {}}, err
	}
	if s.Other == nil {
		return place{}, usagef("%s: there is no way to another ensemble from here", quote(word))
	}
	if strings.ContainsRune(at, 0) {
		return place{}, usagef("%s: no znode's name has a zero byte", quote(word))
	}
	c, err := s.Other(ctx, servers)
	if err != nil {
		return place{}, explain(servers, err)
	}
	return place{s.of(c), at, false, c.Close}, nil
}

// of is a shell of another session, for what reads and writes.
func (s *Shell) of(c *client.Client) *Shell {
	return &Shell{Client: c, Out: s.Out, Progress: s.Progress}
}
