package treewatch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/virtual/jitter"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// Times and bounds of a tree watch.
const (
	// readAgain is the time between two readings of the tree, unless one takes longer.
	readAgain = time.Second
	// patience is how long a server may take to answer.
	patience = 3 * time.Second
	// comeBack is the pause before the next connection to a server. It doubles, up to mostPause, as long as connections end
	// before the tree is read.
	comeBack  = 200 * time.Millisecond
	mostPause = 5 * time.Second
	// inFlight bounds the requests that await answers.
	inFlight = 32
	// mostSeen bounds the memory of a tree watch: events and metadata.
	mostSeen = 1_000_000
)

// errUntold means that a server does not tell the zxids of events: servers before 3.9 do not (ZOOKEEPER-4655).
var errUntold = errors.New("the servers do not tell the zxids of watch events, as they do since ZooKeeper 3.9")

// errNoWatch means that a server refuses the watch: servers before 3.6 do not know it.
var errNoWatch = errors.New("the servers do not have recursive watches, as they do since ZooKeeper 3.6")

// errTooMuch means that the watch would need too much memory.
var errTooMuch = errors.New("too much changed to keep it in memory")

// Config says what to watch, and where.
type Config struct {
	Servers []string // addresses
	Root    string   // the znode; it must exist
	Dial    func(network, addr string, timeout time.Duration) (net.Conn, error)
	Timeout time.Duration // of the sessions
}

// Watch watches an ensemble. It is safe for concurrent use.
type Watch struct {
	cfg  Config
	live context.Context // ends with the watching; the last reading comes after it
	end  context.CancelFunc
	all  sync.WaitGroup

	mu     sync.Mutex
	sights []Sight
	seen   int
	err    error // why nothing of it can be used
}

// Start begins to watch. It returns when each server has been watched, or has failed to be: the znode's changes from then on
// are seen. Call [Watch.Finish] in the end.
func Start(ctx context.Context, cfg Config) *Watch {
	w := &Watch{cfg: cfg}
	w.live, w.end = context.WithCancel(context.WithoutCancel(ctx))
	var begun sync.WaitGroup
	for i, addr := range cfg.Servers {
		begun.Add(1)
		w.all.Go(func() {
			jitter.Wait(i + 1)
			w.watch(addr, i, sync.OnceFunc(begun.Done))
		})
	}
	begun.Wait()
	return w
}

// Finish reads the tree for the last time, ends the watching, and returns what was seen, or why that cannot be used.
func (w *Watch) Finish() ([]Sight, error) {
	w.end()
	w.all.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sights, w.err
}

// watch watches one server, through as many connections as that takes.
func (w *Watch) watch(addr string, number int, begun func()) {
	defer begun()
	pause := comeBack
	for w.live.Err() == nil && w.usable() {
		v := &view{w: w, number: number, begun: begun, sight: Sight{Server: addr, Owners: map[Born]int64{}}}
		err := v.look(addr)
		w.keep(v.sight, err)
		begun()
		_ = await.Sleep(w.live, jitter.Stretch(pause)+time.Duration(number)*time.Millisecond)
		if pause = min(2*pause, mostPause); len(v.sight.Readings) > 0 && v.sight.Readings[0].Last > 0 {
			pause = comeBack
		}
	}
}

func (w *Watch) usable() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err == nil
}

// keep keeps what a connection saw.
func (w *Watch) keep(s Sight, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if errors.Is(err, errUntold) || errors.Is(err, errNoWatch) || errors.Is(err, errTooMuch) {
		w.err = err
	}
	if s.To > s.From {
		w.sights = append(w.sights, s)
	}
}

// room reports whether one more thing may be kept.
func (w *Watch) room() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen++
	return w.seen <= mostSeen
}

// forget makes room for what is not kept any more.
func (w *Watch) forget(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen -= n
}

// view is one connection to a server.
type view struct {
	w      *Watch
	number int
	begun  func()
	conn   *zkclient.Conn
	sight  Sight

	watching bool             // the watch is set
	asked    map[int32]string // znodes that were asked for, by xid
	waiting  []string         // znodes to ask for
}

// look watches until the connection ends, or the tree watch does.
func (v *view) look(addr string) error {
	ctx, cancel := context.WithTimeout(v.w.live, patience)
	defer cancel()
	var err error
	v.conn, err = zkclient.Connect(ctx, zkclient.Config{
		Dial: zkclient.To(v.w.cfg.Dial, addr), Session: wire.Session{Timeout: v.w.cfg.Timeout}, PingEvery: jitter.Stretch(v.w.cfg.Timeout/3) + time.Duration(v.number)*time.Millisecond,
	})
	if err != nil {
		return err
	}
	defer v.conn.Close()
	v.asked = map[int32]string{}
	if _, err := v.conn.Send(ctx, wire.AddWatch, &wire.AddWatchRequest{Path: v.w.cfg.Root, Mode: wire.AddPersistentRecursive}); err != nil {
		return err
	}
	for {
		if err := v.readTree(); err != nil {
			return err
		}
		v.begun()
		if v.w.live.Err() != nil {
			return v.leave()
		}
		took := v.sight.took
		if err := v.listen(max(jitter.Stretch(readAgain)+time.Duration(v.number)*time.Millisecond, 20*took)); err != nil {
			return err
		}
	}
}

// leave ends the session.
func (v *view) leave() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := v.conn.Do(ctx, wire.CloseSession, nil)
	return err
}

// readTree reads the metadata of all znodes.
func (v *view) readTree() error {
	began := time.Now()
	v.sight.Readings = append(v.sight.Readings, Reading{First: len(v.sight.Seen)})
	v.waiting = []string{v.w.cfg.Root}
	for len(v.waiting) > 0 || len(v.asked) > 0 {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		err := v.ask(ctx)
		if err == nil {
			err = v.next(ctx)
		}
		cancel()
		if err != nil {
			return err
		}
	}
	v.sight.Readings[len(v.sight.Readings)-1].Last = len(v.sight.Seen)
	v.sight.took = time.Since(began)
	v.w.forget(v.sight.thin())
	return nil
}

// ask sends requests.
func (v *view) ask(ctx context.Context) error {
	for len(v.waiting) > 0 && len(v.asked) < inFlight {
		path := v.waiting[0]
		v.waiting = v.waiting[1:]
		xid, err := v.conn.Send(ctx, wire.GetChildren2, &wire.ReadRequest{Path: path})
		if err != nil {
			return err
		}
		v.asked[xid] = path
	}
	return nil
}

// listen waits for events for some time, or until the watch ends.
func (v *view) listen(long time.Duration) error {
	ctx, cancel := context.WithTimeout(v.w.live, long)
	defer cancel()
	for {
		if err := v.next(ctx); ctx.Err() != nil {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// next takes what the server sends.
func (v *view) next(ctx context.Context) error {
	f, err := v.conn.Next(ctx)
	switch {
	case err != nil:
		return err
	case f.Event != nil:
		return v.event(f)
	case f.TooLarge > 0:
		return fmt.Errorf("%w: a znode has too many children", errTooMuch)
	}
	return v.reply(f)
}

func (v *view) event(f zkclient.Frame) error {
	typ, ok := types[f.Event.Type]
	switch {
	case !ok: // about the session, not about a znode
		return nil
	case f.Header.Zxid <= 0:
		return errUntold
	case !v.w.room():
		return errTooMuch
	}
	v.sight.Events = append(v.sight.Events, Event{f.Header.Zxid, typ, f.Event.Path})
	v.sight.To = max(v.sight.To, f.Header.Zxid-1) // another one of the same transaction may come
	return nil
}

// reply takes a reply. The events of all transactions up to its zxid have come before it.
func (v *view) reply(f zkclient.Frame) error {
	if f.Op == wire.AddWatch {
		if f.Header.Err != wire.OK {
			return fmt.Errorf("%w: %w", errNoWatch, f.Header.Err)
		}
		v.watching = true
		return nil
	}
	path, ok := v.asked[f.Header.Xid]
	if !ok || !v.watching {
		return fmt.Errorf("unexpected reply to %s", f.Op)
	}
	delete(v.asked, f.Header.Xid)
	v.sight.To = max(v.sight.To, f.Header.Zxid)
	v.sight.From = cmp.Or(v.sight.From, f.Header.Zxid)
	seen := Seen{Zxid: f.Header.Zxid, Path: path, Gone: f.Header.Err == wire.NoNode}
	if f.Header.Err == wire.OK {
		r, err := wire.DecodeChildrenReply(wire.GetChildren2, f.Record)
		if err != nil {
			return err
		}
		seen.Stat = r.Stat
		if r.Stat.EphemeralOwner != 0 {
			v.sight.Owners[Born{path, r.Stat.Czxid}] = r.Stat.EphemeralOwner
		}
		for _, name := range slices.Sorted(slices.Values(r.Children)) {
			v.waiting = append(v.waiting, path+"/"+name)
		}
	} else if !seen.Gone {
		return fmt.Errorf("getChildren2 %s: %w", path, f.Header.Err)
	}
	if !v.w.room() {
		return errTooMuch
	}
	v.sight.Seen = append(v.sight.Seen, seen)
	return nil
}
