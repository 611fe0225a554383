package wrong

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-zookeeper/zk"
)

// byName returns a hold of the client whose name is the data of the znode "holder". A client that finds
// its own name there believes that it is the holder, since the reply to its request may have been lost.
// But the znode may be left from its last life.
func byName(b *base, name string) *hold {
	var has *claim
	path := b.in("holder")
	return &hold{b, func() (ok bool) {
		var err error
		if has, err = b.claim(name, path); err == nil {
			return true
		}
		data, _, err := b.Conn.Get(path)
		return !b.right && err == nil && string(data) == name
	}, func() error {
		if has != nil {
			return b.unclaim(has)
		}
		if data, _, err := b.Conn.Get(path); err == nil && string(data) == name && !b.right {
			return b.remove(path)
		}
		return nil
	}}
}

// line returns a hold of the first few contenders in a line. A contender recognizes its znode by its
// name, which was the same in its last life.
func line(b *base, places int) *hold {
	place := ""
	prefix := "contender-" + b.host() + "-"
	return &hold{b, func() bool {
		line, err := b.line("contender-")
		if err != nil {
			return false
		}
		if place == "" || !slices.Contains(line, place) {
			place = ""
			for _, child := range line {
				if strings.HasPrefix(child, prefix) && (!b.right || b.mine(b.in(child))) {
					place = child
					break
				}
			}
		}
		if place == "" {
			path, err := b.Conn.Create(b.in(prefix), nil, zk.FlagEphemeralSequential, everyone)
			if err == nil {
				place = path[len(b.path)+1:]
			}
			return false
		}
		return slices.Index(line, place) < places && (!b.right || b.mine(b.in(place)))
	}, func() error {
		place = ""
		return b.leaveLine(prefix)
	}}
}

// line lists the contenders in order.
func (b *base) line(prefix string) ([]string, error) {
	children, _, err := b.Conn.Children(b.path)
	children = slices.DeleteFunc(children, func(child string) bool {
		return !strings.HasPrefix(child, prefix) || len(child) < 10 || strings.Trim(child[len(child)-10:], "0123456789") != ""
	})
	slices.SortFunc(children, func(a, b string) int { return strings.Compare(a[len(a)-10:], b[len(b)-10:]) })
	return children, err
}

// leaveLine deletes all places of this client. Their names are used only once.
func (b *base) leaveLine(prefix string) error {
	return b.insist(func() error {
		if _, err := b.Conn.Sync(b.path); err != nil {
			return err
		}
		line, err := b.line(prefix)
		for _, place := range line {
			err = errors.Join(err, b.remove(b.in(place)))
		}
		return err
	})
}

// slots returns a hold of one of n znodes. A client that finds its name on one of them believes that it
// has that slot.
func slots(b *base, n int) *hold {
	var has *claim
	found := ""
	return &hold{b, func() bool {
		for i := range n {
			slot := b.in(fmt.Sprint("slot-", i))
			if data, _, err := b.Conn.Get(slot); err == nil && string(data) == b.host() && !b.right {
				found = slot
				return true
			}
		}
		for i := range n {
			var err error
			if has, err = b.claim(b.host(), b.in(fmt.Sprint("slot-", i))); err == nil {
				return true
			}
		}
		return false
	}, func() error {
		if found != "" {
			slot := found
			found = ""
			return b.remove(slot)
		}
		if has == nil {
			return nil
		}
		return b.unclaim(has)
	}}
}

// all returns a lock on all keys at once. A client that finds its name on all of them believes that it
// holds them.
func all(b *base, keys []string) *hold {
	var has *claim
	var paths []string
	for _, key := range keys {
		paths = append(paths, b.in("key-"+key))
	}
	slices.Sort(paths)
	return &hold{b, func() bool {
		var err error
		if has, err = b.claim(b.host(), paths...); err == nil {
			return true
		}
		return !b.right && !slices.ContainsFunc(paths, func(path string) bool {
			data, _, err := b.Conn.Get(path)
			return err != nil || string(data) != b.host()
		})
	}, func() (err error) {
		if has != nil {
			return b.unclaim(has)
		}
		if b.right {
			return nil
		}
		for _, path := range paths {
			if data, _, err2 := b.Conn.Get(path); err2 == nil && string(data) == b.host() {
				err = errors.Join(err, b.remove(path))
			}
		}
		return err
	}}
}
