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
		r.ask(ctx)
	}
	r.connect(ctx)
	defer r.close()
	r.compare(ctx)
	if len(r.found.Digests) > 0 && r.agreed() && c.Root != "/" {
		r.compareAll(ctx)
	}
	for _, one := range r.readers {
		r.found.Servers = append(r.found.Servers, one.server.ID())
	}
	slices.SortFunc(r.found.Unread, func(x, y history.ServerNote) int { return cmp.Compare(x.Server, y.Server) })
	return r.found
}

// agreed reports whether all servers were read, and have the same znodes.
func (r *rounds) agreed() bool {
	return len(r.readers) > 1 && len(r.found.Unread)+len(r.found.Differences) == 0 && !r.found.Unsettled
}

// mostBeyond is up to how many znodes a server of others is read completely.
const mostBeyond = 20_000

// compareAll compares the znodes beyond the root as well. Of these, only certain differences are told: other clients may
// change them all the time.
func (r *rounds) compareAll(ctx context.Context) {
	if r.largest > mostBeyond {
		return
	}
	all := &rounds{of: r.of, readers: slices.Clone(r.readers)}
	all.of.Root = "/"
	all.compare(ctx)
	r.found.Everything = all.agreed()
	r.found.Differences, r.found.Different = all.found.Differences, all.found.Different
}

// ask notes what the servers report about themselves.
func (r *rounds) ask(ctx context.Context) {
	servers := r.of.Servers
	addrs := make([]string, len(servers))
	for i, s := range servers {
		addrs[i] = s.Addr()
	}
	f := &r.found
	for i, s := range status.Look(ctx, addrs, status.Query{Dial: r.of.Dial}).Servers {
		id := servers[i].ID()
		if s.Znodes != nil {
			r.largest = max(r.largest, *s.Znodes)
		}
		switch {
		case s.Uneven != "":
			f.Signs = append(f.Signs, history.ServerNote{Server: id, Text: s.Uneven})
		case s.Diverged != "":
			f.Digests = append(f.Digests, history.ServerNote{Server: id, Text: s.Diverged})
		case s.Miscounted != "":
			f.Digests = append(f.Digests, history.ServerNote{Server: id, Text: s.Miscounted, False: status.CountFalse})
		}
	}
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
