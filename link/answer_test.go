package link

import (
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/testkit/must"
)

// An answer stops if it shows a znode of the owners that are asked for. No other answer stops, neither
// one about other znodes nor one to another request.
func TestBreakAnswer(t *testing.T) {
	for of, want := range map[Owners]string{OwnSession: "mine", EarlierSession: "earlier"} {
		inLab(t, func(t *testing.T, x *lab) {
			before := x.open(x.servers, x.link.Dial) // another session of the link
			defer before.Close()
			others := x.open(x.servers, x.link.cfg.Dial) // a session of another client
			defer others.Close()
			for name, c := range map[string]*zk.Conn{"mine": x.conn, "earlier": before, "other": others} {
				must.Get(c.Create(x.root+"/"+name, []byte(name), zk.FlagEphemeral, zk.WorldACL(zk.PermAll)))(t)
			}
			x.sync()
			b := x.link.BreakAnswer(of)
			answered := make(chan string)
			asks := func(paths ...string) {
				for _, path := range paths {
					if _, _, err := x.conn.Get(path); err != nil {
						t.Error(err)
					}
					if _, _, _, err := x.conn.ExistsW(path); err != nil {
						t.Error(err)
					}
				}
				close(answered)
			}
			notWanted := map[string]string{"mine": "earlier", "earlier": "mine"}[want]
			go asks(x.root, x.root+"/other", x.root+"/"+notWanted, x.root+"/"+want)
			stopped := <-b.Reached()
			select {
			case <-answered:
				t.Error("the client has the answer that is stopped")
			case <-time.After(time.Second):
			}
			ok, stat, err := x.admin.Exists(x.root + "/" + want)
			if err != nil || !ok {
				t.Fatalf("%v, %v", ok, err)
			}
			if got, want := stopped.Answer(), (Answer{x.root + "/" + want, stat.EphemeralOwner, stat.Czxid}); got != want {
				t.Errorf("stopped %+v, want %+v", got, want)
			}
			stopped.Resume()
			<-answered
			b.Clear()
		})
	}
}

// A breakpoint at an answer that never comes is named until it is cleared.
func TestBreakAnswerIsNamed(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, _ *record) {
		b := l.BreakAnswer(EarlierSession)
		if err := l.Clean(); err == nil || err.Error() != "still in force on the link: breakpoint at an answer about a znode of an earlier session" {
			t.Error(err)
		}
		b.Clear()
		mustBeClean(t, l)
	})
}
