package recipes

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/client"
)

// TestFiredBeforeItsChannelIsClosed looks at a watch at that moment, twice, and waits for
// one.
func TestFiredBeforeItsChannelIsClosed(t *testing.T) {
	fires := func() <-chan zk.Event {
		ch := make(chan zk.Event, 1)
		ch <- zk.Event{}
		go func() {
			time.Sleep(time.Nanosecond)
			close(ch)
		}()
		return ch
	}
	synctest.Test(t, func(t *testing.T) {
		ch := fires()
		for range 2 {
			if !client.Fired(ch) {
				t.Error("a watch that has fired looks as if it had not")
			}
		}
		_, cl := newTree().connect(t, fakeTimeout)
		z, err := cl.client.Begin(t.Context())
		must(t, err)
		ch = fires()
		must(t, cl.client.Wait(t.Context(), z, cl.client.NextEvent(), ch))
		if !client.Fired(ch) {
			t.Error("a watch that was waited for looks as if it had not fired")
		}
	})
}
