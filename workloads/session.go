package workloads

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/liar"
	"github.com/zklab/zklab/internal/zkconn"
)

// Session is the workload of the store itself: bursts of requests that exercise
// what ZooKeeper promises to a session ("Programmer's Guide, Consistency
// Guarantees" and "What ZooKeeper Guarantees about Watches"): writes in order, reads
// that never go back, watches before data, multis as a whole, ephemerals as long as
// their session, sequential names once. It is decided from what went over the wire.
type Session struct {
	// Lie is the planted defect between clients and servers; "" is none.
	Lie liar.Lie
}

// Name is "session".
func (Session) Name() string { return history.ModelSession }

// InProcesses is nil: other processes would have to do what this one looks at.
func (Session) InProcesses() Workload { return nil }

// Params says that this needs nothing more.
func (Session) Params(*history.Params) {}

// Wire is part of Wired.
func (w Session) Wire(dial zk.Dialer) zk.Dialer {
	if w.Lie == "" {
		return dial
	}
	return liar.New(w.Lie).Dialer(dial)
}

// Start makes the folders of the keys.
func (w Session) Start(ctx context.Context, env *Env) (Run, error) {
	r := &sessionRun{env: env, clients: map[int]*sessionClient{}, visits: make(chan struct{}, visitorsAtOnce)}
	for _, c := range env.Clients {
		if c.Conn == nil || env.Visit == nil {
			return nil, errors.New("the session workload looks at the harness's own connections: it has no clients in processes of their own")
		}
		r.clients[c.ID] = &sessionClient{
			Client: c, run: r, pipe: newPipe(c.Conn), rng: random(env, c.ID), made: map[string][]string{}, versions: map[string]int32{},
		}
	}
	for i := range env.Keys {
		folder := env.Path(env.Key(i))
		for _, path := range append([]string{folder}, folderZnodes(folder)...) {
			if err := env.makeZnode(ctx, path); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

// The znodes in the folder of a key. Names are short: the record has them often.
const (
	sharedZnodes = 3
	sequencePart = "/q" // the parent of sequential znodes
	lifePart     = "/e" // the parent of ephemeral ones
	firstPart    = "/pa"
	secondPart   = "/pb"
	thirdPart    = "/pc" // comes and goes
)

// folderZnodes are those that are always there.
func folderZnodes(folder string) []string {
	return []string{folder + sequencePart, folder + lifePart, folder + firstPart, folder + secondPart}
}

func sharedZnode(folder string, i int) string { return fmt.Sprintf("%s/s%d", folder, i) }
func ownZnode(folder string, client int) string {
	return fmt.Sprintf("%s/o%d", folder, client)
}

func lifeZnode(folder string, client int) string {
	return fmt.Sprintf("%s%s/c%d", folder, lifePart, client)
}

type sessionRun struct {
	env     *Env
	clients map[int]*sessionClient
	visits  chan struct{} // one for each visitor
	leaving sync.WaitGroup
}

// sessionClient is one client at work. Only its own goroutine uses rng and writes.
type sessionClient struct {
	*Client
	run    *sessionRun
	pipe   *pipe
	rng    *rand.Rand
	writes int

	mu       sync.Mutex          // answers come at any time
	made     map[string][]string // sequential znodes by key, the oldest first
	versions map[string]int32    // that were seen last
}

// Load lets every client do one burst after another, of mixed kinds.
func (r *sessionRun) Load(ctx context.Context, over <-chan struct{}) error {
	return r.env.each(func(c *Client) error {
		s := r.clients[c.ID]
		pace := newPace(r.env, 1, s.rng)
		for {
			at, ok := pace.wait(ctx, over)
			if !ok {
				return nil
			}
			key := r.env.Key(s.rng.IntN(r.env.Keys))
			if s.rng.IntN(visitEvery) == 0 && r.visit(ctx, s, key, at) {
				continue
			}
			_ = s.pipe.do(ctx, c, s.someBurst(key), at, r.env.OpTimeout)
		}
	})
}

// kinds are the bursts by how often they come.
var kinds = []struct {
	weight int
	f      string
	of     func(s *sessionClient, folder, key string) []request
	reads  bool
}{
	{20, history.FPipeline, (*sessionClient).pipeline, false},
	{20, history.FReads, (*sessionClient).reads, true},
	{18, history.FWatch, (*sessionClient).watch, true},
	{12, history.FTogether, (*sessionClient).together, false},
	{8, history.FEphemerals, (*sessionClient).ephemerals, false},
	{9, history.FSequence, (*sessionClient).sequence, false},
	{6, history.FSyncRead, (*sessionClient).syncRead, true},
	{5, history.FFencedRead, (*sessionClient).fencedRead, true},
	{5, history.FConflict, (*sessionClient).conflict, false},
}

var totalWeight = func() (n int) {
	for _, k := range kinds {
		n += k.weight
	}
	return n
}()

func (s *sessionClient) someBurst(key string) burst {
	n := s.rng.IntN(totalWeight)
	for _, k := range kinds {
		if n -= k.weight; n < 0 {
			return burst{f: k.f, key: key, requests: k.of(s, s.run.env.Path(key), key), reads: k.reads}
		}
	}
	panic("unreachable")
}

// data is never the same twice.
func (s *sessionClient) data() []byte {
	s.writes++
	return fmt.Appendf(nil, "%d.%d", s.ID, s.writes)
}

// pipeline is writes to the own znode and to shared ones, and the own znode again.
func (s *sessionClient) pipeline(folder, _ string) (all []request) {
	own := ownZnode(folder, s.ID)
	for range 2 + s.rng.IntN(3) {
		if s.rng.IntN(5) < 2 {
			all = append(all, s.someWrite(folder))
			continue
		}
		all = append(all, s.setOrCreate(own))
	}
	return append(all, get(own))
}

// setOrCreate is a write to a znode that may not be there yet: mostly it is.
func (s *sessionClient) setOrCreate(path string) request {
	if _, ok := s.version(path); ok {
		return s.set(path, -1)
	}
	return s.create(path, 0)
}

// someWrite changes a shared znode.
func (s *sessionClient) someWrite(folder string) request {
	path := s.someShared(folder)
	switch s.rng.IntN(8) {
	case 0:
		return remove(path, -1)
	case 1, 2:
		return s.create(path, 0)
	case 3, 4:
		if v, ok := s.version(path); ok { // which may be the present one, or not
			return s.set(path, v)
		}
	}
	return s.set(path, -1)
}

func (s *sessionClient) someShared(folder string) string {
	return sharedZnode(folder, s.rng.IntN(sharedZnodes))
}

// reads are of what others write: the two that change together, or any.
func (s *sessionClient) reads(folder, _ string) (all []request) {
	if s.rng.IntN(2) == 0 {
		all = []request{get(folder + firstPart), get(folder + secondPart)}
		if s.rng.IntN(2) == 0 {
			all = append(all, exists(folder+thirdPart))
		}
		if s.rng.IntN(2) == 0 {
			slices.Reverse(all)
		}
		return all
	}
	for range 1 + s.rng.IntN(3) {
		all = append(all, s.someRead(folder))
	}
	return all
}

func (s *sessionClient) someRead(folder string) request {
	other := s.rng.IntN(len(s.run.env.Clients))
	switch s.rng.IntN(8) {
	case 0:
		return get(ownZnode(folder, other))
	case 1, 2:
		return exists(lifeZnode(folder, other))
	case 3:
		return children(folder + sequencePart)
	case 4:
		return children(folder + lifePart)
	case 5:
		return exists(s.someShared(folder))
	}
	return s.see(s.someShared(folder))
}

// watch leaves watches, of all kinds, and reads the same right behind them: others
// change it all the time.
func (s *sessionClient) watch(folder, _ string) (all []request) {
	path := s.someShared(folder)
	parent := folder
	if s.rng.IntN(2) == 0 {
		path = lifeZnode(folder, s.rng.IntN(len(s.run.env.Clients)))
		parent = folder + lifePart
	}
	switch s.rng.IntN(6) {
	case 0:
		return []request{getW(path), get(path)}
	case 1:
		return []request{existsW(path), exists(path)}
	case 2:
		return []request{childrenW(parent), children(parent)}
	case 3:
		return []request{childrenW(folder + sequencePart), s.someRead(folder)}
	case 4: // several that one change fires
		return []request{getW(path), existsW(path), childrenW(parent)}
	}
	// Several that one multi fires.
	return []request{getW(folder + firstPart), getW(folder + secondPart), existsW(folder + thirdPart)}
}

// together is a multi that changes what reads look at together. Some fail.
func (s *sessionClient) together(folder, _ string) []request {
	open := zk.WorldACL(zk.PermAll)
	data := s.data()
	set := func(part string) any { return &zk.SetDataRequest{Path: folder + part, Data: data, Version: -1} }
	ops := []any{set(firstPart), set(secondPart)}
	switch s.rng.IntN(6) {
	case 0:
		ops = append(ops, &zk.CreateRequest{Path: folder + thirdPart, Data: data, Acl: open})
	case 1:
		ops = append(ops, &zk.DeleteRequest{Path: folder + thirdPart, Version: -1})
	case 2:
		ops = append(ops, &zk.CheckVersionRequest{Path: folder + firstPart, Version: 1 << 30})
	}
	return []request{multi(ops...)}
}

// ephemerals are of this client, which come and go, and of others.
func (s *sessionClient) ephemerals(folder, _ string) []request {
	own := lifeZnode(folder, s.ID)
	other := lifeZnode(folder, s.rng.IntN(len(s.run.env.Clients)))
	switch s.rng.IntN(4) {
	case 0:
		return []request{remove(own, -1), exists(other)}
	case 1:
		return []request{s.create(own, zk.FlagEphemeral), exists(other), children(folder + lifePart)}
	}
	return []request{s.create(own, zk.FlagEphemeral), exists(own), exists(other)}
}

// sequence makes sequential znodes, and deletes the oldest that it made. Now and
// then their parent is made anew, if nobody makes another one meanwhile.
func (s *sessionClient) sequence(folder, key string) (all []request) {
	parent := folder + sequencePart
	if s.rng.IntN(20) == 0 {
		return []request{recreate(parent)}
	}
	for range 1 + s.rng.IntN(3) {
		all = append(all, s.createNext(parent, key))
	}
	for _, path := range s.old(key) {
		all = append(all, remove(path, -1))
	}
	if s.rng.IntN(3) == 0 {
		all = append(all, children(parent))
	}
	return all
}

// sequenceLength is how many sequential znodes a client leaves under one parent.
const sequenceLength = 3

// old takes those that are too many, a few at a time.
func (s *sessionClient) old(key string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(max(0, len(s.made[key])-sequenceLength), 4)
	old := slices.Clone(s.made[key][:n])
	s.made[key] = slices.Delete(s.made[key], 0, n)
	return old
}

// syncRead is a read that shows what was written before the sync.
func (s *sessionClient) syncRead(folder, _ string) []request {
	path := s.someShared(folder)
	if s.rng.IntN(2) == 0 {
		path = folder + firstPart
	}
	return []request{syncTo(path), get(path)}
}

func (s *sessionClient) fencedRead(folder, _ string) []request {
	path := s.someShared(folder)
	return []request{func(conn *zk.Conn) error { return zkconn.Touch(context.Background(), conn, folder) }, get(path)}
}

// conflict asks for what cannot be.
func (s *sessionClient) conflict(folder, _ string) []request {
	const never = 1 << 30 // no version gets there
	path := s.someShared(folder)
	return []request{
		s.set(path, never), remove(path, never), s.create(folder+lifePart, 0), remove(folder+"/nothing", -1), get(path),
	}
}

// see is a read that remembers the version.
func (s *sessionClient) see(path string) request {
	return func(conn *zk.Conn) error {
		_, stat, err := conn.Get(path)
		s.saw(path, stat, err)
		return err
	}
}

func (s *sessionClient) set(path string, version int32) request {
	data := s.data()
	return func(conn *zk.Conn) error {
		stat, err := conn.Set(path, data, version)
		s.saw(path, stat, err)
		return err
	}
}

func (s *sessionClient) create(path string, flags int32) request {
	data := s.data()
	return func(conn *zk.Conn) error {
		_, err := conn.Create(path, data, flags, zk.WorldACL(zk.PermAll))
		if flags == 0 && (err == nil || errors.Is(err, zk.ErrNodeExists)) {
			s.saw(path, &zk.Stat{}, nil)
		}
		return err
	}
}

// createNext makes a sequential znode, which often is ephemeral.
func (s *sessionClient) createNext(parent, key string) request {
	name, flags := "/n-", int32(zk.FlagSequence)
	if s.rng.IntN(3) == 0 {
		name, flags = "/e-", flags|zk.FlagEphemeral
	}
	data := s.data()
	return func(conn *zk.Conn) error {
		path, err := conn.Create(parent+name, data, flags, zk.WorldACL(zk.PermAll))
		if err == nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.made[key] = append(s.made[key], path)
		}
		return err
	}
}

// saw remembers the version of a znode, or that it is gone.
func (s *sessionClient) saw(path string, stat *zk.Stat, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		s.versions[path] = stat.Version
	case errors.Is(err, zk.ErrNoNode):
		delete(s.versions, path)
	}
}

func (s *sessionClient) version(path string) (int32, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.versions[path]
	return v, ok
}

// Requests that leave nothing to remember. A watch's event goes to the record, and
// nowhere else.

func get(path string) request {
	return func(conn *zk.Conn) error { _, _, err := conn.Get(path); return err }
}

func getW(path string) request {
	return func(conn *zk.Conn) error { _, _, _, err := conn.GetW(path); return err }
}

func exists(path string) request {
	return func(conn *zk.Conn) error { _, _, err := conn.Exists(path); return err }
}

func existsW(path string) request {
	return func(conn *zk.Conn) error { _, _, _, err := conn.ExistsW(path); return err }
}

func children(path string) request {
	return func(conn *zk.Conn) error { _, _, err := conn.Children(path); return err }
}

func childrenW(path string) request {
	return func(conn *zk.Conn) error { _, _, _, err := conn.ChildrenW(path); return err }
}

func remove(path string, version int32) request {
	return func(conn *zk.Conn) error { return conn.Delete(path, version) }
}

func syncTo(path string) request {
	return func(conn *zk.Conn) error { _, err := conn.Sync(path); return err }
}

func multi(ops ...any) request {
	return func(conn *zk.Conn) error { _, err := conn.Multi(ops...); return err }
}

// recreate deletes a znode with its children and makes it anew, at once or not at all.
func recreate(parent string) request {
	return func(conn *zk.Conn) error {
		names, _, err := conn.Children(parent)
		if err != nil {
			return err
		}
		var ops []any
		for _, name := range names {
			ops = append(ops, &zk.DeleteRequest{Path: parent + "/" + name, Version: -1})
		}
		ops = append(ops, &zk.DeleteRequest{Path: parent, Version: -1}, &zk.CreateRequest{Path: parent, Acl: zk.WorldACL(zk.PermAll)})
		_, err = conn.Multi(ops...)
		return err
	}
}

// Quiesce reads everything once more: on a session that no fault of a client
// reaches, and on those of the clients. Sessions of visitors that vanished, and
// leaders that do not know that they were deposed, have their time to end before.
func (r *sessionRun) Quiesce(ctx context.Context) error {
	waitFor(ctx, &r.leaving, r.env.Bound)
	if disturbed := len(r.env.Record.Header().Params.Expects) > 0; disturbed {
		pause(ctx, r.env.Bound)
	}
	r.syncInPeace(ctx)
	var errs []error
	for i := range r.env.Keys {
		key := r.env.Key(i)
		c := r.env.Clients[i%len(r.env.Clients)]
		errs = append(errs, r.survey(ctx, key, -1, r.env.Admin), r.survey(ctx, key, c.ID, c.Conn))
	}
	return errors.Join(errs...)
}

// peaceful is how many reads behind a sync are made when no leader can be deposed
// any more: only then they have to be fresh.
const peaceful = 30

// syncInPeace lets each client write in turn, and the next one read behind a sync.
func (r *sessionRun) syncInPeace(ctx context.Context) {
	for i := range peaceful {
		writer, reader := r.env.Clients[i%len(r.env.Clients)], r.env.Clients[(i+1)%len(r.env.Clients)]
		key := r.env.Key(i % r.env.Keys)
		path := ownZnode(r.env.Path(key), writer.ID)
		w, s := r.clients[writer.ID], r.clients[reader.ID]
		write := burst{f: history.FPipeline, key: key, requests: []request{w.setOrCreate(path)}}
		read := burst{f: history.FSyncRead, key: key, requests: []request{syncTo(path), get(path)}, reads: true}
		if ctx.Err() != nil || w.pipe.do(ctx, writer, write, 0, r.env.OpTimeout) != nil {
			continue
		}
		_ = s.pipe.do(ctx, reader, read, 0, r.env.OpTimeout)
	}
}

// survey reads the folder of a key on one session, fenced.
func (r *sessionRun) survey(ctx context.Context, key string, client int, conn *zk.Conn) error {
	var s history.Surveyed
	err := retry(ctx, r.env.Bound, func() error {
		var err error
		s, err = within(ctx, r.env.Bound, func() (history.Surveyed, error) { return r.readAll(ctx, key, conn) })
		return err
	})
	if err != nil {
		return fmt.Errorf("read all of %s through client %d: %w", key, client, err)
	}
	s.Client = client
	r.env.Record.Record(history.Event{
		Process: history.Nemesis, Client: -1, Type: history.Info, F: history.FSurveyed, Key: key, Value: history.Value(s),
	})
	return nil
}

// readAll reads a folder and everything in it, and asks for what may not be there.
func (r *sessionRun) readAll(ctx context.Context, key string, conn *zk.Conn) (s history.Surveyed, err error) {
	folder := r.env.Path(key)
	s.Session = history.ID(conn.SessionID())
	if err := zkconn.Touch(ctx, conn, folder); err != nil {
		return s, err
	}
	if s.Znodes, err = readBelow(conn, folder); err != nil {
		return s, err
	}
	absent := []string{folder + thirdPart}
	for i := range sharedZnodes {
		absent = append(absent, sharedZnode(folder, i))
	}
	for _, c := range r.env.Clients {
		absent = append(absent, ownZnode(folder, c.ID), lifeZnode(folder, c.ID))
	}
	for _, path := range absent {
		if _, _, err := conn.Exists(path); err != nil {
			return s, err
		}
	}
	if id := history.ID(conn.SessionID()); id != s.Session {
		return s, fmt.Errorf("session %s ended meanwhile", s.Session)
	}
	return s, nil
}

// readBelow reads a znode and what is below it, and counts them.
func readBelow(conn *zk.Conn, path string) (n int, err error) {
	if _, _, err := conn.Get(path); err != nil {
		return n, ignoreGone(err)
	}
	names, _, err := conn.Children(path)
	if err != nil {
		return 1, ignoreGone(err)
	}
	n = 1
	for _, name := range names {
		below, err := readBelow(conn, path+"/"+name)
		if n += below; err != nil {
			return n, err
		}
	}
	return n, nil
}

// ignoreGone is for znodes that go while they are read: ephemerals.
func ignoreGone(err error) error {
	if errors.Is(err, zk.ErrNoNode) {
		return nil
	}
	return err
}

// waitFor waits, but no longer than ctx.
func waitFor(ctx context.Context, wg *sync.WaitGroup, limit time.Duration) {
	_, _ = within(ctx, limit, func() (struct{}, error) { wg.Wait(); return struct{}{}, nil })
}
