package styles

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"
)

// contender is a znode in a line: an ephemeral one with a name instead of a number.
type contender struct {
	name  string
	czxid int64
	data  string
}

const contending = "c-"

// contenders lists the contenders of a folder in the order in which they came. Contenders that leave
// meanwhile may be missing.
func contenders(s *session, folder string) (line []contender, err error) {
	children, err := s.children(folder)
	if err != nil {
		return nil, err
	}
	for _, child := range children {
		name, is := strings.CutPrefix(child, contending)
		if _, _, ours := seatOf(name); !is || !ours {
			continue
		}
		data, st, err := s.get(folder + "/" + child)
		if errors.Is(err, zk.ErrNoNode) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if isOfSession(name, st.EphemeralOwner) {
			line = append(line, contender{child, st.Czxid, string(data)})
		}
	}
	slices.SortFunc(line, func(a, b contender) int { return cmp.Compare(a.czxid, b.czxid) })
	return line, nil
}

// ahead returns the contenders that came before a czxid.
func ahead(line []contender, of int64) []contender {
	i, _ := slices.BinarySearchFunc(line, of, func(c contender, of int64) int { return cmp.Compare(c.czxid, of) })
	return line[:i]
}

// line is a client's place in line.
type line struct{ at string }

// queue stands in line in a folder until the contenders ahead let the client in, or ctx ends.
func (l *line) queue(ctx context.Context, b *base, folder, data string, in func(ahead []contender) bool) (*grant, error) {
	for {
		var s *session
		var st *zk.Stat
		err := b.until(ctx, again, func(now *session) (bool, error) {
			if err := b.folder(now); err != nil {
				return false, err
			}
			s = now
			l.at = folder + "/" + contending + b.life.name(s)
			var err error
			st, err = b.life.plant(s, l.at, []byte(data))
			return err == nil, err
		})
		if err != nil {
			return nil, err
		}
		path := l.at
		if err := wait(ctx, s, folder, func(line []contender) bool { return in(ahead(line, st.Czxid)) }); err == nil {
			return &grant{s: s, token: st.Czxid, undo: func() { b.life.drop(s, path) }}, nil
		}
		b.life.drop(s, path)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
}

// wait looks at the line of a folder until enough returns true, the session is over, or ctx ends.
func wait(ctx context.Context, s *session, folder string, enough func([]contender) bool) error {
	for {
		if !s.live() {
			return errGone
		}
		all, err := contenders(s, folder)
		if err == nil && enough(all) {
			return nil
		}
		if err := pause(ctx, 15*time.Millisecond); err != nil {
			return err
		}
	}
}
