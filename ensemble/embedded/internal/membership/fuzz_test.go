package membership

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/testkit/allocs"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Any client may send a description of servers: an accepted one is written in a form that is read back
// the same, since it becomes the content of /zookeeper/config.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		three, "server.2=h:1:2;5\n,server.3=h:3:4:observer;5\n", "server.1=[::1]:1:2;[::]:3", "server.4=h:1:1;6", "server.4=[::1:1:2;6",
		"server.1=[]:1:2;3", "server.1=[[a]:1:2;3", "server.1=[ a]:1:2;3", "server.1=[\u00a0a]:1:2;3", "version=ffffffffffffffff", "server.-1=h:1:2:OBSERVER;a;b:1",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var m Members
		var version int64
		var err error
		allocs.Within(t, len(text), 500, func() { m, version, err = Parse(text) })
		if err != nil {
			if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrNumber) || strings.Contains(err.Error(), "\n") {
				t.Error(err)
			}
			return
		}
		again, v, err := Parse(m.Text(version))
		if err != nil || v != version || !cmp.Equal(m, again) {
			t.Errorf("%q is %+v, and written as %q is %+v: %v", text, m, m.Text(version), again, err)
		}
	})
}

// A change never results in a configuration that cannot be read back.
func FuzzChange(f *testing.F) {
	f.Add("server.4=127.0.0.1:4000:4001;4002", "2,3", "", int64(-1))
	f.Add("", "", "server.2=h:1:2;5\n,server.3=h:3:4:observer;5\n", int64(-1))
	f.Add("server.1=[]:1:2;3", "two", "", int64(0))
	f.Fuzz(func(t *testing.T, joining, leaving, members string, from int64) {
		r := wire.ReconfigRequest{Joining: joining, Leaving: leaving, FromConfig: from}
		if members != "" {
			r.NewMembers = []byte(members)
		}
		next, code := Change(three, &r, 0x20000000b, func(int64) bool { return true })
		if code != wire.OK {
			return
		}
		if m, version, err := Parse(next); err != nil || version != 0x20000000b || len(m.Voters()) == 0 {
			t.Errorf("%+v makes %q: %v", r, next, err)
		}
	})
}
