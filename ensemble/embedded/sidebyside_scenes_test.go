package embedded_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// If a leader is silent for less than the limit, writes and new sessions wait for it, while followers
// continue to serve reads.
func sceneBriefPause(s *stand) {
	old, others := s.healthy()
	mine, theirs := s.open(s.way(old, long)), s.open(s.way(others[0], long))
	s.create(theirs, "/brief", wire.Persistent)
	s.pause(old)
	begin := time.Now()
	s.send(theirs, wire.GetData, reads("/brief"))
	s.see("a read on a follower: %s", s.rest(theirs, silence/3))
	s.send(mine, wire.GetData, reads("/brief"))
	s.send(theirs, wire.SetData, sets("/brief", "x"))
	s.see("a write on a follower: %s", s.rest(theirs, silence/3))
	_, err := s.connect(s.way(others[1], long), silence/3)
	s.see("a new session on a follower: %s", outcome(err))
	s.see("the leader says: %s", s.srvr(old))
	s.resume(old)
	if took := time.Since(begin); took > 1900*time.Millisecond {
		s.Fatalf("this machine is too slow: a brief pause took %v", took)
	}
	s.see("then the leader's client gets: %s", s.rest(mine, 2*silence))
	s.see("and the follower's: %s", s.rest(theirs, 2*silence))
	now, _ := s.healthy()
	s.see("the leader is the same: %v", now == old)
	s.see("a new session: %s", outcome(second(s.connect(s.way(old, long), soon))))
}

func second[T any](_ T, err error) error { return err }

// A leader that is silent for longer is replaced. When it resumes, it leads nobody for half a second:
// it answers reads from its old state and accepts sessions that it knows, which are elsewhere by now;
// and then it closes all connections.
//
// A Java server sometimes (once in 14 times) notices that its followers have left before its first
// check of them, and closes all connections at once.
func sceneLongPause(s *stand) {
	old, others := s.healthy()
	keeper, watcher := s.open(s.way(others[0], long)), s.open(s.way(others[1], long))
	s.create(keeper, "/mine", wire.Ephemeral)
	s.create(keeper, "/long", wire.Persistent)
	s.do(keeper, wire.SetData, sets("/long", "old"))
	s.get(watcher, "/long")
	s.do(watcher, wire.GetData, &wire.ReadRequest{Path: "/long", Watch: true})
	reader, writer, idle := s.open(s.way(old, long)), s.open(s.way(old, long)), s.open(s.way(old, long))
	moving, dying := s.open(s.way(old, long)), s.open(s.way(old, time.Second))

	s.pause(old)
	begin := time.Now()
	s.send(reader, wire.GetData, reads("/long"))
	s.send(writer, wire.SetData, sets("/long", "never"))
	s.see("the paused leader says: %s", s.srvr(old))
	s.see("a new session there: %s", outcome(second(s.connect(s.way(old, long), silence))))
	s.send(keeper, wire.SetData, sets("/long", "under way"))
	s.see("a write under way on a follower: %s", s.rest(keeper, soon))
	s.broadly("a follower gives the leader up", time.Since(begin), time.Second, 10*time.Second)
	s.see("the other follower's client: %s", s.rest(watcher, soon))

	back := s.open(s.again(others[0], keeper))
	s.broadly("outage", time.Since(begin), time.Second, 15*time.Second)
	s.see("session resumed: %v, for %v", back.Session().ID == keeper.Session().ID, back.Session().Timeout)
	s.see("its ephemeral is there: %v", s.here(back, "/mine"))
	s.do(back, wire.SetData, sets("/long", "new"))
	s.rewatch(watcher, others[1], "/long")
	moved := s.open(s.again(others[1], moving))
	time.Sleep(3 * time.Second) // the short session has expired on the new leader as well

	unknown := s.way(old, long)
	unknown.Session = moving.Session()
	unknown.Session.ID += 1000
	ahead := s.way(old, long)
	ahead.LastZxid = 1 << 60
	waiting := s.attempts(map[string]zkclient.Config{
		"a new session":            s.way(old, long),
		"one that moved away":      s.again(old, moving),
		"an unknown one":           unknown,
		"a client from the future": ahead,
	})
	s.resume(old)
	begin = time.Now()
	s.see("as it goes on it says: %s", s.srvr(old))
	dying.Send(s.Context(), wire.GetData, reads("/long")) // the session may have ended already
	answer := s.rest(reader, soon)
	s.see("a read that waited: %s", answer)
	if answer == "ended" {
		waiting()
		return
	}
	s.broadly("it leads nobody", time.Since(begin), 50*time.Millisecond, 5*time.Second)
	s.see("a write that waited: %s", s.rest(writer, soon))
	s.see("who asked nothing: %s", s.rest(idle, soon))
	s.see("a read of a session that is overdue: %s", s.rest(dying, soon))
	for _, w := range waiting() {
		s.see("who wanted to connect: %s", w)
	}
	reader = s.open(s.again(old, reader))
	s.see("later it has: %q", s.get(reader, "/long"))
	s.see("the session that moved: %q", s.get(moved, "/long"))
	s.see("the short session: %s", outcome(second(s.connect(s.again(old, dying), soon))))
}

// rewatch resumes a session and sets its watch on a znode's data again.
func (s *stand) rewatch(c *zkclient.Conn, server int, path string) {
	s.Helper()
	back := s.open(s.again(server, c))
	s.do(back, wire.Sync, &wire.PathRequest{Path: "/"})
	s.send(back, wire.SetWatches, &wire.SetWatchesRequest{RelativeZxid: c.LastZxid(), Data: []string{path}})
	s.see("its watch, set again: %s", s.rest(back, silence))
}

// attempts begins to connect in all given ways. The function that it returns waits for the outcomes,
// and for the ends of the connections that were established.
func (s *stand) attempts(ways map[string]zkclient.Config) func() []string {
	var all sync.WaitGroup
	var mu sync.Mutex
	came := map[string]string{}
	for name, cfg := range ways {
		all.Go(func() {
			c, err := s.connect(cfg, soon)
			what := outcome(err)
			if err == nil {
				what += ", " + s.rest(c, soon)
			}
			mu.Lock()
			defer mu.Unlock()
			came[name] = what
		})
	}
	time.Sleep(100 * time.Millisecond) // all connect requests are sent
	return func() (said []string) {
		all.Wait()
		for _, name := range slices.Sorted(maps.Keys(came)) {
			said = append(said, name+": "+came[name])
		}
		return said
	}
}

// A leader that resumes after a pause first finds that sessions are overdue, whatever it then hears
// from them.
func sceneOverdue(s *stand) {
	leader, others := s.healthy()
	far := s.way(others[0], time.Second)
	far.PingEvery = 100 * time.Millisecond
	near, away := s.open(s.way(leader, time.Second)), s.open(far)
	s.pause(leader)
	begin := time.Now()
	time.Sleep(1500 * time.Millisecond)
	s.send(near, wire.Ping, nil)
	s.resume(leader)
	if took := time.Since(begin); took > 1900*time.Millisecond {
		s.Fatalf("this machine is too slow: a brief pause took %v", took)
	}
	s.see("on the leader: %s", s.end(near))
	s.see("on the follower: %s", s.end(away))
	s.see("resumed: %s", outcome(second(s.connect(s.again(leader, near), soon))))
}

// A follower that was paused for long closes its connections when it resumes, and then gets what it
// missed.
func sceneFollowerPaused(s *stand) {
	leader, others := s.healthy()
	victim, other := others[0], others[1]
	writer, idle, watcher, dying := s.open(s.way(victim, long)), s.open(s.way(victim, long)), s.open(s.way(victim, long)), s.open(s.way(victim, time.Second))
	counterexample := s.open(s.way(other, long))
	s.create(writer, "/asleep", wire.Persistent)
	s.create(writer, "/sleeper", wire.Ephemeral)
	s.do(watcher, wire.GetData, &wire.ReadRequest{Path: "/asleep", Watch: true})
	s.pause(victim)
	s.send(writer, wire.SetData, sets("/asleep", "never"))
	s.do(counterexample, wire.SetData, sets("/asleep", "meanwhile"))
	time.Sleep(4 * time.Second)
	s.do(counterexample, wire.SetData, sets("/asleep", "later"))
	s.see("the paused follower says: %s", s.srvr(victim))
	waiting := s.attempts(map[string]zkclient.Config{
		"a new session": s.way(victim, long),
		"an old one":    s.again(victim, idle),
	})
	s.resume(victim)
	s.see("a write that waited: %s", s.rest(writer, soon))
	s.see("who asked nothing: %s", s.rest(idle, soon))
	s.see("who had a watch: %s", s.end(watcher)) // often after the event
	for _, w := range waiting() {
		s.see("who wanted to connect: %s", w)
	}
	back := s.open(s.again(victim, writer))
	s.see("session resumed: %v; it reads %q", back.Session().ID == writer.Session().ID, s.get(back, "/asleep"))
	s.see("its ephemeral is there: %v", s.here(back, "/sleeper"))
	s.rewatch(watcher, victim, "/asleep")
	s.see("the short session: %s", outcome(second(s.connect(s.again(victim, dying), soon))))
	now, _ := s.healthy()
	s.see("the leader is the same: %v", now == leader)
}

// When the leader is killed, the followers close their connections at once and elect a new leader. The
// sessions live on, and their timeouts begin again. When one more server is killed, the last one serves
// nobody until there is a majority again.
func sceneLeaderKilled(s *stand) {
	old, others := s.healthy()
	stays, goes := others[0], others[1]
	mine, theirs, watcher := s.open(s.way(old, long)), s.open(s.way(stays, long)), s.open(s.way(goes, long))
	dying := s.open(s.way(stays, 3*time.Second))
	s.create(mine, "/orphan", wire.Ephemeral)
	s.create(mine, "/killed", wire.Persistent)
	s.create(dying, "/dying", wire.Ephemeral)
	s.get(watcher, "/killed")
	s.do(watcher, wire.GetData, &wire.ReadRequest{Path: "/killed", Watch: true})
	library := s.library()
	time.Sleep(2 * time.Second)
	s.kill(old)
	s.see("its client: %s", s.rest(mine, soon))
	s.see("the followers': %s, %s", s.end(theirs), s.end(watcher))
	s.see("it says: %s", s.srvr(old))
	back := s.open(s.again(stays, mine))
	elected := time.Now()
	s.see("session resumed: %v, with its ephemeral: %v", back.Session().ID == mine.Session().ID, s.here(back, "/orphan"))
	s.do(back, wire.SetData, sets("/killed", "new"))
	s.rewatch(watcher, goes, "/killed")
	s.see("through go-zookeeper: %s", library(func() { s.create(back, "/library", wire.Persistent) }))
	s.do(back, wire.Exists, &wire.ReadRequest{Path: "/dying", Watch: true})
	s.see("a session that nobody resumes: %s", s.event(back))
	s.broadly("it lived after the election", time.Since(elected), 2*time.Second, 10*time.Second)

	s.kill(goes)
	s.see("the client of the one that is left: %s", s.rest(back, soon))
	s.until("the last one knows that it is alone", func() bool { return s.srvr(stays) == "not serving" })
	s.see("a session: %s, a new one: %s",
		outcome(second(s.connect(s.again(stays, back), soon))), outcome(second(s.connect(s.way(stays, long), soon))))
	s.start(old, goes)
	again := s.open(s.again(old, back))
	s.see("the first one has %q, and the ephemeral: %v", s.get(again, "/killed"), s.here(again, "/orphan"))
}

// library opens a session of go-zookeeper, on any server, that waits for a znode. The function that it
// returns creates that znode, and returns what became of the session.
func (s *stand) library() func(fire func()) string {
	var addrs []string
	for _, server := range s.Servers() {
		addrs = append(addrs, server.Addr())
	}
	var expired atomic.Bool
	conn, events, err := zk.Connect(addrs, 10*time.Second, zk.WithDialer(s.Dial), zk.WithLogInfo(false),
		zk.WithEventCallback(func(e zk.Event) {
			if e.State == zk.StateExpired {
				expired.Store(true)
			}
		}))
	s.ok(err)
	s.Cleanup(func() {
		conn.Close()
		for range events { //nolint:revive // closed when the client's goroutines have ended
		}
	})
	_, err = conn.Create("/lent", nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll))
	s.ok(err)
	_, _, watch, err := conn.ExistsW("/library")
	s.ok(err)
	session := conn.SessionID()
	return func(fire func()) string {
		fire()
		var event zk.EventType
		select {
		case e := <-watch:
			event = e.Type
		case <-time.After(soon):
		}
		there, _, err := conn.Exists("/lent")
		return fmt.Sprint("event ", event, ", the same session: ", conn.SessionID() == session && !expired.Load(),
			", with its ephemeral: ", there, " ", err)
	}
}

// end returns how a connection ends, whatever comes before.
func (s *stand) end(c *zkclient.Conn) string {
	said := strings.Split(s.rest(c, soon), ", ")
	return said[len(said)-1]
}

// event waits for a watch event.
func (s *stand) event(c *zkclient.Conn) string {
	ctx, cancel := context.WithTimeout(s.Context(), soon)
	defer cancel()
	f, err := c.Next(ctx)
	if err != nil || f.Event == nil {
		return "none: " + outcome(err)
	}
	return f.Event.Path
}

// A session moves away from a killed follower, with its ephemerals. After the others were killed as
// well and all are started, everything acknowledged is there again, including the sessions, whose
// timeouts begin again.
func sceneAllKilled(s *stand) {
	leader, others := s.healthy()
	first, last := others[0], others[1]
	c, dying := s.open(s.way(first, long)), s.open(s.way(last, 2*time.Second))
	s.create(c, "/survivor", wire.Ephemeral)
	s.create(c, "/kept", wire.Persistent)
	s.kill(first)
	s.see("a client of the first: %s", s.rest(c, soon))
	moved := s.open(s.again(leader, c))
	s.see("on the leader its ephemeral is there: %v", s.here(moved, "/survivor"))
	s.do(moved, wire.SetData, sets("/kept", "acknowledged"))
	s.create(dying, "/forgotten", wire.Ephemeral)
	s.kill(leader, last)
	s.see("a client of the leader: %s", s.rest(moved, soon))
	time.Sleep(2 * time.Second)
	s.start(first, leader, last)
	back := s.open(s.again(first, moved))
	elected := time.Now()
	s.see("resumed: %v, its ephemeral: %v, another's: %v", back.Session().ID == c.Session().ID, s.here(back, "/survivor"), s.here(back, "/forgotten"))
	s.see("the first one has %q", s.get(back, "/kept"))
	s.do(back, wire.Exists, &wire.ReadRequest{Path: "/forgotten", Watch: true})
	s.see("a session that nobody resumes: %s", s.event(back))
	s.broadly("it lived after the start", time.Since(elected), time.Second, 8*time.Second)
}

// Credentials are answered at once, but do not keep a session alive: a client that sends nothing else
// loses its session, and with it the connection. So a client that for ever retries SASL, which the
// server declines, notices it.
func sceneCredentialsAlone(s *stand) {
	leader, others := s.healthy()
	const timeout = 4 * time.Second
	for _, server := range []struct {
		role string
		id   int
	}{{"leader", leader}, {"follower", others[0]}} {
		for _, credentials := range []struct {
			op  wire.Op
			req any
		}{
			{wire.Auth, &wire.AuthRequest{Scheme: "digest", Auth: []byte("ann:secret")}},
			{wire.SASL, &wire.SASLRequest{Token: []byte{}}},
		} {
			c := s.open(s.way(server.id, timeout))
			begin := time.Now()
			answered := map[string]bool{}
			var err error
			for err == nil && time.Since(begin) < soon {
				time.Sleep(200 * time.Millisecond)
				var r zkclient.Reply
				if r, err = c.Do(s.Context(), credentials.op, credentials.req); err == nil {
					answered[r.Header.Err.Error()] = true
				}
			}
			s.see("%v to the %s: answered with %v, then %s", credentials.op, server.role, slices.Sorted(maps.Keys(answered)), outcome(err))
			s.broadly("it lived", time.Since(begin), timeout/2, 2*timeout)
			s.see("its session: %s", outcome(second(s.connect(s.again(server.id, c), soon))))
		}
	}
}
