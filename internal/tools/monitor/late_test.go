package monitor

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// late is a session whose replies take effect a while after they came: between a reply and its mark
// come events of later changes.
type late struct {
	session
	wait func()
}

func (s late) Exists(ctx context.Context, path string, watch bool) (wire.Stat, error) {
	defer s.wait()
	return s.session.Exists(ctx, path, watch)
}

func (s late) Get(ctx context.Context, path string, watch bool) ([]byte, wire.Stat, error) {
	defer s.wait()
	return s.session.Get(ctx, path, watch)
}

func (s late) Children(ctx context.Context, path string, watch bool) ([]string, wire.Stat, error) {
	defer s.wait()
	return s.session.Children(ctx, path, watch)
}

func connectLate(wait func()) connector {
	return func(ctx context.Context, cfg client.Config) (session, error) {
		s, err := connect(ctx, cfg)
		if err != nil {
			return nil, err
		}
		return late{s, wait}, nil
	}
}

// Nothing is lost when replies are late: what an event reported before a reply took effect is right,
// whether the reply contains it or not.
func TestNothingIsLostByLateReplies(t *testing.T) {
	for seed := range churns(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 2))
			waits := make(chan time.Duration, 1<<16)
			for range cap(waits) {
				waits <- time.Duration(r.IntN(200)) * time.Millisecond
			}
			wait := func() {
				select {
				case d := <-waits:
					time.Sleep(d)
				default:
				}
			}
			if wrong := churned(t, seed, connectLate(wait)); wrong != "" {
				t.Error(wrong)
			}
		})
	}
}

// A znode that is created and deleted after a folder's first list was read, but before that list takes
// effect, is shown as the events report it.
func TestFirstListIsLate(t *testing.T) {
	virtually(t, func(l *lab) {
		l.create("/goes", "")
		cfg := Config{Client: l.config(client.Config{})}
		f, err := follow(l.ctx, cfg, connectLate(func() { time.Sleep(500 * time.Millisecond) }))
		l.ok(err)
		defer f.Close()
		time.Sleep(100 * time.Millisecond) // the list has come, but not taken effect
		l.remove("/goes")
		l.create("/comes", "")
		if d := cmp.Diff([]string{"/", "/comes", "/zookeeper"}, l.shown(f)); d != "" {
			t.Error(d)
		}
	})
}

// A change that an event reported in a folder that was not loaded yet is not reported again as found
// when the connection is lost before the folder's list has come.
func TestToldIsNotFound(t *testing.T) {
	for name, more := range map[string]bool{"the last transaction": false, "one before it": true} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(l *lab) {
				l.create("/r", "")
				c := &churn{lab: l}
				cfg := Config{Root: "/r", All: true, Client: l.config(client.Config{Dial: c.dial})}
				f, err := follow(l.ctx, cfg, connectLate(func() { time.Sleep(500 * time.Millisecond) }))
				l.ok(err)
				defer f.Close()
				time.Sleep(5 * time.Second)
				c.refuse(true)
				c.cut()
				time.Sleep(time.Second)
				l.create("/r/a", "") // which only a list can tell
				c.refuse(false)
				for n := f.View(Window{}); !n.Conn.Connected; n = f.View(Window{}) {
					<-f.Changed()
				}
				time.Sleep(300 * time.Millisecond) // the list has not come
				l.create("/r/a/b", "")
				if more {
					l.set("/r", "")
				}
				time.Sleep(50 * time.Millisecond)
				c.cut()
				time.Sleep(10 * time.Second)
				told := l.told(f)
				slices.Sort(told)
				want := []string{"created /r/a", "created /r/a/b"}
				if more {
					want = append([]string{"changed /r"}, want...)
				}
				if d := cmp.Diff(want, told); d != "" {
					t.Error(d)
				}
			})
		})
	}
}

// A change of a znode while there was no connection is found, although the event of its creation was
// reported before its folder was loaded.
func TestChangedAfterTold(t *testing.T) {
	virtually(t, func(l *lab) {
		l.create("/r", "")
		c := &churn{lab: l}
		cfg := Config{Root: "/r", All: true, Client: l.config(client.Config{Dial: c.dial})}
		f, err := follow(l.ctx, cfg, connectLate(func() { time.Sleep(500 * time.Millisecond) }))
		l.ok(err)
		defer f.Close()
		outage := func(meanwhile func()) {
			c.refuse(true)
			c.cut()
			time.Sleep(time.Second)
			meanwhile()
			c.refuse(false)
			for n := f.View(Window{}); !n.Conn.Connected; n = f.View(Window{}) {
				<-f.Changed()
			}
		}
		time.Sleep(5 * time.Second)
		outage(func() { l.create("/r/a", "") }) // which only a list can tell
		time.Sleep(300 * time.Millisecond)      // the list has not come
		l.create("/r/a/b", "")
		l.set("/r", "")
		time.Sleep(50 * time.Millisecond)
		outage(func() { l.set("/r/a/b", "new") })
		time.Sleep(10 * time.Second)
		told := l.told(f)
		slices.Sort(told)
		if d := cmp.Diff([]string{"changed /r", "changed /r/a/b", "created /r/a", "created /r/a/b"}, told); d != "" {
			t.Error(d)
		}
	})
}

// A deletion tells the version of the deleted znode, or none if that was never read.
func TestDeletedVersion(t *testing.T) {
	virtually(t, func(l *lab) {
		l.create("/a", "1")
		_, _, err := l.c.Create(l.ctx, "/b", []byte("1"), nil, wire.Ephemeral, 0)
		l.ok(err)
		f := l.follow(Config{})
		l.shown(f)
		l.set("/a", "22")
		l.shown(f) // which has it read
		l.set("/b", "22")
		time.Sleep(time.Second)
		l.remove("/a")
		l.remove("/b")
		time.Sleep(time.Second)
		want := map[string]Change{
			"/a": {Version: 1, Bytes: 2},
			"/b": {Version: Unknown, Bytes: Unknown, Owner: l.c.Session().ID},
		}
		for _, c := range f.View(Window{}).Log {
			if c.Kind != Deleted {
				continue
			}
			if w := want[c.Path]; c.Version != w.Version || c.Bytes != w.Bytes || c.Owner != w.Owner {
				t.Error(c)
			}
			delete(want, c.Path)
		}
		if len(want) > 0 {
			t.Error("not told:", want)
		}
	})
}

// A stat that was read before a change is not taken for the present one.
func TestStatIsLate(t *testing.T) {
	virtually(t, func(l *lab) {
		l.create("/a", "")
		cfg := Config{Client: l.config(client.Config{})}
		f, err := follow(l.ctx, cfg, connectLate(func() { time.Sleep(500 * time.Millisecond) }))
		l.ok(err)
		defer f.Close()
		time.Sleep(5 * time.Second)
		l.set("/a", "1")
		l.shown(f) // which has it read
		time.Sleep(5 * time.Second)
		l.set("/a", "22")
		time.Sleep(50 * time.Millisecond)
		f.View(Window{N: 10})
		time.Sleep(200 * time.Millisecond) // the stat has come, but not taken effect
		l.set("/a", "333")
		for range 3 {
			l.shown(f)
		}
		if v := f.View(Window{N: 10}); v.Rows[1].Bytes != 3 || v.Rows[1].Version != 3 {
			t.Errorf("%+v", v.Rows[1])
		}
	})
}

// lateWatch is a session in which the follower learns only with the next connection that the watch is
// set.
type lateWatch struct {
	session
	meanwhile func()
}

func (s lateWatch) AddWatch(ctx context.Context, path string, kind client.Watch) error {
	defer s.meanwhile()
	return s.session.AddWatch(ctx, path, kind)
}

// What happens while there is no connection is not counted as reported if the connection on which the
// watch was set is lost at once.
func TestWatchIsSetLate(t *testing.T) {
	for name, again := range map[string]time.Duration{"before the next connection": 0, "after it": 2 * time.Second} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(l *lab) {
				c := &churn{lab: l}
				var zxid int64
				meanwhile := func() {
					c.refuse(true)
					c.cut()
					time.Sleep(500 * time.Millisecond)
					_, s, err := l.c.Create(l.ctx, "/x", nil, nil, wire.Persistent, 0)
					if err != nil {
						l.Error(err)
					}
					zxid = s.Czxid
					time.AfterFunc(100*time.Millisecond, func() { c.refuse(false) })
					time.Sleep(again)
				}
				cfg := Config{Client: l.config(client.Config{Dial: c.dial})}
				f, err := follow(l.ctx, cfg, func(ctx context.Context, cfg client.Config) (session, error) {
					s, err := connect(ctx, cfg)
					return lateWatch{s, meanwhile}, err
				})
				l.ok(err)
				defer f.Close()
				time.Sleep(5 * time.Second)
				if d := cmp.Diff([]string{"/", "/x", "/zookeeper"}, l.shown(f)); d != "" {
					t.Error(d)
				}
				connected := 0
				for _, change := range f.View(Window{}).Log {
					if change.Kind == Connected {
						connected++
						if change.Zxid < zxid {
							t.Errorf("%s, and of %x nothing was told", change, zxid)
						}
					}
				}
				if connected == 0 {
					t.Error("it is not connected")
				}
			})
		})
	}
}
