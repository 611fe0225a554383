package promises_test

import (
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/promises"
	"github.com/zklab/zklab/history"
)

// TestNamesOfAParentMadeAnew numbers children up to 5, deletes their parent, creates it
// again, and begins at 0 again. If the record does not show the new parent (the answer
// to the create was lost, or the servers themselves deleted an empty container), a
// number that falls proves nothing. Within the life of one parent it does.
func TestNamesOfAParentMadeAnew(t *testing.T) {
	for name, c := range map[string]struct {
		parent  string // the request that created it
		deleted bool
		remade  string // "": it is not created again; "lost": created again without an answer; otherwise the request
		broken  bool
	}{
		"the same parent":            {parent: "create", broken: true},
		"the same, of a container":   {parent: "createContainer"},
		"made anew":                  {parent: "create", deleted: true, remade: "create"},
		"made anew, the answer lost": {parent: "create", deleted: true, remade: "lost"},
	} {
		t.Run(name, func(t *testing.T) {
			run := promises.Run{Final: time.Hour, Decode: func(e *history.Event, v any) {
				if err := e.Decode(v); err != nil {
					t.Error(err)
				}
			}}
			xid := int32(0)
			add := func(f string, zxid history.ID, v any) {
				run.Events = append(run.Events, history.Event{
					Index: len(run.Events), Time: time.Duration(len(run.Events)) * time.Millisecond, Process: history.SessionProcess,
					Type: history.Info, F: f, Session: 7, Zxid: zxid, Value: history.Value(v),
				})
			}
			ask := func(q history.Request, path string, lost bool) {
				xid++
				q.Xid = xid
				add(history.FRequest, 0, q)
				if !lost {
					add(history.FReply, 1<<32+history.ID(xid), history.Reply{Xid: xid, Path: path})
				}
			}
			add(history.FConnected, 0, history.Connected{Timeout: 4 * time.Second})
			ask(history.Request{Op: c.parent, Path: "/d"}, "/d", false)
			child := func(made string) {
				ask(history.Request{Op: "create", Path: "/d/n-", Sequential: true}, made, false)
				ask(history.Request{Op: "delete", Path: made}, "", false)
			}
			child("/d/n-0000000004")
			child("/d/n-0000000005")
			if c.deleted {
				ask(history.Request{Op: "delete", Path: "/d"}, "", false)
			}
			switch c.remade {
			case "":
			case "lost":
				ask(history.Request{Op: "create", Path: "/d"}, "", true)
				add(history.FDisconnected, 0, nil)
				add(history.FConnected, 0, history.Connected{Timeout: 4 * time.Second})
			default:
				ask(history.Request{Op: c.remade, Path: "/d"}, "/d", false)
			}
			child("/d/n-0000000000")
			r := promises.Check(t.Context(), run)
			if f := r[promises.Names]; (f.Text != "") != c.broken {
				t.Errorf("broken: %q", f.Text)
			}
			for _, other := range broken(r) {
				if other != promises.Names {
					t.Errorf("%s: %s", other, r[other].Text)
				}
			}
		})
	}
}
