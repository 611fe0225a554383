package monitor

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
)

// The folders of recipes tell who holds, who waits and who is present.
func TestMeanings(t *testing.T) {
	id := func(n int) string { return fmt.Sprintf("%032x", n) }
	for name, c := range map[string]struct {
		data    string
		kinds   []string // kinds of the children, in the order of their sequence numbers
		recipe  string
		summary string // the beginning of the summary
		notes   string
	}{
		"lock":       {"", []string{"lock", "lock", "lock"}, "lock", "held by session 0x", "holds; waits, 1st; waits, 2nd"},
		"election":   {"", []string{"candidate", "candidate"}, "election", "led by session 0x", "leads; waits, 1st"},
		"semaphore":  {"2", []string{"lease", "lease", "lease"}, "semaphore", "2 of 2 leases are held, 1 wait", "holds; holds; waits, 1st"},
		"readers":    {"", []string{"read", "read", "write", "read"}, "rwlock", "held for reading by 2, 2 wait", "holds, reads; holds, reads; waits, 1st; waits, 2nd"},
		"writer":     {"", []string{"write", "read"}, "rwlock", "held for writing by session 0x", "holds, writes; waits, 1st"},
		"membership": {"", []string{"member", "member"}, "membership", "2 × member", "member; member"},
		"queue":      {"", []string{"item", "item"}, "queue", "2 × item", "item; item"},
		"priorities": {"", []string{"item-9", "item-4"}, "priority-queue", "2 × item", "priority 4; priority 9"},
		"delays":     {"", []string{"due-1000"}, "delay-queue", "1 × item", "due " + time.UnixMilli(1000).Format(time.TimeOnly)},
		"inside":     {"", []string{"member"}, "double-barrier", "1 × member", "member"},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(l *lab) {
				l.create("/r", c.data)
				f := l.follow(Config{})
				l.shown(f)
				f.Choose("/r")
				f.Open("/r")
				for i, kind := range c.kinds {
					_, _, err := l.c.Create(l.ctx, "/r/"+id(len(c.kinds)-i)+"-"+kind+"-", nil, nil, wire.EphemeralSequential, 0)
					l.ok(err)
				}
				l.create("/r/somebody-elses", "")
				if c.recipe == "double-barrier" {
					l.create("/r/ready", "")
				}
				l.shown(f)
				time.Sleep(time.Second)
				m := f.View(Window{N: 100}).Meaning
				if m == nil || m.Recipe != c.recipe || !strings.HasPrefix(m.Summary, c.summary) {
					t.Fatalf("%+v", m)
				}
				var notes []string
				for _, m := range m.Members {
					if m.Owner != l.c.Session().ID || m.Since.IsZero() {
						t.Errorf("%+v", m)
					}
					notes = append(notes, m.Note)
				}
				if got := strings.Join(notes, "; "); got != c.notes {
					t.Error(got)
				}
			})
		})
	}
}

// A selected folder is listed for its meaning although it is not open, and forgotten afterwards.
func TestChosenIsListed(t *testing.T) {
	virtually(t, func(l *lab) {
		l.create("/r", "")
		name := "/r/0123456789abcdef0123456789abcdef-lock-"
		_, _, err := l.c.Create(l.ctx, name, nil, nil, wire.EphemeralSequential, 0)
		l.ok(err)
		f := l.follow(Config{})
		f.Choose("/r")
		l.shown(f)
		l.shown(f)
		v := f.View(Window{N: 100})
		if v.Meaning == nil || v.Counts.Znodes != 4 || v.Total != 3 {
			t.Errorf("%+v %+v %d", v.Meaning, v.Counts, v.Total)
		}
		l.ok(l.c.Delete(l.ctx, name+"0000000000", -1))
		l.shown(f)
		if m := f.View(Window{}).Meaning; m != nil {
			t.Error(m)
		}
		f.Choose("/")
		if n := f.View(Window{}).Counts.Znodes; n != 3 {
			t.Error(n)
		}
	})
}
