package monitor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// told lists the changes reported so far.
func (l *lab) told(f *Follower) (list []string) {
	time.Sleep(time.Second)
	for _, c := range f.View(Window{}).Log {
		if c.Kind.OfZnode() {
			list = append(list, string(c.Kind)+" "+c.Path)
		}
	}
	return list
}

// A folder whose list is larger than a reply may be is reported as too large; the connection stays.
func TestFolderTooLarge(t *testing.T) {
	virtually(t, func(l *lab) {
		l.create("/r", "")
		long := string(bytes.Repeat([]byte("x"), 10_000))
		for i := range wire.MaxFrame/len(long) + 1 {
			l.create(fmt.Sprintf("/r/%d%s", i, long), "")
		}
		f := l.follow(Config{})
		l.shown(f)
		f.Open("/r")
		l.shown(f)
		v := f.View(Window{N: 10})
		if row := v.Rows[1]; row.Path != "/r" || !strings.Contains(row.Problem, wire.ErrFrameSize.Error()) || row.Loading || row.Children != int32(wire.MaxFrame/len(long)+1) {
			t.Errorf("%+v", row)
		}
		l.set("/r", "x")
		if d := cmp.Diff([]string{"changed /r"}, l.told(f)); d != "" {
			t.Error(d)
		}
		if n := count(f.View(Window{}).Log, func(c Change) bool { return c.Kind == Disconnected }); n > 0 {
			t.Error("the connection was lost")
		}
	})
}

// No more znodes are loaded than the limit allows, and the view tells which folder is not listed.
func TestMost(t *testing.T) {
	virtually(t, func(l *lab) {
		l.create("/r", "")
		for i := range 20 {
			l.create(fmt.Sprintf("/r/%d", i), "")
		}
		f := l.follow(Config{All: true, Most: 10})
		l.shown(f)
		v := f.View(Window{N: 10})
		if v.Counts.Znodes > 10 || !slices.ContainsFunc(v.Log, func(c Change) bool { return c.Kind == Unread && c.Path == "/r" && c.Reason != "" }) {
			t.Errorf("%+v %v", v.Counts, v.Log)
		}
	})
}

// A folder that grows beyond the limit is not listed any more, but events continue.
func TestMostIsReached(t *testing.T) {
	virtually(t, func(l *lab) {
		l.create("/r", "")
		f := l.follow(Config{All: true, Most: 20})
		l.shown(f)
		for i := range 30 {
			l.create(fmt.Sprintf("/r/%d", i), "")
		}
		told := l.told(f)
		v := f.View(Window{N: 10})
		if v.Counts.Znodes > 20 || !slices.ContainsFunc(v.Log, func(c Change) bool { return c.Kind == Unread && c.Path == "/r" && c.Reason != "" }) {
			t.Errorf("%+v %v", v.Counts, v.Log)
		}
		if len(told) != 30 {
			t.Errorf("%d events were told", len(told))
		}
	})
}

// A znode that changes all the time is read ten times a second, however often it is drawn.
func TestReadsAreBounded(t *testing.T) {
	virtually(t, func(l *lab) {
		l.create("/hot", "")
		f := l.follow(Config{})
		f.Choose("/hot")
		l.shown(f)
		before := f.View(Window{N: 10}).Counts.Reads
		begun := time.Now()
		for i := 0; time.Since(begun) < 10*time.Second; i++ {
			l.set("/hot", fmt.Sprint(i))
			f.View(Window{N: 10})
		}
		v := f.View(Window{N: 10})
		if reads := v.Counts.Reads - before; reads > 210 || reads < 100 {
			t.Errorf("%d reads in 10 s for %d changes", reads, v.Counts.Changes)
		}
		time.Sleep(time.Second)
		if v := f.View(Window{}); string(v.Chosen.Data) != fmt.Sprint(v.Counts.Changes-1) {
			t.Errorf("%s after %d changes", v.Chosen.Data, v.Counts.Changes)
		}
	})
}

// A reader that takes changes too slowly is told how many it missed.
func TestMissed(t *testing.T) {
	virtually(t, func(l *lab) {
		f := l.follow(Config{LogLines: 10})
		for i := range 25 {
			l.create(fmt.Sprintf("/%02d", i), "")
		}
		time.Sleep(time.Second)
		c, err := f.NextChange(l.ctx)
		l.ok(err)
		if c.Kind != Missed || c.Number != 16 { // 15, and that it was connected
			t.Errorf("%+v", c)
		}
		if c, err = f.NextChange(l.ctx); err != nil || c.Path != "/15" {
			t.Error(c, err)
		}
		ctx, cancel := context.WithCancelCause(l.ctx)
		cancel(errors.New("enough"))
		for err == nil {
			_, err = f.NextChange(ctx)
		}
	})
}

// A deleted znode is shown for a while, and then no longer; what matches a filter is shown in its
// folders.
func TestRows(t *testing.T) {
	virtually(t, func(l *lab) {
		for _, path := range []string{"/a", "/a/x", "/b", "/b/y", "/c"} {
			l.create(path, "")
		}
		f := l.follow(Config{})
		l.shown(f)
		f.Open("/a")
		f.Open("/b")
		l.shown(f)
		l.remove("/b/y")
		l.create("/b/z", "")
		time.Sleep(100 * time.Millisecond)
		rows := func(w Window) (list []string) {
			for _, r := range f.View(w).Rows {
				list = append(list, strings.TrimSuffix(r.Path+" "+string(r.Mark), " "))
			}
			return list
		}
		if d := cmp.Diff([]string{"/", "/a", "/a/x", "/b", "/b/y deleted", "/b/z created", "/c", "/zookeeper"}, rows(Window{N: 20})); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{"/", "/b", "/b/z created"}, rows(Window{N: 20, Filter: "z"})[:3]); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{"/", "/a", "/a/x"}, rows(Window{N: 20, Filter: "/a/"})); d != "" {
			t.Error(d)
		}
		if v := f.View(Window{N: 2, Keep: "/c"}); v.First != 5 || v.Kept != 6 || v.Total != 8 {
			t.Errorf("%+v", v)
		}
		if v := f.View(Window{First: 100, N: 3}); v.First != 5 || len(v.Rows) != 3 {
			t.Errorf("%+v", v)
		}
		time.Sleep(deletedAge)
		if d := cmp.Diff([]string{"/b/z created"}, rows(Window{First: 4, N: 1})); d != "" {
			t.Error(d)
		}
		f.Shut("/b")
		l.create("/b/later", "")
		l.shown(f)
		time.Sleep(time.Second)
		if v := f.View(Window{N: 20}); v.Total != 6 || v.Rows[3].Below.IsZero() || v.Rows[3].Children != 2 {
			t.Errorf("%+v", v.Rows)
		}
		f.Open("/nothing")
		f.Shut("")
		f.Choose("no path")
	})
}

// old is a session with a server without persistent watches.
type old struct{ session }

func (old) AddWatch(context.Context, string, client.Watch) error { return wire.Unimplemented }

func connectOld(ctx context.Context, cfg client.Config) (session, error) {
	s, err := connect(ctx, cfg)
	return old{s}, err
}

// The root itself may be deleted and created again. On servers without persistent watches, the order of
// changes is not known.
func TestRootGoes(t *testing.T) {
	for name, connect := range map[string]connector{"3.6": connect, "before": connectOld} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(l *lab) {
				cfg := Config{Client: l.config(client.Config{Chroot: "/r"})}
				if _, err := follow(l.ctx, cfg, connect); !errors.Is(err, wire.NoNode) {
					t.Error(err)
				}
				l.create("/r", "")
				l.create("/r/a", "")
				f, err := follow(l.ctx, cfg, connect)
				l.ok(err)
				defer f.Close()
				l.shown(f)
				l.remove("/r/a")
				l.remove("/r")
				if got := l.shown(f); got != nil {
					t.Error(got)
				}
				l.create("/r", "")
				l.create("/r/b", "")
				if d := cmp.Diff([]string{"/", "/b"}, l.shown(f)); d != "" {
					t.Error(d)
				}
				want, got := []string{"deleted /a", "deleted /", "created /", "created /b"}, l.told(f)
				if name == "before" {
					slices.Sort(want)
					slices.Sort(got)
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Error(d)
				}
			})
		})
	}
}

// A server older than 3.6 is followed with one watch for each znode, and the view says so.
func TestOldServer(t *testing.T) {
	virtually(t, func(l *lab) {
		l.create("/a", "")
		l.create("/a/x", "")
		f, err := follow(l.ctx, Config{Client: l.config(client.Config{})}, connectOld)
		l.ok(err)
		defer f.Close()
		l.shown(f)
		f.Open("/a")
		l.shown(f)
		if n := count(f.View(Window{}).Log, func(c Change) bool { return c.Kind == Unwatched && c.Reason == ownWords && c.Server != "" }); n != 1 {
			t.Errorf("it is told %d times", n)
		}
		if how := f.View(Window{}).How; !strings.Contains(how, "older than 3.6") {
			t.Error(how)
		}
		l.create("/a/y", "")
		l.set("/a/x", "1")
		l.shown(f)
		l.set("/a/x", "2")
		l.remove("/a/y")
		l.create("/b", "")
		if d := cmp.Diff([]string{"/", "/a", "/a/x", "/b", "/zookeeper"}, l.shown(f)); d != "" {
			t.Error(d)
		}
		got := l.told(f)
		slices.Sort(got)
		if d := cmp.Diff([]string{"changed /a/x", "changed /a/x", "created /a/y", "created /b", "deleted /a/y"}, got); d != "" {
			t.Error(d)
		}
	})
}

// A selected znode that is deleted and created again is found, although a server older than 3.6 reports
// the creation only to a watch on the absent znode.
func TestChosenOfOldServerComesBack(t *testing.T) {
	virtually(t, func(l *lab) {
		l.create("/a", "1")
		f, err := follow(l.ctx, Config{Client: l.config(client.Config{})}, connectOld)
		l.ok(err)
		defer f.Close()
		f.Choose("/a")
		for _, data := range []string{"2", "3"} {
			l.shown(f)
			l.remove("/a")
			l.shown(f)
			if n := f.View(Window{}).Chosen; !n.Gone {
				t.Errorf("%+v", n)
			}
			l.create("/a", data)
			l.shown(f)
			if n := f.View(Window{}).Chosen; n.Gone || string(n.Data) != data {
				t.Errorf("%+v", n)
			}
		}
	})
}

// The servers are asked about their state and their connections.
func TestServersAndSessions(t *testing.T) {
	virtually(t, func(l *lab) {
		_, _, err := l.c.Create(l.ctx, "/mine", nil, nil, wire.Ephemeral, 0)
		l.ok(err)
		f := l.follow(Config{Queries: l.queries()})
		l.shown(f)
		time.Sleep(3 * time.Second)
		v := f.View(Window{N: 10})
		if v.Status.Health != "healthy" || v.StatusAt.IsZero() {
			t.Errorf("%+v", v.Status)
		}
		i := slices.IndexFunc(v.Sessions, func(s SessionInfo) bool { return s.ID == l.c.Session().ID })
		if i < 0 || v.Sessions[i].Znodes != 1 || v.Sessions[i].Server != l.c.Server() || v.Sessions[i].Client == "" {
			t.Errorf("%+v", v.Sessions)
		}
		if !slices.ContainsFunc(v.Sessions, func(s SessionInfo) bool { return s.Own && s.Znodes == 0 }) {
			t.Errorf("%+v", v.Sessions)
		}
	})
}

// A root that was absent when the connection was lost is found with its contents if it exists
// afterwards; if it is still absent, nothing waits for it.
func TestRootComesBackUnseen(t *testing.T) {
	virtually(t, func(l *lab) {
		l.create("/r", "")
		c := &churn{lab: l}
		f := l.follow(Config{Client: client.Config{Chroot: "/r", Dial: c.dial}})
		l.shown(f)
		l.remove("/r")
		l.shown(f)
		c.cut()
		time.Sleep(5 * time.Second)
		if v := f.View(Window{}); v.Conn.Comparing != 0 || v.Log[len(v.Log)-1].Kind != Compared {
			t.Errorf("%d to be compared, %v", v.Conn.Comparing, v.Log)
		}
		c.refuse(true)
		c.cut()
		time.Sleep(time.Second)
		l.create("/r", "")
		l.create("/r/b", "")
		c.refuse(false)
		time.Sleep(5 * time.Second)
		if d := cmp.Diff([]string{"/", "/b"}, l.shown(f)); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{"deleted /", "created /", "created /b"}, l.told(f)); d != "" {
			t.Error(d)
		}
		v := f.View(Window{})
		if last := v.Log[len(v.Log)-1]; v.Conn.Comparing != 0 || last.Kind != Compared || last.Number != 2 {
			t.Errorf("%d to be compared, %v", v.Conn.Comparing, v.Log)
		}
	})
}

// A follower of events alone reads nothing for them, and compares nothing below the root.
func TestEventsOnly(t *testing.T) {
	virtually(t, func(l *lab) {
		l.create("/a", "")
		c := &churn{lab: l}
		f := l.follow(Config{EventsOnly: true, Client: client.Config{Dial: c.dial}})
		l.shown(f)
		l.create("/b", "")
		l.shown(f)
		c.refuse(true)
		c.cut()
		time.Sleep(time.Second)
		l.create("/c", "")
		c.refuse(false)
		time.Sleep(5 * time.Second)
		if d := cmp.Diff([]string{"created /b"}, l.told(f)); d != "" {
			t.Error(d)
		}
		v := f.View(Window{N: 10})
		if last := v.Log[len(v.Log)-1]; last.Kind != Compared || v.Counts.Znodes != 1 || v.Counts.Reads > 5 {
			t.Errorf("%+v %v", v.Counts, v.Log)
		}
	})
}

// A closed folder shows that something happened below it even if it is selected and is therefore listed
// for its meaning.
func TestBelowTheChosenFolder(t *testing.T) {
	virtually(t, func(l *lab) {
		l.create("/a", "")
		l.create("/a/x", "")
		f := l.follow(Config{})
		l.shown(f)
		f.Choose("/a")
		l.shown(f)
		l.shown(f)
		if v := f.View(Window{N: 10}); v.Counts.Znodes != 4 || !v.Rows[1].Below.IsZero() {
			t.Fatalf("%+v %+v", v.Counts, v.Rows[1])
		}
		l.set("/a/x", "1")
		l.shown(f)
		if v := f.View(Window{N: 10}); v.Rows[1].Below.IsZero() {
			t.Errorf("%+v", v.Rows[1])
		}
	})
}
