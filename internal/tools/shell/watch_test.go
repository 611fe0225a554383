package shell

import (
	"sync"
	"testing"
	"time"
)

// Events left over by a watch in a script do not appear in the next watch.
func TestWatchesOfAScriptEndWithTheirCommand(t *testing.T) {
	virtually(t, func(b *bench) {
		b.script("create /a; create /b")
		other := b.client()
		var busy sync.WaitGroup
		defer busy.Wait()
		set := func(paths ...string) {
			busy.Go(func() {
				time.Sleep(time.Second)
				for _, path := range paths {
					if _, err := other.Set(b.ctx, path, []byte("x"), -1); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for _, watch := range []string{"watch -p -n 1 /a", "watch -r -n 1 /a", "watch /a"} {
			set("/a", "/a")
			b.script(watch + "\n> nodeDataChanged /a")
			set("/a", "/b")
			b.script("watch /b\n> \\AnodeDataChanged /b zxid 0x[0-9a-f]+\\n\\z")
			time.Sleep(time.Second)
			b.script("unwatch /a\n1 no such watch")
			b.script("unwatch /b\n1 no such watch")
		}
		// A watch that is set again reports what happens from then on.
		set("/a", "/a", "/a")
		b.script("watch -p -n 1 /a\n> nodeDataChanged")
		time.Sleep(time.Second)
		busy.Go(func() {
			time.Sleep(time.Second)
			if err := other.Delete(b.ctx, "/a", -1); err != nil {
				t.Error(err)
			}
		})
		b.script("watch -p -n 1 /a\n> nodeDeleted /a")
	})
}
