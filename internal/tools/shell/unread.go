package shell

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/zklab/zklab/internal/zk/wire"
)

// unread has the znodes of a subtree that could not be read. A command leaves out these znodes and all
// znodes below them, does the rest, and ends with their error.
type unread struct {
	Unread []unreadZnode `json:"unread,omitempty"`
}

type unreadZnode struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
	err    error
}

// skips reports whether an error is about one znode, and not about the connection or the session. If so,
// it adds the znode. A nil unread skips no znode.
func (u *unread) skips(path string, err error) bool {
	var code wire.Code
	switch {
	case u == nil || err == nil:
		return false
	case errors.Is(err, wire.ErrFrameSize):
	case !errors.As(err, &code):
		return false
	default:
		switch code {
		case wire.NoAuth, wire.SystemError, wire.RuntimeInconsistency, wire.DataInconsistency, wire.MarshallingError, wire.APIError, wire.BadArguments:
		default:
			return false
		}
	}
	u.Unread = append(u.Unread, unreadZnode{path, did("read", path, err).Error(), err})
	return true
}

// has reports whether a path is one of the znodes, or below one.
func (u *unread) has(path string) bool {
	return u != nil && slices.ContainsFunc(u.Unread, func(z unreadZnode) bool { return within(path, z.Path) })
}

func (u *unread) sort() {
	slices.SortFunc(u.Unread, func(a, b unreadZnode) int { return cmp.Compare(a.Path, b.Path) })
}

func (u unread) text(p *page) {
	for _, z := range u.Unread {
		p.printf("left out %s and all below it: %s\n", legible(z.Path), z.Reason)
	}
}

// err returns the error of the command, with the exit code of the first znode; nil if there is none.
func (u unread) err() error {
	if len(u.Unread) == 0 {
		return nil
	}
	text := u.Unread[0].Reason
	if n := len(u.Unread); n > 1 {
		text = fmt.Sprintf("%d znodes could not be read, among them this: %s", n, text)
	}
	return codedError{Code(u.Unread[0].err), text}
}
