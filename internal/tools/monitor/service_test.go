package monitor

import (
	"maps"
	"strings"
	"testing"
	"time"
)

// Instances of a service are shown by their addresses, whichever program registered them, and so is each
// change of an instance.
func TestMeaningOfServices(t *testing.T) {
	const (
		curator = "/s/0b5a4f1e-3c2d-4e5f-8a9b-0123456789ab"
		set     = "/s/member_0000000007"
		leaving = "/s/member_0000000008"
		strange = "/s/member_0000000009"
		large   = "/s/member_0000000010"
	)
	own := "/s/" + hexID(1) + "-member-0000000000"
	virtually(t, func(l *lab) {
		l.grow(map[string]string{
			"/s":    "",
			own:     `{"version":1,"registration":"` + hexID(2) + `","revision":0,"id":"a","address":"10.0.0.1:80"}`,
			curator: `{"name":"s","id":"0b5a4f1e-3c2d-4e5f-8a9b-0123456789ab","address":"10.0.0.2","port":80}`,
			set:     `{"serviceEndpoint":{"host":"10.0.0.3","port":80},"additionalEndpoints":{},"status":"ALIVE"}`,
			leaving: `{"serviceEndpoint":{"host":"10.0.0.4","port":80},"additionalEndpoints":{},"status":"STOPPING"}`,
			strange: "none", "/s/settings": "{}", large: `{"serviceEndpoint":{"host":"` + strings.Repeat("h", mostInstance) + `","port":80},"status":"ALIVE"}`,
		})
		f := l.follow(Config{})
		l.shown(f)
		f.Choose("/s")
		f.Open("/s")
		look := func() (string, View) {
			l.Helper()
			l.shown(f)
			f.View(Window{N: 100}) // makes the follower read the values
			time.Sleep(time.Second)
			v := f.View(Window{N: 100})
			if v.Meaning == nil {
				t.Fatal("it means nothing")
			}
			text := v.Meaning.Recipe + ": " + v.Meaning.Summary
			for _, m := range v.Meaning.Members {
				text += "; " + m.Note
				if m.Since.IsZero() {
					t.Errorf("%+v", m)
				}
			}
			return text, v
		}
		text, v := look()
		const rest = "10.0.0.2:80, curator; 10.0.0.3:80, serverset; 10.0.0.4:80, serverset, off: status STOPPING"
		if want := "service: 3 × instance, 1 off, 2 cannot be read; 10.0.0.1:80; " + rest; text != want {
			t.Errorf("%s, not %s", text, want)
		}
		notes := map[string]string{
			own[3:]: "10.0.0.1:80", curator[3:]: "10.0.0.2:80, curator", set[3:]: "10.0.0.3:80, serverset",
			leaving[3:]: "10.0.0.4:80, serverset, off: status STOPPING",
		}
		if got := noted(v, "/s"); !maps.Equal(got, notes) {
			t.Errorf("%q", got)
		}
		_, err := l.c.Set(l.ctx, set, []byte(`{"serviceEndpoint":{"host":"10.0.0.9","port":80},"additionalEndpoints":{},"status":"ALIVE"}`), -1)
		l.ok(err)
		l.ok(l.c.Delete(l.ctx, strange, -1))
		l.ok(l.c.Delete(l.ctx, large, -1))
		l.ok(l.c.Delete(l.ctx, own, -1))
		text, _ = look()
		if want := "service: 2 × instance, 1 off; 10.0.0.2:80, curator; 10.0.0.4:80, serverset, off: status STOPPING; 10.0.0.9:80, serverset"; text != want {
			t.Errorf("%s, not %s", text, want)
		}
	})
}

// Only znodes that can be instances by their names are read.
func TestServicesReadLittle(t *testing.T) {
	virtually(t, func(l *lab) {
		group := hexID(1) + "-member-0000000000"
		l.grow(map[string]string{"/r": "", "/r/settings": "{}", "/r/" + group: "no instance"})
		f := l.follow(Config{})
		l.shown(f)
		f.Choose("/r")
		l.shown(f)
		for range 2 { // the folder is listed, and then read
			f.View(Window{})
			time.Sleep(time.Second)
		}
		if m := f.View(Window{}).Meaning; m == nil || m.Recipe != "membership" {
			t.Errorf("%+v", m)
		}
		for name, read := range map[string]bool{"settings": false, group: true} {
			n, _ := f.tree.find("/r/" + name)
			if n == nil || (n.valueOf != 0) != read {
				t.Errorf("%s: %+v", name, n)
			}
		}
	})
}
