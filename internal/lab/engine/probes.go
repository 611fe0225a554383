package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/virtual/jitter"
	"github.com/zklab/zklab/internal/zk/zkconn"
	"github.com/zklab/zklab/link"
)

// probes write at a fixed rate, whether or not earlier writes have ended, so that the record shows each
// moment without service. Clients of a recipe cannot show that: a client that waits begins nothing.
//
// Each probe has a session and a znode of its own. One stays with each server; one more uses all
// servers, as clients do. Faults of clients and their links do not hit probes.
type probes struct {
	all   []*probe
	every time.Duration
	over  chan struct{}
	ended sync.WaitGroup
}

type probe struct {
	server int // 0: it uses all
	path   string
	conn   *zk.Conn
	record *record
}

// openProbes opens the sessions.
func (r *run) openProbes(ctx context.Context) error {
	if r.Probe == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, connectWait)
	defer cancel()
	r.probes = &probes{every: time.Duration(float64(time.Second) / r.Probe), over: make(chan struct{})}
	for server := range len(r.links.addrs) + 1 {
		p, err := r.openProbe(ctx, server)
		if err != nil {
			return fmt.Errorf("probe: %w", err)
		}
		r.probes.all = append(r.probes.all, p)
	}
	return nil
}

func (r *run) openProbe(ctx context.Context, server int) (*probe, error) {
	through := link.New(link.Config{Client: -1, Dial: r.links.direct, Clock: r.record.Now, Record: r.links.ofHarness})
	r.undo.add(through.Close)
	servers := r.links.addrs
	if server > 0 {
		servers = servers[server-1 : server]
	}
	conn, events, err := zkconn.OpenEvents(ctx, zkconn.Config{Servers: servers, Timeout: r.SessionTimeout, Dial: through.Dial})
	if err != nil {
		return nil, err
	}
	go drain(events.All())
	r.undo.add(func() error { conn.Close(); return nil })
	p := &probe{server: server, path: fmt.Sprintf("%s/probe-%d", r.admin.root, server), conn: conn, record: r.record}
	_, err = conn.Create(p.path, nil, 0, zk.WorldACL(zk.PermAll))
	if errors.Is(err, zk.ErrNodeExists) { // a server carried the create out twice, which is for the checks to find
		err = nil
	}
	return p, err
}

// begin starts all probes, each at a different point of the interval.
func (ps *probes) begin() {
	if ps == nil {
		return
	}
	for i, p := range ps.all {
		ps.ended.Go(func() {
			jitter.Wait(i + 1)
			p.run(ps.every, p.record.Now()+ps.every*time.Duration(i)/time.Duration(len(ps.all)), ps.over)
		})
	}
}

// end stops the probes. It returns when each of their writes has ended, or after the patience,
// which cuts off writes that no server answers.
func (ps *probes) end(patience time.Duration) {
	if ps == nil {
		return
	}
	close(ps.over)
	cut := time.AfterFunc(patience, func() {
		for _, p := range ps.all {
			p.conn.Close()
		}
	})
	defer cut.Stop()
	ps.ended.Wait()
}

// run writes until the probes are over. Each fact in the record has the writes of about a second.
func (p *probe) run(every, first time.Duration, over <-chan struct{}) {
	var written sync.WaitGroup
	defer written.Wait()
	count := max(1, int(time.Second/every))
	for next := first; ; next += every * time.Duration(count) {
		took, ok := p.several(next, every, count, over)
		written.Go(func() {
			if wrote := took(); len(wrote) > 0 {
				p.record.fact(history.FProbe, history.Probe{Server: p.server, From: next, Every: every, Took: wrote})
			}
		})
		if !ok {
			return
		}
	}
}

// several begins a number of writes, the first one at an instant of the record. took waits for
// them. ok is false if the probes were over before.
func (p *probe) several(first, every time.Duration, count int, over <-chan struct{}) (took func() []int64, ok bool) {
	all := make([]int64, count)
	var writes sync.WaitGroup
	began := 0
	for ok = true; began < count; began++ {
		due := first + every*time.Duration(began)
		if ok = p.await(due, over); !ok {
			break
		}
		one := &all[began]
		writes.Go(func() { *one = p.write(due) })
	}
	return func() []int64 { writes.Wait(); return all[:began] }, ok
}

// await waits for an instant of the record, and reports whether the probes are not over then.
func (p *probe) await(due time.Duration, over <-chan struct{}) bool {
	t := time.NewTimer(due - p.record.Now())
	defer t.Stop()
	select {
	case <-over:
		return false
	case <-t.C:
		return true
	}
}

// write returns how long a write took that was due at an instant, in microseconds, rounded up and
// at least 1. It is negative if the write failed.
func (p *probe) write(due time.Duration) int64 {
	_, err := p.conn.Set(p.path, nil, -1)
	took := max(1, (p.record.Now() - due + time.Microsecond - 1).Microseconds())
	if err != nil {
		return -took
	}
	return took
}
