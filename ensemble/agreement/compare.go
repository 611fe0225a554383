package agreement

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/status"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/virtual/jitter"
)

// Config says what to compare.
type Config struct {
	Servers []ensemble.Server
	Dial    ensemble.DialFunc // connects to the servers
	// Root is the znode at which reading begins, with everything below it. "/" is
	// everything except /zookeeper, where each server writes by itself.
	Root string
	// Fence is an existing znode that every client may read: the quorum writes check its existence.
	Fence string
	// Ask makes Compare first ask the servers for their status (status.Look).
	Ask bool
}

// longest bounds a comparison. Comparing some hundred znodes takes some milliseconds.
const longest = 30 * time.Second

// Compare compares the servers. Errors are part of the answer: for example, if one server
// cannot be read, the others are compared. It takes at most half a minute.
func (c Config) Compare(ctx context.Context) history.Agreement {
	ctx, cancel := context.WithTimeoutCause(ctx, longest, errSlow)
	defer cancel()
	r := &rounds{of: c, found: history.Agreement{Root: c.Root, Servers: []int{}}}
	if c.Ask {
		r.found.Signs, r.found.Digests = c.ask(ctx)
	}
	r.connect(ctx)
	defer r.close()
	r.compare(ctx)
	for _, one := range r.readers {
		r.found.Servers = append(r.found.Servers, one.server.ID())
	}
	slices.SortFunc(r.found.Unread, func(x, y history.ServerNote) int { return cmp.Compare(x.Server, y.Server) })
	return r.found
}

// ask lists what the servers report about themselves.
func (c Config) ask(ctx context.Context) (signs, digests []history.ServerNote) {
	addrs := make([]string, len(c.Servers))
	for i, s := range c.Servers {
		addrs[i] = s.Addr()
	}
	for i, s := range status.Look(ctx, addrs, status.Query{Dial: c.Dial}).Servers {
		id := c.Servers[i].ID()
		switch {
		case s.Uneven != "":
			signs = append(signs, history.ServerNote{Server: id, Text: s.Uneven})
		case s.Diverged != "":
			digests = append(digests, history.ServerNote{Server: id, Text: s.Diverged})
		}
	}
	return signs, digests
}

// each calls do for all elements at once.
func each[T any](all []T, do func(i int, one T)) {
	var wg sync.WaitGroup
	for i, one := range all {
		wg.Go(func() {
			jitter.Wait(i)
			do(i, one)
		})
	}
	wg.Wait()
}

// connect opens a session with each server, and leaves out addresses that lead to a server
// that already has one.
func (r *rounds) connect(ctx context.Context) {
	opened := make([]*reader, len(r.of.Servers))
	errs := make([]error, len(opened))
	each(r.of.Servers, func(i int, s ensemble.Server) { opened[i], errs[i] = open(ctx, r.of.Dial, s) })
	known := map[uint8]bool{}
	for i, one := range opened {
		if errs[i] != nil {
			r.unread(r.of.Servers[i], errs[i])
			continue
		}
		r.opened = append(r.opened, one)
		id := one.serverID()
		if id != 0 && known[id] {
			r.found.Aliases = append(r.found.Aliases, one.server.ID())
			continue
		}
		known[id] = true
		r.readers = append(r.readers, one)
	}
}

func (r *rounds) unread(s ensemble.Server, err error) {
	r.found.Unread = append(r.found.Unread, history.ServerNote{Server: s.ID(), Text: strings.ToValidUTF8(err.Error(), "?")})
}

func (r *rounds) close() { each(r.opened, func(_ int, one *reader) { one.close() }) }

// compare reads round by round until the trees are equal, or a difference is certain.
func (r *rounds) compare(ctx context.Context) {
	for range mostRounds {
		trees := r.read(ctx)
		if len(trees) < 2 {
			return
		}
		rows := differences(trees)
		if len(rows) == 0 {
			r.count(trees[0])
			return
		}
		if certain := r.certain(rows); len(certain) > 0 {
			r.tell(certain)
			return
		}
		_ = await.Sleep(ctx, betweenRounds) // the readers notice when ctx ends
	}
	r.found.Unsettled = true
}

// count reports what all servers have.
func (r *rounds) count(t tree) {
	r.found.Znodes = len(t)
	for z := range maps.Values(t) {
		if z.owner != 0 {
			r.found.Ephemerals++
		}
		if z.hidden() {
			r.found.Hidden++
		}
	}
}

// mostTold is how many differences are reported by name.
const mostTold = 20

func (r *rounds) tell(rows []row) {
	r.found.Different = len(rows)
	for _, w := range rows[:min(len(rows), mostTold)] {
		r.found.Differences = append(r.found.Differences, w.difference(r.readers))
	}
}
